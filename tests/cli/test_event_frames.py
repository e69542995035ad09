"""Server-sent events, however the network cuts them."""

import asyncio
import itertools
from collections.abc import AsyncIterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hookline.cli.event_source import Broken, CannotListen, Frames, Told, follow

STREAM = (
    b": connected\nretry: 2000\nid: 7\n\n"
    b'id: evt_1\nevent: message.sent\ndata: {"a":1}\n\n'
    b": still here\nid: 9\n\n"
    b'id: evt_2\nevent: message.delivered\ndata: {"b": "x: y"}\n\n'
)
EVENTS = [
    Told("evt_1", "message.sent", b'{"a":1}'),
    Told("evt_2", "message.delivered", b'{"b": "x: y"}'),
]


@given(st.lists(st.integers(0, len(STREAM)), max_size=8))
def test_cuts_anywhere_change_nothing(cuts: list[int]) -> None:
    places = [0, *sorted(cuts), len(STREAM)]
    frames = Frames(None)
    found = [
        told for start, end in itertools.pairwise(places) for told in frames.feed(STREAM[start:end])
    ]
    assert found == EVENTS
    assert frames.last_id == "evt_2"


def test_frame_without_data_is_a_place_to_resume_from() -> None:
    frames = Frames(None)
    assert list(frames.feed(b": connected\nid: 41\n\n")) == []
    assert frames.last_id == "41"


class Breaking:
    """A source whose connections end as told, and that notes from where each was to begin."""

    where = "there"

    def __init__(self, *connections: list[bytes | Exception]) -> None:
        self._connections = list(connections)
        self.begun: list[str | None] = []

    async def chunks(self, after: str | None, pattern: str | None) -> AsyncIterator[bytes]:
        self.begun.append(after)
        for part in self._connections.pop(0):
            if isinstance(part, Exception):
                raise part
            yield part


def frame(number: int) -> bytes:
    return b"id: evt_%d\nevent: message.sent\ndata: {}\n\n" % number


async def test_each_connection_begins_behind_the_last_whole_event() -> None:
    source = Breaking(
        [b"id: 5\n\n", Broken("reset")],
        [frame(1), frame(2)[:20], Broken("reset")],
        [Broken("nobody listens")],
        [frame(2)],
        [CannotListen("revoked")],
    )
    notices: list[str] = []
    found: list[str] = []

    async def take_all() -> None:
        async for told in follow(source, after=None, pattern=None, notice=notices.append):
            found.append(told.id)  # noqa: PERF401 - what came before it failed counts

    with pytest.raises(CannotListen, match="revoked"):
        await asyncio.wait_for(take_all(), 20)
    assert found == ["evt_1", "evt_2"]
    assert source.begun == [None, "5", "evt_1", "evt_1", "evt_2"]
    assert notices.count("Connected again.") == 2


async def test_a_first_connection_that_fails_is_final() -> None:
    with pytest.raises(CannotListen, match="Cannot listen to there: no route"):
        async for _ in follow(
            Breaking([Broken("no route")]), after=None, pattern=None, notice=print
        ):
            pass
