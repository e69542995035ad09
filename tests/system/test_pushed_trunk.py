"""A trunk that Hookline sets up on Asterisk: given, called over, changed, taken away."""

from typing import Any

import httpx

from tests.services.asterisk import PASSWORD, USER, Asterisk
from tests.services.phones import sip_phone
from tests.services.web import bearer
from tests.system.inspection import wait_for
from tests.system.installation import Installation

ENDPOINT = "endpoints/PJSIP/pushed.trunk"
AUTH = "asterisk/config/dynamic/res_pjsip/auth/pushed.trunk"
NUMBER, TO = "+15550100103", "+447700900123"
SECRET = "provider's-secret"
Json = Any  # Any: JSON


def add(desk: Installation, asterisk: Asterisk, *options: str) -> Json:
    desk.environment["HOOKLINE_TRUNK_PASSWORD"] = SECRET
    made = desk.json(
        "carriers", "add", "asterisk", "--name", "Pushed", "--url", asterisk.url, "--user", USER,
        "--password", PASSWORD, "--application", "pushed", "--trunk-host", "127.0.0.1",
        "--trunk-context", "incoming", *options,
    )  # fmt: skip
    del desk.environment["HOOKLINE_TRUNK_PASSWORD"]
    return made


def found(desk: Installation, name: str) -> Json:
    return next(one for one in desk.json("carriers", "list") if one["name"] == name)


async def test_a_trunk_is_set_up_changed_and_removed(
    desk: Installation, asterisk: Asterisk
) -> None:
    async with sip_phone(asterisk, "answer") as phone:
        made = add(desk, asterisk, "--trunk-port", str(phone.port), "--trunk-user", "office")
        assert made["asterisk"]["trunk_password_set"]
        wait_for(lambda: found(desk, "Pushed")["link"]["state"] == "bound")
        assert asterisk.has(AUTH)
        findings = {one["subject"]: one["text"] for one in desk.json("doctor")}
        assert findings["carrier Pushed, trunk"] == "pushed.trunk is online"
        number = desk.json("numbers", "add", NUMBER, "--voice-carrier", "Pushed")
        with httpx.Client(base_url=desk.url, headers=bearer(desk.token())) as api:
            call(api)
            assert await phone.succeeded()
            patch(api, made["id"], trunk_user="", trunk_password="")
            wait_for(lambda: not asterisk.has(AUTH))
            assert not found(desk, "Pushed")["asterisk"]["trunk_password_set"]
            wait_for(lambda: asterisk.has(ENDPOINT))
            remove(api, number["id"], made["id"])
    wait_for(lambda: not asterisk.has(ENDPOINT))
    assert SECRET not in desk.log.read_text()


def call(api: httpx.Client) -> None:
    """Over the trunk, until it is answered."""
    wanted = {"from": NUMBER, "to": TO, "actions": [{"pause": {"seconds": 60}}]}
    call_id = api.post("/v1/calls", json=wanted).raise_for_status().json()["id"]
    wait_for(lambda: api.get(f"/v1/calls/{call_id}").json()["status"] == "in_progress")
    api.post(f"/v1/calls/{call_id}/hangup").raise_for_status()
    wait_for(lambda: api.get(f"/v1/calls/{call_id}").json()["status"] == "completed")


def remove(api: httpx.Client, number_id: str, carrier_id: str) -> None:
    for path in (f"numbers/{number_id}", f"carriers/{carrier_id}"):
        assert api.delete(f"/v1/{path}").is_success, path


def patch(api: httpx.Client, carrier_id: str, **settings: str) -> None:
    answer = api.patch(f"/v1/carriers/{carrier_id}", json={"asterisk": settings})
    assert answer.is_success, answer.text
    assert SECRET not in answer.text


def test_what_cannot_be_is_refused_at_its_field(desk: Installation, asterisk: Asterisk) -> None:
    base = {"url": asterisk.url, "user": USER, "password": PASSWORD, "trunk_host": "sip.test"}
    with httpx.Client(base_url=desk.url, headers=bearer(desk.token())) as api:
        for wrong, field in (
            ({"trunk": "PJSIP/{number}@trunk"}, "trunk"),
            ({"trunk_register": True}, "trunk_register"),
            ({"trunk_host": "sip.test;transport=tcp"}, "trunk_host"),
            ({"trunk_user": "a b"}, "trunk_user"),
            ({"trunk_codecs": "ulaw alaw"}, "trunk_codecs"),
            ({"trunk_transport": "ws"}, "trunk_transport"),
            ({"trunk_port": 70_000}, "trunk_port"),
        ):
            body = {"name": "Odd", "kind": "asterisk", "asterisk": base | wrong}
            answer = api.post("/v1/carriers", json=body)
            assert answer.status_code == 422, wrong
            assert [one["pointer"] for one in answer.json()["errors"]] == [f"/asterisk/{field}"]
