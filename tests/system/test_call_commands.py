"""`hookline calls`, beside a running server."""

import json

from tests.system.installation import Installation
from tests.system.recipes import ANSWERS_AT_ONCE, SANDBOX_NUMBER

BUSY = "+15005550007"
STAY = json.dumps([{"pause": {"seconds": 60}}])


def create(desk: Installation, to: str, *options: str, status: int = 0) -> str:
    arguments = ("calls", "create", "--from", SANDBOX_NUMBER, "--to", to, *options)
    done = desk.run(*arguments, status=status)
    return done.stdout if status == 0 else done.stderr


def test_a_call_is_waited_for(desk: Installation) -> None:
    pause = json.dumps([{"pause": {"seconds": 1}}])
    text = create(desk, ANSWERS_AT_ONCE, "--actions", pause, "--wait", "--json")
    call = json.loads(text)
    assert (call["status"], call["reason"]) == ("completed", "actions_ended")
    assert [leg["status"] for leg in call["legs"]] == ["completed"]
    shown = desk.run("calls", "show", call["id"]).stdout
    assert "in_progress" in shown
    assert call["id"] in {one["id"] for one in desk.json("calls", "list")}


def test_a_busy_line_is_a_failure(desk: Installation) -> None:
    said = create(desk, BUSY, "--actions", STAY, "--wait", status=1)
    assert "The call is busy" in said


def test_a_call_is_hung_up(desk: Installation) -> None:
    call = json.loads(create(desk, ANSWERS_AT_ONCE, "--actions", STAY, "--json"))
    ended = desk.json("calls", "hangup", call["id"], "--wait")
    assert ended["hangup_by"] == "api"
    assert ended["status"] in {"completed", "canceled"}
    again = desk.run("calls", "hangup", call["id"], status=1)
    assert "already" in again.stderr


def test_what_cannot_be_placed_is_said(desk: Installation) -> None:
    assert "exactly one" in create(desk, BUSY, status=2)
    assert "JSON" in create(desk, BUSY, "--actions", "[", status=2)
    assert "GET /v1/numbers" in desk.run(
        "calls", "create", "--from", "+12025550999", "--to", BUSY, "--say", "x", status=1
    ).stderr  # fmt: skip
