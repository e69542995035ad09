"""After an erasure nothing of a person is left: every row and every file is searched."""

import asyncio
import re
from pathlib import Path
from typing import Any

import httpx

from tests.system.carrier import client_of
from tests.system.inspection import settle
from tests.system.installation import Installation
from tests.system.pbx import until
from tests.system.receiver import Receiver, Reply
from tests.system.recipes import ANSWERS_AT_ONCE, PHONE, SANDBOX_NUMBER, call_body, tomorrow
from tests.system.secrets_watch import rows_of

PERSON = PHONE
DIGITS = PHONE[1:]
GROUPED = "+1 (202) 555-0110"
SECRETS = ("Mara Voss", "the blue door", "seven past nine")
MAY_NAME = {"virtual_phones", "numbers", "opt_outs", "audit"}
"""The sandbox's phones are no people; an opt-out has to be respected, and who made it is proven by the
audit log, of which nothing can go."""
JSON = dict[str, Any]
MANY = 300


async def post(client: httpx.AsyncClient, path: str, body: object, **more: Any) -> JSON:
    answer = await client.post(path, json=body, **more)
    assert answer.is_success, answer.text
    found: JSON = answer.json()
    return found


async def get(client: httpx.AsyncClient, path: str, **params: str) -> JSON:
    answer = await client.get(path, params=params)
    assert answer.is_success, answer.text
    found: JSON = answer.json()
    return found


async def live_with(client: httpx.AsyncClient, receiver: Receiver) -> JSON:
    """Everything that an account may come to have of a person."""
    receiver.replies["/echo"] = [Reply(f"I know Mara Voss, {PERSON}".encode()), Reply()]
    url = receiver.url.rstrip("/")
    await post(client, "/v1/webhooks", {"url": f"{url}/echo", "events": ["message.*", "call.*"]})
    sent = {
        "from": SANDBOX_NUMBER, "to": GROUPED, "text": "Come to the blue door",
        "metadata": {"customer": "Mara Voss"}, "tags": [DIGITS],
        "status_url": f"{url}/status?who={DIGITS}",
    }  # fmt: skip
    plain = {"from": SANDBOX_NUMBER, "to": ANSWERS_AT_ONCE, "text": "Stays"}
    key = {"Idempotency-Key": "once"}
    kept = await post(client, "/v1/messages", sent, headers=key)
    await receiver.until(lambda: bool(receiver.at("/echo")))
    await post(client, "/v1/messages/batch", {"messages": [sent, {**plain, "text": sent["text"]}]})
    other = await post(client, "/v1/messages", plain)
    said = {"to": SANDBOX_NUMBER, "text": "I come at seven past nine"}
    await post(client, f"/v1/virtual_phones/{PERSON}/messages", said)
    await get(client, "/v1/messages", to=PERSON)
    call = await talk_to(client)
    recording = await recorded(client, call)
    return {
        "sent": sent, "key": key, "kept": kept["id"], "other": other["id"],
        "call": call, "recording": recording,
    }  # fmt: skip


async def talk_to(client: httpx.AsyncClient) -> str:
    """A call that was answered, recorded, and ended."""
    metadata = {"customer": "Mara Voss"}
    body = call_body(to=PERSON, record="mono", metadata=metadata)
    call: str = (await post(client, "/v1/calls", body))["id"]
    phone = f"/v1/virtual_phones/{PERSON}/calls"

    async def rings() -> list[Any]:
        return [one for one in (await get(client, phone))["data"] if one["call_id"] == call]

    leg = (await until(rings))[0]["id"]
    await post(client, f"{phone}/{leg}/answer", None)

    async def talks() -> bool:
        return bool((await get(client, f"/v1/calls/{call}"))["status"] == "in_progress")

    await until(talks)
    await asyncio.sleep(1)
    await post(client, f"{phone}/{leg}/hangup", None)
    return call


async def recorded(client: httpx.AsyncClient, call: str) -> str:
    async def is_kept() -> list[Any]:
        found: list[Any] = (await get(client, "/v1/recordings", call_id=call, status="completed"))[
            "data"
        ]
        return found

    known: str = (await until(is_kept))[0]["id"]
    return known


async def erase(client: httpx.AsyncClient, number: str) -> JSON:
    begun = await post(client, "/v1/erasures", {"number": number})
    return await until_erased(client, begun["id"])


async def until_erased(client: httpx.AsyncClient, erasure_id: str) -> JSON:
    async def is_over() -> JSON | None:
        found = await get(client, f"/v1/erasures/{erasure_id}")
        return found if found["status"] == "completed" else None

    done: JSON = await until(is_over)
    return done


def audio_below(folder: Path, recording: str) -> list[Path]:
    return list(folder.rglob(f"{recording}*"))


async def test_nothing_of_a_person_is_left(
    each_installation: Installation, receiver: Receiver
) -> None:
    server = each_installation
    server.environment["HOOKLINE_WEBHOOK_TIMEOUT_S"] = "2"
    await asyncio.to_thread(server.start)
    token = await asyncio.to_thread(server.token)
    async with client_of(server, token) as client:
        known = await live_with(client, receiver)
        await settle(server)
        waiting = {**known["sent"], "send_at": tomorrow()}
        known["later"] = (await post(client, "/v1/messages", waiting))["id"]
        await post(client, "/v1/opt_outs", {"number": PERSON})
        assert await holders(server) >= {
            "messages", "calls", "legs", "events", "attempts", "requests", "deliveries",
            "idempotency", "phone_calls", "conversations",
        }  # fmt: skip
        assert audio_below(server.data, known["recording"])

        done = await erase(client, GROUPED)
        await settle(server)
        assert (done["number"], done["messages"], done["calls"], done["recordings"]) == (
            "+1202•••••10", 4, 1, 1,
        )  # fmt: skip
        assert await holders(server) == set()
        assert not audio_below(server.data, known["recording"])

        message = await get(client, f"/v1/messages/{known['kept']}")
        assert (message["to"], message["text"], message["metadata"], message["status"]) == (
            "erased", None, {}, "delivered",
        )  # fmt: skip
        assert [one["status"] for one in message["timeline"]][-1] == "delivered"
        later = await get(client, f"/v1/messages/{known['later']}")
        assert (later["status"], later["to"]) == ("canceled", "erased")
        again = await client.post("/v1/messages", json=known["sent"], headers=known["key"])
        assert (again.json()["id"], again.json()["to"]) == (known["kept"], "erased")
        call = await get(client, f"/v1/calls/{known['call']}")
        assert (call["to"], call["metadata"], call["status"]) == ("erased", {}, "completed")
        assert {leg["to"] for leg in call["legs"]} == {"erased"}
        kept = await get(client, f"/v1/messages/{known['other']}")
        assert (kept["to"], kept["text"]) == (ANSWERS_AT_ONCE, "Stays")
        assert (await get(client, f"/v1/opt_outs/{PERSON}"))["number"] == PERSON
        told = await get(client, "/v1/events", limit="100")
        assert {"recording.deleted", "message.canceled"} <= {one["type"] for one in told["data"]}
        batch = (await get(client, "/v1/messages", to=ANSWERS_AT_ONCE))["data"]
        assert "Come to the blue door" in {one["text"] for one in batch}


async def holders(server: Installation) -> set[str]:
    """The tables that hold something of the person, besides those that have to."""
    person = re.compile("|".join((rf"(?<!\d){DIGITS}(?!\d)", re.escape(GROUPED), *SECRETS)))
    found = set()
    for table, row in await rows_of(server):
        text = row.decode("utf-8", "replace")
        if table not in MAY_NAME and person.search(text) and ANSWERS_AT_ONCE not in text:
            found.add(table)
    return found


async def test_an_own_number_is_not_erased_and_a_restricted_credential_erases_nobody(
    each_installation: Installation,
) -> None:
    server = each_installation
    await asyncio.to_thread(server.start)
    token = await asyncio.to_thread(server.token)
    async with client_of(server, token) as client:
        refused = await client.post("/v1/erasures", json={"number": SANDBOX_NUMBER})
        assert (refused.status_code, refused.json()["errors"][0]["code"]) == (422, "own_number")
        scopes = ["recordings:delete", "messages:send"]
        narrow = await post(
            client, "/v1/credentials",
            {"description": "US only", "scopes": scopes, "allowed_countries": ["US"]},
        )  # fmt: skip
        headers = {"Authorization": f"Bearer {narrow['token']}"}
        body = {"number": PERSON}
        answer = await client.post("/v1/erasures", json=body, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (403, "restriction_widened")
        half = await post(
            client, "/v1/credentials", {"description": "Half", "scopes": ["recordings:delete"]}
        )
        headers = {"Authorization": f"Bearer {half['token']}"}
        answer = await client.post("/v1/erasures", json=body, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (403, "insufficient_scope")
        assert (await get(client, "/v1/erasures"))["data"] == []


async def test_a_call_that_goes_on_is_erased_when_it_is_over(
    each_installation: Installation,
) -> None:
    server = each_installation
    server.environment["HOOKLINE_WEBHOOK_TIMEOUT_S"] = "1"
    await asyncio.to_thread(server.start)
    token = await asyncio.to_thread(server.token)
    async with client_of(server, token) as client:
        call = (await post(client, "/v1/calls", call_body(to=ANSWERS_AT_ONCE)))["id"]

        async def talks() -> bool:
            return bool((await get(client, f"/v1/calls/{call}"))["status"] == "in_progress")

        await until(talks)
        begun = await post(client, "/v1/erasures", {"number": ANSWERS_AT_ONCE})
        other = await post(client, "/v1/erasures", {"number": PERSON})
        await until_erased(client, other["id"])  # it waits for nobody
        assert (await get(client, f"/v1/calls/{call}"))["to"] == ANSWERS_AT_ONCE
        assert (await get(client, f"/v1/erasures/{begun['id']}"))["status"] == "running"
        await post(client, f"/v1/calls/{call}/hangup", None)
        assert (await until_erased(client, begun["id"]))["calls"] == 1
        assert (await get(client, f"/v1/calls/{call}"))["to"] == "erased"


async def test_an_erasure_goes_on_after_kill_9(each_installation: Installation) -> None:
    server = each_installation
    server.environment["HOOKLINE_WEBHOOK_TIMEOUT_S"] = "1"
    await asyncio.to_thread(server.start)
    token = await asyncio.to_thread(server.token)
    one = {"from": SANDBOX_NUMBER, "to": PERSON, "text": "Come to the blue door"}
    async with client_of(server, token) as client:
        await post(client, "/v1/messages/batch", {"messages": [one] * MANY})
        await settle(server)
        begun = await post(client, "/v1/erasures", {"number": PERSON})

        async def has_begun() -> bool:
            return bool((await get(client, f"/v1/erasures/{begun['id']}"))["messages"])

        await until(has_begun)
        await asyncio.to_thread(server.kill)
        await asyncio.to_thread(server.start)
        done = await until_erased(client, begun["id"])
        assert done["messages"] == MANY
        assert await holders(server) == set()
        listed = (await get(client, "/v1/messages", to="erased", limit="100"))["data"]
        assert {message["text"] for message in listed} == {None}
