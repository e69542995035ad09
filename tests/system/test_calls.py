"""Calls on the running program, over the sandbox: recorded, connected, answered from afar, killed."""

import asyncio
import io
import json
import wave
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.system.inspection import query, wait_for
from tests.system.installation import Installation
from tests.system.receiver import Receiver
from tests.system.recipes import ANSWERS_AT_ONCE, SANDBOX_NUMBER, call_body
from tests.system.site import Site

LEAVES = "+15005550012"
FINAL = {"completed", "busy", "no_answer", "declined", "failed", "canceled"}


@pytest.fixture
def api(site: Site) -> httpx.Client:
    return site.world.client


def ended(api: httpx.Client, call_id: str) -> Any:
    """The call, once it has ended."""

    def get() -> Any:
        return api.get(f"/v1/calls/{call_id}").json()

    wait_for(lambda: get()["status"] in FINAL)
    return get()


def place(api: httpx.Client, **changes: Any) -> str:
    answer = api.post("/v1/calls", json=call_body(**changes))
    assert answer.status_code == 202, answer.text
    return str(answer.json()["id"])


def events_of(api: httpx.Client, call_id: str) -> list[Any]:
    found: list[Any] = []
    after = None
    while True:
        params = {"limit": 100} | ({"after": after} if after else {})
        page = api.get("/v1/events", params=params).json()
        found += page["data"]
        after = page["next_cursor"]
        if not page["has_more"]:
            return [
                event
                for event in found
                if call_id in (event["data"]["id"], event["data"].get("call_id"))
            ]


@pytest.fixture(scope="module")
def recording(site: Site) -> str:
    return site.world.recording()


def test_a_recording_has_sound_of_the_length_that_is_told(
    api: httpx.Client, recording: str
) -> None:
    told = api.get(f"/v1/recordings/{recording}").json()
    audio = api.get(f"/v1/recordings/{recording}/audio")
    assert audio.headers["content-type"] == "audio/wav"
    assert len(audio.content) == told["bytes"]
    with wave.open(io.BytesIO(audio.content)) as file:
        assert (file.getframerate(), file.getnchannels(), file.getsampwidth()) == (8_000, 1, 2)
        assert round(file.getnframes() / 8) == told["duration_ms"]
    (row,) = told["peaks"]
    assert max(row) > 0


def test_a_part_of_a_recording_can_be_fetched(api: httpx.Client, recording: str) -> None:
    url = f"/v1/recordings/{recording}/audio"
    part = api.get(url, headers={"Range": "bytes=0-43"})
    assert part.status_code == 206
    assert part.headers["content-range"].startswith("bytes 0-43/")
    assert (len(part.content), part.content[:4]) == (44, b"RIFF")
    etag = api.get(url).headers["etag"]
    assert api.get(url, headers={"If-None-Match": etag}).status_code == 304
    assert api.get(url, headers={"Range": "bytes=999999999-"}).status_code == 416


async def test_who_listens_is_written_down_once(running: Installation, site: Site) -> None:
    recording = await asyncio.to_thread(site.world.recording)
    async with httpx.AsyncClient(base_url=running.url, headers=site.bearer) as api:
        for part in ("bytes=0-43", "bytes=44-99", "bytes=100-"):
            url = f"/v1/recordings/{recording}/audio"
            assert (await api.get(url, headers={"Range": part})).status_code == 206
    rows = await query(
        running,
        "SELECT actor_kind, ip FROM audit WHERE action = 'recording.listen' "
        f"AND resource_id = '{recording}'",
    )
    assert [tuple(row) for row in rows] == [("credential", "127.0.0.1")]


def test_a_deleted_recording_is_gone(site: Site, api: httpx.Client) -> None:
    recording = site.world.recording()
    assert api.delete(f"/v1/recordings/{recording}").status_code == 204
    assert api.get(f"/v1/recordings/{recording}").json()["status"] == "deleted"
    assert api.get(f"/v1/recordings/{recording}/audio").status_code == 404


def test_a_call_that_is_not_valid_is_refused_by_its_field(api: httpx.Client) -> None:
    answer = api.post("/v1/calls", json=call_body(colour="red"))
    assert answer.status_code == 422
    assert [(one["pointer"], one["code"]) for one in answer.json()["errors"]] == [
        ("/colour", "unknown_field")
    ]
    answer = api.post("/v1/calls", content=b"{", headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.json()["code"]) == (400, "malformed_request")


def test_a_click_to_call_connects_two_sides(api: httpx.Client) -> None:
    call = ended(api, place(api, actions=None, agent=ANSWERS_AT_ONCE, to=LEAVES))
    assert (call["status"], call["hangup_by"]) == ("completed", "callee")
    assert [(leg["role"], leg["status"]) for leg in call["legs"]] == [
        ("agent", "completed"),
        ("to", "completed"),
    ]
    told = [event for event in events_of(api, call["id"]) if event["type"] != "call.dtmf"]
    assert [event["type"] for event in told][-1] == "call.completed"
    assert [event["sequence"] for event in told] == sorted({event["sequence"] for event in told})


@pytest.mark.parametrize(
    ("to", "status", "sip_code"),
    [
        ("+15005550007", "busy", 486),
        ("+15005550009", "declined", 603),
        ("+15005550011", "failed", 503),
    ],
)
def test_special_recipients_end_as_they_should(
    api: httpx.Client, to: str, status: str, sip_code: int
) -> None:
    call = ended(api, place(api, to=to))
    assert (call["status"], call["sip_code"]) == (status, sip_code)


def test_digits_are_gathered_and_branch(api: httpx.Client) -> None:
    gather = {
        "digits": 3,
        "timeout_seconds": 10,
        "prompt": {"say": {"text": "Your number, please."}},
        "then": {"123": [{"hangup": {}}]},
    }
    actions = [{"gather": gather}, {"pause": {"seconds": 5}}]
    call = ended(api, place(api, actions=actions))
    assert call["reason"] == "hangup_action", call["timeline"]
    pressed = [
        event["data"]["digit"]
        for event in events_of(api, call["id"])
        if event["type"] == "call.dtmf"
    ]
    assert "".join(pressed) == "123"


async def test_status_url_gets_the_whole_story_signed(
    api: httpx.Client, receiver: Receiver
) -> None:
    call_id = place(api, actions=[{"pause": {"seconds": 1}}], status_url=f"{receiver.url}/calls")
    requests = await receiver.take(4, "/calls")
    bodies = sorted((request.json for request in requests), key=lambda body: body["sequence"])
    assert {body["data"]["id"] for body in bodies} == {call_id}
    assert bodies[0]["type"] == "call.dialing"
    assert bodies[-1]["type"] == "call.completed"
    assert all(request.headers["webhook-signature"] for request in requests)


async def test_an_answer_url_that_says_nothing_useful_is_reported(
    api: httpx.Client, receiver: Receiver
) -> None:
    call_id = place(api, actions=None, answer_url=f"{receiver.url}/answer")
    (request,) = await receiver.take(1, "/answer")
    assert (request.json["event"], request.json["call"]["id"]) == ("answered", call_id)
    call = ended(api, call_id)
    assert call["reason"] == "answer_url_failed"


def test_a_call_is_hung_up_in_the_middle(api: httpx.Client, site: Site) -> None:
    call_id = site.world.call()
    assert api.post(f"/v1/calls/{call_id}/hangup").status_code == 202
    call = ended(api, call_id)
    assert (call["status"], call["hangup_by"]) == ("completed", "api")
    assert api.post(f"/v1/calls/{call_id}/hangup").status_code == 409


# --- kill -9 ----------------------------------------------------------------------------------------


@pytest.fixture
def owner(each_installation: Installation) -> Iterator[httpx.Client]:
    each_installation.start()
    headers = {"Authorization": f"Bearer {each_installation.token()}"}
    with httpx.Client(base_url=each_installation.url, timeout=30, headers=headers) as client:
        yield client


def test_a_call_does_not_outlive_its_server(
    each_installation: Installation, owner: httpx.Client
) -> None:
    call_id = place(owner)
    wait_for(lambda: owner.get(f"/v1/calls/{call_id}").json()["status"] == "in_progress")
    each_installation.kill()
    each_installation.start()
    call = ended(owner, call_id)
    assert (call["status"], call["reason"]) == ("failed", "node_lost")
    kinds = [event["type"] for event in events_of(owner, call_id)]
    assert kinds.count("call.failed") == 1
    assert kinds[-1] == "call.failed"


def test_a_clean_stop_ends_calls(each_installation: Installation, owner: httpx.Client) -> None:
    call_id = place(owner)
    wait_for(lambda: owner.get(f"/v1/calls/{call_id}").json()["status"] == "in_progress")
    each_installation.stop()
    each_installation.start()
    call = owner.get(f"/v1/calls/{call_id}").json()
    assert (call["status"], call["reason"]) == ("completed", "server_stopping")


def test_a_phone_that_rings_shows_who_calls(api: httpx.Client) -> None:
    call_id = place(api, to="+12025550110", ring_timeout_seconds=1)
    call = ended(api, call_id)
    assert (call["status"], call["from"]) == ("no_answer", SANDBOX_NUMBER)
    assert json.dumps(call["timeline"]).count("ringing") == 1
