"""The states: table, database, drawing, and what random reports make of them."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from sqlalchemy import CheckConstraint, update
from sqlalchemy.exc import IntegrityError

from hookline.carriers.port import Ambiguity, Receipt, ReceiptState, SubmitResult
from hookline.messages.ambiguity import settle_ambiguous
from hookline.messages.cancelling import cancel_message
from hookline.messages.errors import NotCancelable
from hookline.messages.model import (
    EVENT_OF,
    FINAL,
    RECEIPTS,
    TRANSITIONS,
    Change,
    Status,
    sources,
    target,
)
from hookline.storage.schema import messages
from hookline.storage.schema.traffic import MESSAGE_STATUSES
from hookline.storage.transaction import Transaction
from tests.messages.room import PlayedLink, Room, part_ids

DRAWING = Path(__file__).parents[2] / "docs" / "messages-states.md"
LONG = "long " * 80
"""Three segments."""


def test_the_drawing_shows_every_transition() -> None:
    drawn = re.findall(r"^    (\w+) --> (\w+): (\w+)$", DRAWING.read_text(), re.MULTILINE)
    table = [(source, to, change) for (source, change), to in TRANSITIONS.items()]
    assert sorted(drawn) == sorted(table)


def test_the_drawing_shows_which_states_are_final() -> None:
    drawn = re.findall(r"^    (\w+) --> \[\*\]$", DRAWING.read_text(), re.MULTILINE)
    assert set(drawn) == FINAL


def test_the_drawing_tells_of_every_event() -> None:
    rows = re.findall(r"^\| (\w+) \| .* \| ([\w.]*) ?\|$", DRAWING.read_text(), re.MULTILINE)
    told = {state: event for state, event in rows if state != "state"}
    assert told == {status.value: EVENT_OF.get(status, "") for status in Status}


def test_the_schema_knows_the_same_statuses() -> None:
    checks = [c for c in messages.constraints if isinstance(c, CheckConstraint)]
    (check,) = [c for c in checks if str(c.sqltext).startswith("status")]
    assert re.findall(r"'(\w+)'", str(check.sqltext)) == list(MESSAGE_STATUSES)
    assert set(MESSAGE_STATUSES) == {status.value for status in Status}


async def test_the_database_refuses_other_statuses(room: Room) -> None:
    message_id = await room.send_played()

    async def spoil(tx: Transaction) -> None:
        await tx.changed(update(messages).where(messages.c.id == message_id).values(status="lost"))

    with pytest.raises(IntegrityError):
        await room.store.commit(spoil)


def test_each_change_leads_to_one_status() -> None:
    for change in Change:
        assert {TRANSITIONS[source, change] for source in sources(change)} == {target(change)}


def test_nothing_leaves_a_final_status() -> None:
    assert not {source for source, _ in TRANSITIONS} & FINAL
    assert {change for _, change in TRANSITIONS} == set(Change)
    assert {change for change in Change if change.startswith("receipt_")} == RECEIPTS


Report = tuple[str, int, Any]
reports = st.lists(
    st.one_of(
        st.tuples(st.just("send"), st.just(0), st.sampled_from(["short", LONG])),
        st.tuples(st.just("answer"), st.integers(0, 5), st.sampled_from(SubmitResult)),
        st.tuples(
            st.just("receipt"),
            st.integers(0, 5),
            st.tuples(st.integers(0, 2), st.sampled_from(ReceiptState)),
        ),
        st.tuples(st.just("cancel"), st.integers(0, 5), st.none()),
        st.tuples(st.just("settle"), st.just(0), st.none()),
        st.tuples(st.just("doubt"), st.just(0), st.sampled_from(["fail", "resend"])),
    ),
    min_size=4,
    max_size=30,
)


class Play:
    """Plays reports on a room whose link has them in any order."""

    def __init__(self, room: Room, link: PlayedLink) -> None:
        self.room = room
        self.link = link
        self.sent: list[str] = []

    async def play(self, steps: Sequence[Report]) -> None:
        self.sent.append(await self.room.send_played())
        for kind, index, detail in steps:
            await getattr(self, kind)(index, detail)
        await self.finish()

    async def send(self, _index: int, text: str) -> None:
        self.sent.append(await self.room.send_played(text=text))

    async def answer(self, index: int, result: SubmitResult) -> None:
        if self.link.open:
            message = self.link.open[index % len(self.link.open)]
            self.link.answer(message, result=result, retry_after_s=0.0)

    async def receipt(self, index: int, detail: tuple[int, ReceiptState]) -> None:
        """Also before the answer, twice, or of a message that was refused."""
        if self.link.taken:
            parts = part_ids(self.link.taken[index % len(self.link.taken)])
            part, state = detail
            self.link.receipt(parts[part % len(parts)], state, state.value.upper())

    async def cancel(self, index: int, _detail: None) -> None:
        room, message_id = self.room, self.sent[index % len(self.sent)]
        try:
            await room.store.commit(
                lambda tx: cancel_message(tx, room.store, room.live, message_id)
            )
        except NotCancelable:
            assert await room.status(message_id) not in {"scheduled", "queued"}

    async def settle(self, _index: int, _detail: None) -> None:
        await self.room.settle(1)

    async def doubt(self, _index: int, then: Literal["fail", "resend"]) -> None:
        """The carrier's policy about lost answers comes to pass."""
        self.link.ambiguity = Ambiguity(then, 0.0)
        await settle_ambiguous(self.room.store, self.room.dispatcher)
        await self.room.dispatcher.claim_everything()

    async def finish(self) -> None:
        """Answer and deliver whatever is open still, and look at all the histories."""
        await self.room.settle()
        while self.link.open:
            self.link.answer()
            await self.room.settle()
        parts = [part for message in self.link.taken for part in part_ids(message)]
        receipts = [Receipt(part, ReceiptState.DELIVERED) for part in parts]
        self.link.reports.receipts(self.link.carrier_id, receipts)
        await self.room.settle(4)
        for message_id in self.sent:
            await self.room.check_history(message_id)
            message = await self.room.get(message_id)
            assert message.status in FINAL or message.error_code == "submit_ambiguous"


@given(steps=reports)
@hypothesis_settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
async def test_no_order_of_reports_takes_a_message_backwards(
    room: Room, link: PlayedLink, steps: list[Report]
) -> None:
    link.taken.clear()
    await Play(room, link).play(steps)
