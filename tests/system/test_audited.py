"""Every administrative act, by API, console and command line, is a row of the audit log."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.system.installation import Installation
from tests.system.pages import RECIPES as PAGE_RECIPES
from tests.system.pages import Person, key_of, pages, signed_in
from tests.system.recipes import fresh_email, fresh_number
from tests.system.site import Site

TRAFFIC = {
    "send_message", "send_batch", "preview_message", "preview_webhook_replay", "preview_carrier", "preview_new_carrier", "cancel_message", "send_from_virtual_phone",
    "call_from_virtual_phone", "answer_virtual_phone_call", "decline_virtual_phone_call",
    "hang_up_virtual_phone_call", "act_on_virtual_phone_call", "create_call", "hang_up_call",
    "act_on_call", "test_carrier", "preview_message_route", "read_conversation",
}  # fmt: skip
"""What messages and calls are about: each says itself who made it, and has a timeline."""
NOTHING_TO_DO = {
    "enable_idle_credential": "nobody has disabled it: tests/audit/test_facts.py",
    "POST /administration/integrations/config/credentials/{id}/enable": "the same",
}
READING_OF_SECRETS = {
    "get_signing_secret",
    "get_webhook",
    "get_recording_audio",
    "export_audit_log",
    "export_opt_outs",
}
"""They change nothing, but that somebody saw it is worth a row."""
PAGES_OF_TRAFFIC = (
    "/messages", "/conversations", "/calls", "/phone", "/opt-outs/import/check", "/carriers/{id}/test", "/routes/try",
    "/webhooks/{id}/replay/count",
)  # fmt: skip
OF_THE_SESSION = {
    "POST /sign-out": "ends one's own session",
    "POST /session/account": "looks at another account",
    "POST /session/mode": "looks at test data; a cookie",
    "POST /session/password": "tests/accounts/test_own_password.py",
    "POST /session/sessions/{id}/end": "tests/accounts/test_user_access.py",
    **{
        f"POST /session/second-factor{act}": "tests/accounts/test_second_factor.py"
        for act in ("", "/off", "/codes")
    },
}
PAGES_THAT_READ_SECRETS = {
    "GET /webhooks/{id}/secret",
    "GET /recordings/{id}/audio",
    "GET /audit/export",
    "GET /opt-outs/export",
}
WITHOUT_FACTS = {"user.reset_second_factor", "user.sign_in", "user.sign_out_everywhere", "user.change_password", "recording.listen",
                 "webhook.show_secret", "account.show_signing_secret", "user.reset_password"}  # fmt: skip
"""Acts of which the action says everything."""


@pytest.fixture(scope="module")
def owner(site: Site, running: Installation) -> Iterator[Person]:
    with signed_in(running) as person:
        yield person


def entry_about(site: Site, answer: httpx.Response) -> dict[str, Any]:
    """The row that the request left."""
    params = {"q": answer.headers["request-id"], "limit": 5}
    listed = site.client.get("/v1/audit", params=params, headers=site.bearer)
    found = [one for one in listed.json()["data"]
             if one["request_id"] == answer.headers["request-id"]]  # fmt: skip
    assert found, "the act has left no row"
    return dict(found[0])


def assert_telling(entry: dict[str, Any]) -> None:
    assert entry["actor"]["id"]
    assert entry["ip"] == "127.0.0.1"
    assert entry["resource_id"]
    if entry["action"] not in WITHOUT_FACTS:
        assert entry["before"] is not None or entry["after"] is not None, entry


def test_every_act_over_the_api_leaves_a_row(site: Site, subtests: pytest.Subtests) -> None:
    for operation in site.operations:
        is_read = operation.method == "GET" and operation.id not in READING_OF_SECRETS
        if is_read or operation.id in {*TRAFFIC, *NOTHING_TO_DO}:
            continue
        with subtests.test(operation.id):
            answer = site.send(operation, site.recipe(operation))
            assert answer.is_success
            assert_telling(entry_about(site, answer))


def test_every_act_in_the_console_leaves_a_row(
    site: Site, owner: Person, subtests: pytest.Subtests
) -> None:
    for page in pages():
        key = key_of(page)
        is_read = page.method == "GET" and key not in PAGES_THAT_READ_SECRETS
        if (
            is_read
            or key in {*OF_THE_SESSION, *NOTHING_TO_DO}
            or page.path.startswith(PAGES_OF_TRAFFIC)
        ):
            continue
        with subtests.test(key):
            answer = owner.send(page, PAGE_RECIPES[key](site.world))
            assert answer.status_code in {200, 204, 303}, answer.text[-500:]
            assert_telling(entry_about(site, answer))


def test_every_act_at_the_command_line_leaves_a_row(
    site: Site, running: Installation, subtests: pytest.Subtests
) -> None:
    credential = running.json("credentials", "create", "--description=x", "--scope=messages:read")
    email, number, known = fresh_email(), fresh_number(), credential["id"]
    person = fresh_number()
    for action, resource, arguments in (
        ("credential.rotate", known, ("credentials", "rotate", known, "--grace=1h")),
        ("credential.rotate_cancel", known, ("credentials", "cancel-rotation", known)),
        ("credential.revoke", known, ("credentials", "revoke", known)),
        ("user.add", "usr_", ("users", "add", email)),
        ("user.reset_password", "usr_", ("users", "reset-password", email)),
        ("number.add", "num_", ("numbers", "add", number)),
        ("opt_out.add", person, ("opt-outs", "add", person, "--sender", number)),
        ("opt_out.remove", person, ("opt-outs", "remove", person)),
        ("opt_out.export", "acc_", ("opt-outs", "export")),
        ("carrier.create", "car_", ("carriers", "add", "smpp", "--name", email, "--host=127.0.0.1",
                                    "--system-id=x", "--password=y")),
        ("pool.create", "pol_", ("pools", "add", email, number)),
        ("pool.update", "pol_", ("pools", "change", email, "--name", f"{email} 2")),
        ("pool.delete", "pol_", ("pools", "remove", f"{email} 2")),
        ("sending_rules.update", "acc_", ("account", "sending-rules", "--daily-cap=99999")),
        ("route.create", "rte_", ("routes", "add", email, "--tag=none", f"--carrier={email}")),
        ("route.update", "rte_", ("routes", "change", email, "--disable")),
        ("route.delete", "rte_", ("routes", "remove", email)),
        ("carrier.delete", "car_", ("carriers", "remove", email)),
    ):  # fmt: skip
        with subtests.test(action):
            running.run(*arguments)
            params = {"action": action, "limit": 1}
            entry = site.client.get("/v1/audit", params=params, headers=site.bearer).json()["data"][
                0
            ]
            assert entry["actor"]["kind"] == "system"
            assert "command" in entry["actor"]["id"]
            assert entry["resource_id"].startswith(resource)


def test_nobodys_report_of_a_leak_is_a_row_too(site: Site) -> None:
    token = site.world.credential()["token"]
    reported = site.client.post("/v1/credentials/report_leak", json={"token": token})
    assert reported.is_success
    listed = site.client.get("/v1/audit", params={"q": "leak", "limit": 1}, headers=site.bearer)
    assert listed.json()["data"][0]["action"].startswith("credential.")


def test_the_v3_surface_is_no_way_around_the_log(site: Site, running: Installation) -> None:
    client_id = running.json("account", "show")["client_id"]
    headers = {**site.bearer, "X-Client-Id": client_id}
    answer = site.client.put(
        "/api/v3/calls/webhooks", json={"url": site.world.url}, headers=headers
    )
    if answer.status_code == 405:
        answer = site.client.post(
            "/api/v3/calls/webhooks", json={"url": site.world.url}, headers=headers
        )
    assert answer.status_code == 200, answer.text
    assert_telling(entry_about(site, answer))


def test_a_trail_that_everything_wrote_is_intact(site: Site, running: Installation) -> None:
    (first, *_) = running.json("audit", "verify")
    assert (first["status"], first["found"]) == ("intact", None)
    known = running.json(
        "audit", "verify", "--known", first["head"], "--account", first["account_id"]
    )
    assert known[0]["status"] == "intact"
    assert known[0]["checked"] >= first["checked"] > 0
