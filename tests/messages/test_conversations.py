"""Conversations: begun and kept by what comes in; what we send is found when they are read."""

import asyncio

import pytest
from httpx import AsyncClient
from sqlalchemy import select

from hookline.carriers.encoding import Encoding
from hookline.carriers.port import Incoming
from hookline.clock import ManualClock, UnixMs
from hookline.erasing import Person
from hookline.messages.conversations import erase_from_conversations
from hookline.principal import Mode
from hookline.storage.schema import conversations
from tests.messages.room import REAL_NUMBER, SANDBOX_NUMBER, PlayedLink, Room, another_node
from tests.messages.test_routes import problem

URL = "/v1/conversations"
PERSON = "+447700900321"
OTHER = "+447700900322"


async def hear(room: Room, text: str = "hello", who: str = PERSON) -> str:
    incoming = Incoming(who, REAL_NUMBER, text, Encoding.GSM7, 1)
    return str(await room.dispatcher.received(room.carrier_id, incoming))


async def listed(web: AsyncClient, **params: str) -> list[dict]:
    return list((await web.get(URL, params=params)).raise_for_status().json()["data"])


async def test_a_thread_has_both_sides_in_order(
    web: AsyncClient, room: Room, link: PlayedLink
) -> None:
    await room.send_played(OTHER)
    ours = [await room.send_played(PERSON, text="one")]
    assert await listed(web) == []  # nobody has answered
    theirs = await hear(room, "two")
    ours.append(await room.send_played(PERSON, text="three"))
    await room.send(PERSON, "from another number", sender=SANDBOX_NUMBER)
    (one,) = await listed(web)
    assert (one["number"], one["party"], one["unread"]) == (REAL_NUMBER, PERSON, 1)
    assert (one["last_inbound"]["id"], one["last_inbound"]["text"]) == (theirs, "two")
    url = f"{URL}/{one['id']}/messages"
    first = (await web.get(url, params={"limit": "2"})).json()
    rest = (await web.get(url, params={"cursor": first["next_cursor"]})).json()
    assert [message["id"] for message in first["data"] + rest["data"]] == [
        ours[1], theirs, ours[0],
    ]  # fmt: skip
    upwards = (await web.get(url, params={"order": "asc"})).json()
    assert [message["text"] for message in upwards["data"]] == ["one", "two", "three"]


async def test_those_with_the_newest_answer_come_first(web: AsyncClient, room: Room) -> None:
    for who in (PERSON, OTHER, PERSON):
        await hear(room, who=who)
    assert [(one["party"], one["unread"]) for one in await listed(web)] == [(PERSON, 2), (OTHER, 1)]
    assert [one["party"] for one in await listed(web, party=OTHER)] == [OTHER]
    assert await listed(web, number=SANDBOX_NUMBER) == []
    page = (await web.get(URL, params={"limit": "1"})).json()
    assert [one["party"] for one in await listed(web, cursor=page["next_cursor"])] == [OTHER]
    problem(await web.get(URL, params={"cursor": "x"}), 422, "invalid")


async def test_reading_counts_up_to_a_message(web: AsyncClient, room: Room) -> None:
    first, _ = await hear(room), await hear(room)
    (one,) = await listed(web, unread="true")
    url = f"{URL}/{one['id']}/read"
    assert (await web.post(url, json={"until": first})).json()["unread"] == 1
    assert (await web.post(url, json={})).json()["unread"] == 0
    assert await listed(web, unread="true") == []
    await hear(room)
    assert (await web.get(f"{URL}/{one['id']}")).json()["unread"] == 1
    problem(await web.post(url, json={"until": "x"}), 422, "invalid")


async def test_two_nodes_begin_one_conversation(web: AsyncClient, room: Room) -> None:
    async with another_node(room) as other:
        await asyncio.gather(*(hear(node) for node in (room, other, room, other)))
    (one,) = await listed(web)
    newest = (await web.get("/v1/messages", params={"limit": "1"})).json()["data"][0]
    assert (one["unread"], one["last_inbound"]["id"]) == (4, newest["id"])


@pytest.mark.parametrize("has_written_since", [False, True])
async def test_an_erased_person_has_no_conversation_from_before(
    room: Room, clock: ManualClock, has_written_since: bool
) -> None:
    await hear(room)
    clock.advance(seconds=60)
    before = UnixMs(clock.now_ms())
    if has_written_since:
        await hear(room)
    await room.store.commit(
        lambda tx: erase_from_conversations(tx, room.account_id, Mode.LIVE, Person(PERSON), before)
    )
    rows = await room.store.read(select(conversations))
    expected = [(PERSON, 1, before)] if has_written_since else []
    assert [(row.party, row.unread, row.created_at) for row in rows] == expected
