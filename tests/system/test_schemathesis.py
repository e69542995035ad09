"""Schemathesis on the running program, with all scopes: examples, coverage, fuzzing, stateful.

HOOKLINE_FUZZ_EXAMPLES asks for more examples of each operation than the few of every day.
"""

import os
import uuid
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
import schemathesis
from schemathesis.config import SchemathesisConfig
from schemathesis.engine import from_schema
from schemathesis.engine.events import NonFatalError, ScenarioFinished

from hookline.principal import Scope
from tests.system.carrier_bodies import pool_body, twilio_body
from tests.system.installation import Installation
from tests.system.recipes import PHONE, World, tomorrow
from tests.system.site import Site

EXAMPLES = int(os.environ.get("HOOKLINE_FUZZ_EXAMPLES", "5"))
OWN = ("delete_own_credential", "rotate_own_credential")
SOMEBODY = "+447700900199"
CALLS = ("get_call", "act_on_call", "hang_up_call")
GRACES = ("cancel_credential_rotation", "expire_old_token_now", "extend_credential_grace")
RECORDINGS = ("get_recording", "get_recording_audio")
MADE_MAX = 10
PHONES = (
    "list_virtual_phone_messages", "send_from_virtual_phone",
    "list_virtual_phone_calls", "call_from_virtual_phone",
)  # fmt: skip
CONVERSATIONS = ("get_conversation", "list_conversation_messages", "read_conversation")
OPT_OUTS = ("get_opt_out", "delete_opt_out")
RINGING = ("get_virtual_phone_call", "answer_virtual_phone_call", "decline_virtual_phone_call")
TALKING = ("act_on_virtual_phone_call", "hang_up_virtual_phone_call")
INVITATIONS = ("get_invitation", "resend_invitation", "revoke_invitation")
SESSIONS = ("end_user_session",)
LOOKS = {
    "get_audit_entry": World.entry, "get_request": World.request, "get_erasure": World.erasure,
    "get_pool": World.pool, "delete_pool": World.pool, "patch_pool": World.pool,
    "get_route": World.route, "delete_route": World.route, "patch_route": World.route,
}  # fmt: skip
ROUTES = ("create_route", "patch_route")
REPLAYS = {"get_replay": World.replay, "cancel_replay": World.long_replay}
CHECKS = {
    # What a schema cannot say is refused too: a cursor that nobody gave out, an opted-out number.
    "positive_data_acceptance": {"enabled": False},
    # A tracker of ids across operations that takes a soft delete, which stays listed, for a leak.
    "use_after_free": {"enabled": False},
}
Loaded = Any  # Any: schemathesis' own types are not typed strictly
Statuses = dict[str, set[int]]


class Guide:
    """Keeps the run from sawing off the branch that it sits on, and leads it to rare successes."""

    def __init__(self, site: Site) -> None:
        self._world: World = site.world
        self._token = site.token
        account = site.world.client
        mine = account.get("/v1/credentials/self").json()["id"]
        kept = ("/v1/users", "/v1/numbers", "/v1/carriers")
        self._kept = {mine} | {one["id"] for path in kept for one in _all_at(account, path)}
        self._calls = 0
        self._recording = site.world.recording()
        self._made: dict[str, int] = defaultdict(int)

    def token_for(self, operation_id: str) -> str:
        if operation_id not in OWN:
            return self._token
        scopes = [scope.value for scope in Scope]
        return str(self._world.credential(*scopes)["token"])

    def before_call(self, context: Loaded, case: Loaded, kwargs: dict[str, Any]) -> None:
        operation = case.operation.definition.raw["operationId"]
        places = case.path_parameters or {}
        if case.method not in {"GET", "HEAD"} and places.get("id") in self._kept:
            case.path_parameters = {**places, "id": "crd_00000000000000000000000000"}
        self._calls += 1
        if operation == "cancel_message" and self._calls % 2:
            case.path_parameters = {"id": self._world.message(send_at=tomorrow())}
        if operation == "update_user" and self._calls % 2:
            case.path_parameters = {"id": self._world.user()}
        if operation in PHONES and self._calls % 2:
            case.path_parameters = {"number": PHONE}
        if operation in GRACES and _is_sound(case) and self._may_make(operation):
            case.path_parameters = {"id": self._world.rotating()}
        self._lead_to_calls(operation, case)
        self._lead_to_people(operation, case)
        if operation in LOOKS and self._calls % 2:
            case.path_parameters = {"id": LOOKS[operation](self._world)}
        self._lead_to_replays(operation, case)
        self._lead_to_carriers(operation, case)
        if case.headers and "Idempotency-Key" in case.headers and self._calls % 4:
            case.headers["Idempotency-Key"] = uuid.uuid4().hex
        if isinstance(case.body, dict):
            self._stay_here(case.body)
            self._keep_sending(operation, case.body)
            if case.body.get("number") == PHONE and operation == "create_opt_out":
                case.body["number"] = SOMEBODY  # the other tests write to the phone

    def _lead_to_calls(self, operation: str, case: Loaded) -> None:
        """A live call is there for a moment only, and a recording takes a second to make."""
        if operation in CALLS and self._calls % 2 and self._may_make(operation):
            case.path_parameters = {"id": self._world.call()}
        if operation in RINGING + TALKING and self._calls % 2 and self._may_make(operation):
            made = self._world.talking() if operation in TALKING else self._world.ringing()
            case.path_parameters = dict(zip(("number", "id"), made, strict=True))
        if operation == "delete_recording" and self._may_make(operation):
            case.path_parameters = {"id": self._world.recording()}
        if operation in RECORDINGS and self._calls % 2:
            case.path_parameters = {"id": self._recording}

    def _lead_to_people(self, operation: str, case: Loaded) -> None:
        """Who has signed in or opted out, and what only the console can make."""
        if operation in OPT_OUTS and self._calls % 2 and self._may_make(operation):
            case.path_parameters = {"number": self._world.opt_out()}
        if operation in CONVERSATIONS and self._calls % 2:
            case.path_parameters = {"id": self._world.conversation()}
        if operation in INVITATIONS and self._calls % 2 and self._may_make(operation):
            case.path_parameters = {"id": self._world.invitation()}
        if operation in SESSIONS and self._calls % 2 and self._may_make(operation):
            made = self._world.session()
            case.path_parameters = dict(zip(("id", "session_id"), made, strict=True))
        if operation == "reset_user_second_factor" and self._may_make(operation):
            case.path_parameters = {"id": self._world.guarded_user()}

    def _lead_to_replays(self, operation: str, case: Loaded) -> None:
        """They are soon over."""
        if operation in REPLAYS and self._calls % 2 and self._may_make(operation):
            case.path_parameters = {"id": REPLAYS[operation](self._world)}

    def _lead_to_carriers(self, operation: str, case: Loaded) -> None:
        """Few kinds have requests to show, and their settings fit together."""
        if operation == "preview_new_carrier" and _is_sound(case) and self._calls % 2:
            case.body = twilio_body()
        if operation == "create_pool" and _is_sound(case) and self._may_make(operation):
            case.body = pool_body()  # its numbers are the account's own
        if operation == "preview_carrier" and _is_sound(case) and self._may_make(operation):
            case.path_parameters = {"id": self._world.twilio()}
        is_silent = not (isinstance(case.body, dict) and case.body.get("to"))
        if operation == "test_carrier" and is_silent and self._may_make(operation):
            case.path_parameters = {"id": self._world.carrier()}

    def _may_make(self, operation: str) -> bool:
        self._made[operation] += 1
        return self._made[operation] <= MADE_MAX

    def _keep_sending(self, operation: str, body: dict[str, Any]) -> None:
        """Other messages must go on as they do: no cap, and no route that is for them."""
        if operation == "update_sending_rules":
            body.pop("daily_message_cap", None)
            body.pop("duplicate_window_seconds", None)
        if operation in ROUTES and isinstance(body.get("match", {}), dict):
            body["match"] = {**body.get("match", {}), "tags": ["nobody's"]}

    def _stay_here(self, body: dict[str, Any]) -> None:
        """Nothing may leave this machine, whatever URL or host was thought of."""
        for name in ("url", "status_url", "answer_url"):
            given = body.get(name)
            if isinstance(given, str) and given.startswith("http"):
                body[name] = self._world.url
        connection = body.get("smpp")
        if isinstance(connection, dict) and isinstance(connection.get("host"), str):
            connection["host"] = "127.0.0.1" if connection["host"] else ""
        account = body.get("twilio")
        if isinstance(account, dict):
            account["base_url"] = self._world.url
        described = body.get("http")
        template = described.get("template") if isinstance(described, dict) else None
        request = template.get("request") if isinstance(template, dict) else None
        if isinstance(request, dict) and str(request.get("url")).startswith("http"):
            request["url"] = self._world.url


def _is_sound(case: Loaded) -> bool:
    """Whether it fits the schema: the few rare objects are not for bodies that are refused."""
    return case.meta is None or bool(case.meta.generation.mode.is_positive)


def _all_at(account: httpx.Client, path: str) -> Iterator[dict[str, Any]]:
    place: dict[str, str] = {}
    while True:
        page = account.get(path, params={"limit": "100", **place}).raise_for_status().json()
        yield from page["data"]
        if not page["has_more"]:
            return
        place = {"cursor": page["next_cursor"]}


@pytest.fixture
def guide(site: Site) -> Iterator[Guide]:
    guide = Guide(site)

    @schemathesis.hook
    def before_call(context: Loaded, case: Loaded, kwargs: dict[str, Any]) -> None:
        guide.before_call(context, case, kwargs)

    yield guide
    schemathesis.hooks.unregister_all()


def load(running: Installation, guide: Guide) -> Loaded:
    config = SchemathesisConfig.from_dict(
        {
            "checks": CHECKS,
            "generation": {"max-examples": EXAMPLES, "deterministic": EXAMPLES <= 5},
            "phases": {"stateful": {"generation": {"max-examples": EXAMPLES * 4}}},
            "request-timeout": 30,
        }
    )
    schema = schemathesis.openapi.from_url(f"{running.url}/openapi.json", config=config)
    wanted = schema.include(path_regex="^/v1/").exclude(operation_id="stream_events")

    @wanted.auth(refresh_interval=None)
    class Bearer:
        def get(self, case: Loaded, context: Loaded) -> str:
            return guide.token_for(case.operation.definition.raw["operationId"])

        def set(self, case: Loaded, data: str, context: Loaded) -> None:
            case.headers = {**(case.headers or {}), "Authorization": f"Bearer {data}"}

    return wanted


def test_schemathesis_finds_nothing(running: Installation, guide: Guide) -> None:
    schema = load(running, guide)
    statuses: Statuses = defaultdict(set)
    failures: dict[str, str] = {}
    for event in from_schema(schema).execute():
        if isinstance(event, NonFatalError):
            failures[f"{event.label}: {event.value}"] = event.info.format()
        elif isinstance(event, ScenarioFinished):
            _collect(event, statuses, failures)
    assert not failures, "\n\n".join(failures.values())
    expected = {operation.ok().definition.raw["operationId"] for operation in _operations(schema)}
    reached = {name for name, seen in statuses.items() if any(200 <= one < 300 for one in seen)}
    assert reached == expected, f"never succeeded: {sorted(expected - reached)}"


def _operations(schema: Loaded) -> Iterator[Loaded]:
    return iter(schema.get_all_operations())


def _collect(event: ScenarioFinished, statuses: Statuses, failures: dict[str, str]) -> None:
    recorder = event.recorder
    for place, interaction in recorder.interactions.items():
        case = recorder.cases[place].value
        operation = case.operation.definition.raw["operationId"]
        if interaction.response is not None:
            statuses[operation].add(interaction.response.status_code)
    for place, checks in recorder.checks.items():
        for check in checks:
            if check.failure_info is None or _is_meant(recorder, place, check.name):
                continue
            failure = check.failure_info.failure
            label = recorder.cases[place].value.operation.label
            failures.setdefault(
                f"{label} {failure.title}",
                f"{label}: {failure.title}: {failure.message}\n{check.failure_info.code_sample}"
                f"\n{recorder.interactions[place].response.content[:600]!r}",
            )


def _is_meant(recorder: Loaded, place: str, check: str) -> bool:
    """The items of a batch are judged one by one: a batch of nothing but bad ones is accepted."""
    operation = recorder.cases[place].value.operation.definition.raw["operationId"]
    return check == "negative_data_rejection" and operation == "send_batch"
