"""For every operation of the API: what makes it succeed. A route without a recipe fails a test."""

import itertools
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import httpx

from hookline.clock import HOUR_MS, SystemClock, UnixMs, to_rfc3339
from tests.system.carrier_bodies import carrier_body, pool_body, route_body, twilio_body
from tests.system.inspection import wait_for
from tests.system.installation import TEXT
from tests.system.people import set_up_second_factor, signed_in

PHONE = "+12025550110"
ANSWERS_AT_ONCE = "+15005550006"
SANDBOX_NUMBER = "+12025550100"
_FRESH = itertools.count(1)

Json = Any  # Any: JSON


@dataclass(frozen=True)
class Call:
    """A request that succeeds."""

    place: str | tuple[str, ...] = ""
    """What stands in the path's braces, in order."""
    body: Json = None
    token: str | None = None
    """Instead of the account's own."""
    params: dict[str, str] = field(default_factory=dict)


@dataclass
class World:
    """An account with a way to make whatever a recipe needs. `url` is a receiver's."""

    client: httpx.Client
    url: str
    has_crowd: bool = False
    """Whether many messages have been sent."""

    def make(self, path: str, body: Json) -> Json:
        answer = self.client.post(path, json=body)
        assert answer.is_success, answer.text
        return answer.json()

    def message(self, **changes: Json) -> str:
        made = self.make("/v1/messages", send_body(**changes))["id"]
        if "send_at" not in changes:
            wait_for(lambda: self._get(f"/v1/messages/{made}")["status"] == "delivered")
        return str(made)

    def scheduled(self) -> str:
        """A message that can still be canceled."""
        return self.message(send_at=tomorrow())

    def call(self, **changes: Json) -> str:
        """One that is in progress, for as long as a recipe needs."""
        made = str(self.make("/v1/calls", call_body(**changes))["id"])
        wait_for(lambda: self._get(f"/v1/calls/{made}")["status"] == "in_progress")
        return made

    def ringing(self) -> tuple[str, str]:
        """A phone, and a call that rings there."""
        call = self.make("/v1/calls", call_body(to=PHONE))["id"]
        wait_for(lambda: self._at_phone(call))
        return PHONE, self._at_phone(call)[0]["id"]

    def talking(self) -> tuple[str, str]:
        """A phone, and a call that was answered there."""
        phone, leg = self.ringing()
        url = f"/v1/virtual_phones/{phone}/calls/{leg}"
        self.make(f"{url}/answer", None)
        wait_for(lambda: self._get(url)["status"] == "in_progress")
        return phone, leg

    def _at_phone(self, call: str) -> list[Json]:
        found = self._get(f"/v1/virtual_phones/{PHONE}/calls")["data"]
        return [one for one in found if one["call_id"] == call]

    def recording(self) -> str:
        """Of a call that lasts a second."""
        actions = [{"pause": {"seconds": 1}}]
        call = self.make("/v1/calls", call_body(actions=actions, record="mono"))["id"]
        params = {"call_id": call, "status": "completed"}
        wait_for(lambda: self._get("/v1/recordings", params)["data"])
        return str(self._get("/v1/recordings", params)["data"][0]["id"])

    def credential(self, *scopes: str, mode: str = "live") -> Json:
        wanted = list(scopes) or ["messages:read"]
        body = {"description": "For a recipe", "scopes": wanted, "mode": mode}
        return self.make("/v1/credentials", body)

    def rotating(self) -> str:
        """The id of a credential whose old token is in its grace."""
        known = str(self.credential()["id"])
        answer = self.client.post(f"/v1/credentials/{known}/rotate", json={"grace_seconds": 3_600})
        answer.raise_for_status()
        return known

    def request(self) -> str:
        """The id of a request that is in the log."""
        made = self.client.get("/v1/account").headers["request-id"]
        wait_for(lambda: self.client.get(f"/v1/requests/{made}").is_success)
        return str(made)

    def webhook(self) -> str:
        return str(self.make("/v1/webhooks", {"url": self.url, "events": ["message.*"]})["id"])

    def delivery(self) -> str:
        webhook = self.webhook()
        sent = self.make(f"/v1/webhooks/{webhook}/test", {"event_type": "message.sent"})
        return str(sent["delivery_id"])

    def replay(self) -> str:
        """Of a webhook that has missed all messages that were sent before it was there."""
        return str(self.make(f"/v1/webhooks/{self.webhook()}/replay", replay_body())["id"])

    def long_replay(self) -> str:
        """One that can still be canceled: of more than is sent again in a few seconds."""
        if not self.has_crowd:
            self.has_crowd = True
            body = {"messages": [send_body(to=ANSWERS_AT_ONCE) for _ in range(30)]}
            self.make("/v1/messages/batch", body)
        return self.replay()

    def erasure(self) -> str:
        return str(self.make("/v1/erasures", {"number": fresh_number()})["id"])

    def number(self) -> str:
        return str(self.make("/v1/numbers", {"number": fresh_number()})["id"])

    def carrier(self) -> str:
        return str(self.make("/v1/carriers", carrier_body())["id"])

    def route(self) -> str:
        return str(self.make("/v1/routes", route_body())["id"])

    def pool(self) -> str:
        return str(self.make("/v1/pools", pool_body())["id"])

    def conversation(self) -> str:
        """That of the phone, which writes something."""
        self.make(f"/v1/virtual_phones/{PHONE}/messages", {"to": SANDBOX_NUMBER, "text": TEXT})
        return str(self._get("/v1/conversations", {"party": PHONE})["data"][0]["id"])

    def twilio(self) -> str:
        """A carrier that is asked by HTTP; nobody is there to answer."""
        return str(self.make("/v1/carriers", twilio_body())["id"])

    def opt_out(self) -> str:
        return str(self.make("/v1/opt_outs", {"number": fresh_number()})["number"])

    def entry(self) -> str:
        """The id of an entry in the audit log; its number tells nothing in another account."""
        return str(self._get("/v1/audit")["data"][0]["id"])

    def verification(self) -> str:
        """Of the audit log. Only one goes on at a time."""
        self.rest()
        return str(self.make("/v1/audit/verifications", {})["id"])

    def nothing_verified(self) -> Json:
        """The body of a verification, once no other goes on."""
        self.rest()
        return {}

    def rest(self) -> None:
        wait_for(lambda: all(one["finished_at"] for one in self._verifications()))

    def _verifications(self) -> list[Json]:
        return list(self._get("/v1/audit/verifications")["data"])

    def user(self) -> str:
        return str(self.make("/v1/users", {"email": fresh_email(), "role": "viewer"})["id"])

    def invitation(self) -> str:
        return str(self.make("/v1/invitations", invitation_body())["id"])

    def session(self) -> tuple[str, str]:
        """A user, and a session of theirs in the console."""
        made = self.make("/v1/users", {"email": fresh_email(), "role": "viewer"})
        with signed_in(str(self.client.base_url), made["email"], made["password"]):
            pass
        found = self._get(f"/v1/users/{made['id']}/sessions")["data"]
        return made["id"], found[0]["id"]

    def disabled_user(self) -> str:
        known = self.user()
        self.client.patch(f"/v1/users/{known}", json={"disabled": True}).raise_for_status()
        return known

    def guarded_user(self) -> str:
        """Somebody with a second factor."""
        made = self.make("/v1/users", {"email": fresh_email(), "role": "viewer"})
        with signed_in(str(self.client.base_url), made["email"], made["password"]) as client:
            set_up_second_factor(client)
        return str(made["id"])

    def _get(self, path: str, params: dict[str, str] | None = None) -> Json:
        answer = self.client.get(path, params=params)
        assert answer.is_success, answer.text
        return answer.json()


def tomorrow() -> str:
    return to_rfc3339(UnixMs(SystemClock().now_ms() + 24 * HOUR_MS))


def fresh_number() -> str:
    return f"+44770091{next(_FRESH):04d}"


def fresh_email() -> str:
    return f"person-{next(_FRESH)}@example.com"


def send_body(**changes: Json) -> Json:
    return {"from": SANDBOX_NUMBER, "to": PHONE, "text": TEXT, **changes}


def invitation_body() -> Json:
    return {"email": fresh_email(), "role": "developer"}


def call_body(**changes: Json) -> Json:
    """A call that is answered at once and stays for a minute."""
    actions = [{"pause": {"seconds": 60}}]
    return {"from": SANDBOX_NUMBER, "to": ANSWERS_AT_ONCE, "actions": actions, **changes}


def replay_body() -> Json:
    """All that was missed in the last hour."""
    return {"since": to_rfc3339(UnixMs(SystemClock().now_ms() - HOUR_MS)), "status": "missing"}


SCOPES = ["messages:read", "credentials:rotate_self"]

RECIPES: dict[str, Callable[[World], Call]] = {
    "send_message": lambda _: Call(body=send_body()),
    "send_batch": lambda _: Call(body={"messages": [send_body(), send_body()]}),
    "list_messages": lambda _: Call(),
    "preview_new_carrier": lambda _: Call(body=twilio_body()),
    "preview_carrier": lambda world: Call(world.twilio(), {"text": TEXT}),
    "preview_message": lambda _: Call(body={"text": TEXT}),
    "get_message": lambda world: Call(world.message()),
    "cancel_message": lambda world: Call(world.message(send_at=tomorrow())),
    "redact_message": lambda world: Call(world.message()),
    "list_opt_outs": lambda _: Call(),
    "create_opt_out": lambda _: Call(body={"number": fresh_number()}),
    "get_opt_out": lambda world: Call(world.opt_out()),
    "delete_opt_out": lambda world: Call(world.opt_out()),
    "import_opt_outs": lambda _: Call(body={"entries": [{"number": fresh_number()}]}),
    "export_opt_outs": lambda _: Call(),
    "get_opt_out_settings": lambda _: Call(),
    "update_opt_out_settings": lambda _: Call(body={"stop_words": [f"Halt {next(_FRESH)}"]}),
    "list_conversations": lambda _: Call(),
    "get_conversation": lambda world: Call(world.conversation()),
    "list_conversation_messages": lambda world: Call(world.conversation()),
    "read_conversation": lambda world: Call(world.conversation(), {}),
    "list_virtual_phones": lambda _: Call(),
    "list_virtual_phone_messages": lambda _: Call(PHONE),
    "send_from_virtual_phone": lambda _: Call(PHONE, {"to": SANDBOX_NUMBER, "text": TEXT}),
    "list_virtual_phone_calls": lambda _: Call(PHONE),
    "call_from_virtual_phone": lambda _: Call(PHONE, {"to": SANDBOX_NUMBER}),
    "get_virtual_phone_call": lambda world: Call(world.ringing()),
    "answer_virtual_phone_call": lambda world: Call(world.ringing()),
    "decline_virtual_phone_call": lambda world: Call(world.ringing()),
    "hang_up_virtual_phone_call": lambda world: Call(world.talking()),
    "act_on_virtual_phone_call": lambda world: Call(world.talking(), {"send_digits": "1"}),
    "create_call": lambda _: Call(body=call_body()),
    "list_calls": lambda _: Call(),
    "get_call": lambda world: Call(world.call()),
    "hang_up_call": lambda world: Call(world.call()),
    "act_on_call": lambda world: Call(world.call(), {"send_digits": "1"}),
    "list_recordings": lambda _: Call(),
    "get_recording": lambda world: Call(world.recording()),
    "get_recording_audio": lambda world: Call(world.recording()),
    "delete_recording": lambda world: Call(world.recording()),
    "list_webhooks": lambda _: Call(),
    "create_webhook": lambda world: Call(body={"url": world.url, "events": ["message.*"]}),
    "get_webhook": lambda world: Call(world.webhook()),
    "patch_webhook": lambda world: Call(world.webhook(), {"description": "Changed"}),
    "delete_webhook": lambda world: Call(world.webhook()),
    "rotate_webhook_secret": lambda world: Call(world.webhook(), {"grace_seconds": 60}),
    "send_test_event": lambda world: Call(world.webhook(), {"event_type": "message.failed"}),
    "list_webhook_deliveries": lambda world: Call(world.webhook()),
    "list_deliveries": lambda _: Call(),
    "get_delivery": lambda world: Call(world.delivery()),
    "resend_delivery": lambda world: Call(world.delivery()),
    "list_webhook_stats": lambda _: Call(),
    "get_webhook_stats": lambda world: Call(world.webhook()),
    "replay_webhook": lambda world: Call(world.webhook(), replay_body()),
    "preview_webhook_replay": lambda world: Call(world.webhook(), replay_body()),
    "list_webhook_replays": lambda world: Call(world.webhook()),
    "get_replay": lambda world: Call(world.replay()),
    "cancel_replay": lambda world: Call(world.long_replay()),
    "list_account_events": lambda _: Call(),
    "stream_events": lambda _: Call(),
    "get_own_credential": lambda _: Call(),
    "rotate_own_credential": lambda world: Call(
        body={"reason": "A test"}, token=world.credential(*SCOPES)["token"]
    ),
    "delete_own_credential": lambda world: Call(token=world.credential()["token"]),
    "list_credentials": lambda _: Call(),
    "create_credential": lambda _: Call(body={"description": "x", "scopes": ["messages:read"]}),
    "get_credential": lambda world: Call(world.credential()["id"]),
    "update_credential": lambda world: Call(world.credential()["id"], {"description": "Other"}),
    "delete_credential": lambda world: Call(world.credential()["id"]),
    "rotate_credential_token": lambda world: Call(world.credential()["id"], {"reason": "Test"}),
    "get_credential_policy": lambda _: Call(),
    "update_credential_policy": lambda _: Call(
        body={"disable_idle_after_days": 300 + next(_FRESH) % 60}
    ),
    "enable_idle_credential": lambda world: Call(world.credential()["id"]),
    "list_credential_tokens": lambda world: Call(world.credential()["id"]),
    "cancel_credential_rotation": lambda world: Call(world.rotating()),
    "expire_old_token_now": lambda world: Call(world.rotating()),
    "extend_credential_grace": lambda world: Call(world.rotating(), {"grace_seconds": 60}),
    "list_requests": lambda _: Call(),
    "get_request": lambda world: Call(world.request()),
    "create_erasure": lambda _: Call(body={"number": fresh_number()}),
    "list_erasures": lambda _: Call(),
    "get_erasure": lambda world: Call(world.erasure()),
    "list_numbers": lambda _: Call(),
    "create_number": lambda _: Call(body={"number": fresh_number()}),
    "get_number": lambda world: Call(world.number()),
    "patch_number": lambda world: Call(world.number(), {"carrier": "sandbox"}),
    "delete_number": lambda world: Call(world.number()),
    "list_message_errors": lambda _: Call(),
    "list_pools": lambda _: Call(),
    "create_pool": lambda _: Call(body=pool_body()),
    "get_pool": lambda world: Call(world.pool()),
    "patch_pool": lambda world: Call(world.pool(), {"name": f"Pool {fresh_number()}"}),
    "delete_pool": lambda world: Call(world.pool()),
    "get_sending_rules": lambda _: Call(),
    "update_sending_rules": lambda _: Call(
        body={"daily_message_cap": 100_000 + next(_FRESH), "smart_encoding": False}
    ),
    "list_routes": lambda _: Call(),
    "create_route": lambda _: Call(body=route_body()),
    "get_route": lambda world: Call(world.route()),
    "patch_route": lambda world: Call(world.route(), {"failover_on": ["permanent_error"]}),
    "delete_route": lambda world: Call(world.route()),
    "preview_message_route": lambda _: Call(body={"from": SANDBOX_NUMBER, "to": PHONE}),
    "list_carriers": lambda _: Call(),
    "create_carrier": lambda _: Call(body=carrier_body()),
    "get_carrier": lambda world: Call(world.carrier()),
    "patch_carrier": lambda world: Call(world.carrier(), {"smpp": {"port": 10}}),
    "delete_carrier": lambda world: Call(world.carrier()),
    "test_carrier": lambda world: Call(world.carrier(), {}),
    "get_account": lambda _: Call(),
    "update_account": lambda _: Call(body={"name": f"Acme {next(_FRESH)}"}),
    "get_signing_secret": lambda _: Call(),
    "get_users": lambda _: Call(),
    "create_user": lambda _: Call(body={"email": fresh_email(), "role": "viewer"}),
    "get_user": lambda world: Call(world.user()),
    "update_user": lambda world: Call(world.user(), {"name": "Dana"}),
    "delete_user": lambda world: Call(world.user()),
    "list_user_sessions": lambda world: Call(world.session()[0]),
    "end_user_sessions": lambda world: Call(world.session()[0]),
    "end_user_session": lambda world: Call(world.session()),
    "reset_user_second_factor": lambda world: Call(world.guarded_user()),
    "get_invitations": lambda _: Call(),
    "create_invitation": lambda _: Call(body=invitation_body()),
    "get_invitation": lambda world: Call(world.invitation()),
    "resend_invitation": lambda world: Call(world.invitation()),
    "revoke_invitation": lambda world: Call(world.invitation()),
    "list_audit_entries": lambda _: Call(),
    "get_audit_entry": lambda world: Call(world.entry()),
    "export_audit_log": lambda _: Call(),
    "verify_audit_log": lambda world: Call(body=world.nothing_verified()),
    "list_audit_verifications": lambda _: Call(),
    "get_audit_verification": lambda world: Call(world.verification()),
}
"""By operation id."""

WITHOUT_OWNER = {
    "list_virtual_phone_messages": "+12025550199",
    "send_from_virtual_phone": "+12025550199",
    "list_virtual_phone_calls": "+12025550199",
    "call_from_virtual_phone": "+12025550199",
}
"""Every account has virtual phones of the same numbers: what nobody has is tried instead."""
