"""Call flows tested by script at a virtual phone, with several processes behind one port."""

import asyncio
from typing import Any

import httpx
import pytest

from tests.system.inspection import wait_for
from tests.system.installation import Installation
from tests.system.recipes import PHONE, SANDBOX_NUMBER, call_body

CALLS = 6
"""Each request comes by a connection of its own, so that both workers have some of them."""
PHONE_CALLS = f"/v1/virtual_phones/{PHONE}/calls"
GATHER = {"gather": {"digits": 1, "timeout_seconds": 60, "then": {"1": [{"hangup": {}}]}}}


class Script:
    """A customer's test."""

    def __init__(self, made: Installation) -> None:
        self._url = made.url
        self._headers = {"Authorization": f"Bearer {made.token()}"}

    def ask(self, method: str, path: str, body: Any = None, status: int = 200) -> Any:
        answer = httpx.request(
            method, self._url + path, headers=self._headers, json=body, timeout=30
        )
        assert answer.status_code == status, answer.text
        return answer.json()

    def at_phone(self, call_id: str) -> Any:
        found = self.ask("GET", PHONE_CALLS)["data"]
        return next((one for one in found if one["call_id"] == call_id), None)

    def until(self, leg_id: str, status: str) -> Any:
        wait_for(lambda: self.ask("GET", f"{PHONE_CALLS}/{leg_id}")["status"] == status)
        return self.ask("GET", f"{PHONE_CALLS}/{leg_id}")


@pytest.mark.postgres
async def test_every_worker_has_the_phone_in_its_hands(
    installation_on_postgres: Installation,
) -> None:
    made = installation_on_postgres
    await asyncio.to_thread(made.start, "--workers", "2")
    script = await asyncio.to_thread(Script, made)
    for turn in range(CALLS):
        await asyncio.to_thread(_answers_and_presses, script)
        if not turn:
            await asyncio.to_thread(_calls_and_hangs_up, script)


def _answers_and_presses(script: Script) -> None:
    call_id = script.ask("POST", "/v1/calls", call_body(to=PHONE, actions=[GATHER]), 202)["id"]
    wait_for(lambda: script.at_phone(call_id))
    leg_id = script.at_phone(call_id)["id"]
    script.ask("POST", f"{PHONE_CALLS}/{leg_id}/answer", status=202)
    script.until(leg_id, "in_progress")
    script.ask("POST", f"{PHONE_CALLS}/{leg_id}/actions", {"send_digits": "1"}, 202)
    assert script.until(leg_id, "completed")["digits"] == "1"
    wait_for(lambda: script.ask("GET", f"/v1/calls/{call_id}")["status"] == "completed")


def _calls_and_hangs_up(script: Script) -> None:
    leg_id = script.ask("POST", PHONE_CALLS, {"to": SANDBOX_NUMBER}, 201)["id"]
    call_id = script.until(leg_id, "in_progress")["call_id"]
    script.ask("POST", f"{PHONE_CALLS}/{leg_id}/hangup", status=202)
    script.until(leg_id, "completed")
    wait_for(lambda: script.ask("GET", f"/v1/calls/{call_id}")["status"] == "completed")
