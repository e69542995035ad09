"""The answer URL: what is asked when, and what callers hear when it fails."""

import json
import re

import pytest
from msgspec.structs import replace

from hookline.calls.answers import AnswerUnusable, AnswerUrls, actions_in
from hookline.ids import AccountId
from hookline.numbers.call_actions import Action, Hangup, action_list
from hookline.outbound.signing import new_secret, sign
from tests.calls.played import PlayedEngine
from tests.calls.room import Room
from tests.outbound.servers import answering, client, serve

URL = "https://example.com/answer"
SECRET = new_secret()


def says(text: str) -> list[dict[str, object]]:
    return [{"say": {"text": text}}]


async def test_it_is_asked_when_answered(room: Room, engine: PlayedEngine) -> None:
    room.answers.actions = [action_list.validate_python(says("From afar"))]
    await room.place_answered(answer_url=URL)
    playback = await engine.telling("play")
    assert str(playback[2][0]) == "From afar"
    assert room.answers.asked == [(URL, "answered", None)]


async def test_it_is_asked_again_after_each_gather(room: Room, engine: PlayedEngine) -> None:
    room.answers.actions = [
        action_list.validate_python([{"gather": {"digits": 2}}, *says("Never heard")]),
        action_list.validate_python(says("Thank you")),
    ]
    _, leg_id = await room.place_answered(answer_url=URL)
    await room.until_type("call.answered")
    while not room.desk.runs[leg_id].live.doing:
        await room.store.commit(_nothing)
    engine.press(leg_id, "42")
    playback = await engine.telling("play")
    assert str(playback[2][0]) == "Thank you"
    assert room.answers.asked[1:] == [(URL, "gathered", "42")]


async def test_a_failure_is_spoken_and_told(room: Room, engine: PlayedEngine) -> None:
    call_id, leg_id = await room.place_answered(answer_url=URL)
    playback = await engine.telling("play")
    assert str(playback[2][0]).startswith("We are sorry")
    engine.played(playback)
    await engine.telling("hang_up")
    engine.end(leg_id, by="us")
    event = await room.until_type("call.completed", call_id)
    assert event["data"]["reason"] == "answer_url_failed"
    assert "answer_url_failed: It answered 500." in (await room.get(call_id)).timeline


async def _nothing(_tx: object) -> None:
    """Lets what waits be committed."""


# --- over HTTP ------------------------------------------------------------------------------------


async def ask(
    room: Room, call_id: str, reply: bytes, credential_id: str | None = None
) -> tuple[list[Action], str, bytes]:
    """What the reply makes of a call that the credential has placed, and the head and body of the request that came."""
    requests: list[tuple[str, bytes]] = []

    async def secrets_of(_: AccountId) -> list[str]:
        return [SECRET]

    async with serve(answering(reply, requests=requests)) as server, client() as http:
        asker = AnswerUrls(room.store, http, secrets_of, room.permission)
        call = replace(await room.get(call_id), credential_id=credential_id)
        actions = await asker.ask(call, server.url(), "answered", None)
    return actions, *requests[0]


def answer(body: bytes, status: str = "200 OK") -> bytes:
    return b"HTTP/1.1 %b\r\nContent-Length: %d\r\n\r\n%b" % (status.encode(), len(body), body)


async def test_the_request_is_signed_and_tells_of_the_call(room: Room) -> None:
    call_id = await room.place(metadata={"order": "7"})
    actions, head, body = await ask(room, call_id, answer(b'{"actions":[{"hangup":{}}]}'))
    headers = dict(re.findall(r"(webhook-\w+): (.*)\r", head))
    now_s = str(room.store.now() // 1_000)
    assert headers["webhook-timestamp"] == now_s
    assert headers["webhook-signature"] == sign([SECRET], headers["webhook-id"], int(now_s), body)
    told = json.loads(body)
    assert (told["event"], told["call"]["id"]) == ("answered", call_id)
    assert told["call"]["metadata"] == {"order": "7"}
    assert isinstance(actions[0].chosen, Hangup)


@pytest.mark.parametrize("status", ["500 Oops", "302 Found", "404 Not Found"])
async def test_any_other_status_than_2xx_has_failed(room: Room, status: str) -> None:
    call_id = await room.place()
    with pytest.raises(AnswerUnusable, match=status[:3]):
        await ask(room, call_id, answer(b'{"actions":[{"hangup":{}}]}', status))


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"{", "valid JSON"),
        (b'{"actions": []}', "at least 1"),
        (b'{"actions": [{"fly": {}}]}', "/0/fly"),
        (b'[{"say": {}}]', "/0/say/text"),
        (b"null", "list"),
    ],
)
def test_an_answer_is_held_to_the_rules(body: bytes, why: str) -> None:
    with pytest.raises(AnswerUnusable, match=why):
        actions_in(body)


def test_actions_may_come_bare() -> None:
    assert len(actions_in(json.dumps(says("x")).encode())) == 1
