"""An Asterisk as a carrier, at the command line beside a running server."""

import json
from typing import Any

import httpx

from tests.services.asterisk import PASSWORD, USER, Asterisk
from tests.services.web import bearer
from tests.system.inspection import wait_for
from tests.system.installation import Installation


def link_of(desk: Installation, name: str) -> Any:
    (found,) = [one for one in desk.json("carriers", "list") if one["name"] == name]
    return found["link"]


def options(name: str, asterisk: Asterisk, password: str) -> tuple[str, ...]:
    return (
        "carriers", "add", "asterisk", "--name", name, "--url", asterisk.url, "--user", USER,
        "--password", password,
    )  # fmt: skip


def test_an_asterisk_is_connected_and_removed(desk: Installation, asterisk: Asterisk) -> None:
    made = desk.json(*options("Office", asterisk, PASSWORD), "--trunk", "PJSIP/{number}@trunk")
    settings = made["asterisk"]
    assert (settings["trunk"], settings["password_set"]) == ("PJSIP/{number}@trunk", True)
    assert (made["kind"], made["smpp"], "password" in settings) == ("asterisk", None, False)
    wait_for(lambda: link_of(desk, "Office")["state"] == "bound")
    assert [one["name"] for one in asterisk.applications()] == ["hookline"]
    findings = {one["subject"]: one["text"] for one in desk.json("doctor")}
    assert findings["carrier Office"] == "bound, legs 0/200"
    assert findings["carrier Office, application"] == "hookline is registered"
    assert findings["carrier Office, trunk"] == "trunk is online"
    assert "can be" in findings["recordings"]
    number = desk.json("numbers", "add", "+15550100101", "--voice-carrier", "Office")
    assert number["voice_carrier_id"] == made["id"]
    desk.json("numbers", "add", "+15550100101", "--voice-carrier", "sandbox")
    desk.run("carriers", "remove", "Office")


def test_a_wrong_password_is_explained(desk: Installation, asterisk: Asterisk) -> None:
    desk.run(*options("Locked", asterisk, "wrong"))
    wait_for(lambda: link_of(desk, "Locked")["state"] == "waiting")
    assert "ari.conf" in link_of(desk, "Locked")["detail"]
    assert wrong(desk).keys() == {"carrier Locked", "carrier Locked, ARI"}
    assert all("ari.conf" in fix for fix in wrong(desk).values())
    desk.run("carriers", "remove", "Locked")


def test_folders_and_speech_that_calls_lack_are_found(
    asterisk: Asterisk, installation: Installation
) -> None:
    installation.start()
    installation.stop()
    blocked = installation.data / "recordings"
    blocked.write_text("no folder")
    installation.environment["HOOKLINE_SPEECH_LANGUAGE"] = "tlh-Latn"
    options_there = (*options("Office", asterisk, PASSWORD), "--media-dir", str(blocked))
    installation.json(*options_there)
    assert wrong(installation).keys() == {
        "carrier Office", "carrier Office, what is played", "recordings", "speech",
    }  # fmt: skip
    assert "HOOKLINE_SPEECH_LANGUAGE" in wrong(installation)["speech"]
    installation.environment["PATH"] = "/nowhere"
    assert "espeak-ng" in wrong(installation)["speech"]


def wrong(installation: Installation) -> dict[str, str]:
    """What the doctor finds wrong, and how it says to mend it."""
    said = json.loads(installation.run("doctor", "--json", status=1).stdout)
    return {one["subject"]: one["fix"] for one in said if not one["ok"]}


def test_an_asterisk_is_added_by_http(desk: Installation, asterisk: Asterisk) -> None:
    settings = {"url": asterisk.url, "user": USER, "password": PASSWORD, "application": "web"}
    wanted = {"name": "Web", "kind": "asterisk", "asterisk": settings}
    with httpx.Client(base_url=desk.url, headers=bearer(desk.token())) as api:
        made = api.post("/v1/carriers", json=wanted)
        assert made.status_code == 201, made.text
        assert PASSWORD not in made.text.replace("password", "")
        wait_for(lambda: link_of(desk, "Web")["state"] == "bound")
        asked = api.post(f"/v1/carriers/{made.json()['id']}/test", json={}).json()
        assert asked["ok"]
        refused = api.post("/v1/carriers", json=wanted | {"asterisk": {"url": "there", "user": ""}})
        assert {one["pointer"] for one in refused.json()["errors"]} == {
            "/asterisk/url", "/asterisk/user", "/asterisk/password",
        }  # fmt: skip
        assert api.delete(f"/v1/carriers/{made.json()['id']}").status_code == 204


def test_settings_that_cannot_be_are_named(desk: Installation) -> None:
    said = desk.run(
        "carriers", "add", "asterisk", "--name", "Odd", "--url", "localhost", "--user", "u",
        "--password", "p", "--legs-max", "0", status=2,
    ).stderr  # fmt: skip
    assert "--url" in said
    assert "--legs-max" in said
