"""The states: table, database, drawing, and what random reports make of a call."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from sqlalchemy import CheckConstraint, Table, update
from sqlalchemy.exc import IntegrityError

from hookline.calls.endings import ending_of
from hookline.calls.legs import gone_timer, ring_timer
from hookline.calls.live import LiveCall, live_call
from hookline.calls.model import (
    EVENT_OF,
    FINAL,
    RECORDING_TRANSITIONS,
    TRANSITIONS,
    Call,
    Change,
    HangupBy,
    Leg,
    RecordingStatus,
    Role,
    Status,
    sources,
    target,
)
from hookline.calls.plan import decide
from hookline.calls.steps import (
    ActionsCame,
    CallMove,
    HangUpWanted,
    LegMove,
    MediaReady,
    Started,
    Step,
    TimerRang,
)
from hookline.clock import UnixMs
from hookline.ids import IdSource
from hookline.storage.schema import calls, legs, recordings
from hookline.storage.schema.calls import CALL_STATUSES, HANGUP_BY, LEG_ROLES, RECORDING_STATUSES
from hookline.storage.transaction import Transaction
from hookline.voice import port
from hookline.voice.port import Cause
from tests.calls.room import Room

DRAWING = Path(__file__).parents[2] / "docs" / "calls-states.md"


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


@pytest.mark.parametrize("table", [calls, legs])
def test_the_schema_knows_the_same_statuses(table: Table) -> None:
    checks = [c for c in table.constraints if isinstance(c, CheckConstraint)]
    (check,) = [c for c in checks if str(c.sqltext).startswith("status")]
    assert re.findall(r"'(\w+)'", str(check.sqltext)) == list(CALL_STATUSES)
    assert list(CALL_STATUSES) == [status.value for status in Status]


def test_the_schema_knows_the_same_words() -> None:
    assert list(HANGUP_BY) == [by.value for by in HangupBy]
    assert set(LEG_ROLES) == {role.value for role in Role}
    assert list(RECORDING_STATUSES) == [status.value for status in RecordingStatus]
    assert {status for status, _ in RECORDING_TRANSITIONS} == {
        RecordingStatus.IN_PROGRESS, RecordingStatus.COMPLETED, RecordingStatus.FAILED,
    }  # fmt: skip
    assert recordings.c.status is not None


@pytest.mark.parametrize("table", [calls, legs])
async def test_the_database_refuses_other_statuses(room: Room, table: Table) -> None:
    await room.place()

    async def spoil(tx: Transaction) -> None:
        await tx.changed(update(table).values(status="lost"))

    with pytest.raises(IntegrityError):
        await room.store.commit(spoil)


def test_each_change_leads_to_one_status() -> None:
    for change in Change:
        assert {TRANSITIONS[source, change] for source in sources(change)} == {target(change)}


def test_nothing_leaves_a_final_status() -> None:
    assert not {source for source, _ in TRANSITIONS} & FINAL
    assert {change for _, change in TRANSITIONS} == set(Change)


# --- any order of reports -------------------------------------------------------------------------

PLANS = (
    '{"actions":[{"say":{"text":"x"}},{"gather":{}},{"pause":{}},{"record":{}}]}',
    '{"agent":"+447700900999"}',
    '{"actions":[{"dial":{"to":"+447700900999"}},{"say":{"text":"x"}}],"record":"dual"}',
    '{"answer_url":"https://example.com"}',
    '{"agent":"+447700900999","voicemail":true,"record":"mono"}',
    "{}",
)
happenings = st.lists(
    st.one_of(
        st.tuples(st.just("ring"), st.integers(0, 3), st.none()),
        st.tuples(st.just("answer"), st.integers(0, 3), st.none()),
        st.tuples(st.just("digit"), st.integers(0, 3), st.sampled_from("1#")),
        st.tuples(st.just("played"), st.integers(0, 3), st.booleans()),
        st.tuples(st.just("ended"), st.integers(0, 3), st.sampled_from(Cause)),
        st.tuples(st.just("timer"), st.integers(0, 9), st.none()),
        st.tuples(st.just("media"), st.integers(0, 3), st.booleans()),
        st.tuples(st.just("asked"), st.integers(0, 3), st.booleans()),
        st.tuples(st.just("recorded"), st.integers(0, 3), st.booleans()),
        st.tuples(st.just("hang_up"), st.just(0), st.none()),
    ),
    max_size=25,
)


class Play:
    """Plays what may come in on the pure core, and follows its moves by the transition table."""

    def __init__(self, live: LiveCall) -> None:
        self.live = live
        self.call = live.status
        self.legs = {leg.id: leg.status for leg in live.legs.values()}
        self.seen = list(self.legs)
        self.effects: list[Any] = []

    def put(self, what: Any) -> None:
        step = decide(self.live, what, UnixMs(0))
        self.effects += step.effects
        self._follow(step)

    def _follow(self, step: Step) -> None:
        for move in step.moves:
            if isinstance(move, CallMove):
                self.call = TRANSITIONS[self.call, move.change]
            elif isinstance(move, LegMove):
                known = self.legs.get(move.leg_id, Status.QUEUED)
                self.legs[move.leg_id] = TRANSITIONS[known, move.change]
        self.seen = list(self.legs)

    def step(self, kind: str, index: int, detail: Any) -> None:
        leg = self.seen[index % len(self.seen)]
        now = UnixMs(0)
        self.put(
            {
                "ring": lambda: port.Ringing(leg, now),
                "answer": lambda: port.Answered(leg, now),
                "digit": lambda: port.Digit(leg, now, detail),
                "played": lambda: port.PlaybackEnded(leg, now, self._latest("playback_id"), detail),
                "ended": lambda: port.Ended(leg, now, detail, "them"),
                "timer": lambda: TimerRang(self._timer(index, leg)),
                "media": lambda: MediaReady(self._latest("token"), Path("x") if detail else None),
                "asked": lambda: ActionsCame(self._latest("token"), [] if detail else None),
                "recorded": lambda: port.RecordingEnded(self._latest("recording_id"), now, detail),
                "hang_up": lambda: HangUpWanted(HangupBy.API, "hangup"),
            }[kind]()
        )

    def _latest(self, name: str) -> Any:
        found = [getattr(effect, name) for effect in self.effects if hasattr(effect, name)]
        return found[-1] if found else "none"

    def _timer(self, index: int, leg: port.LegId) -> str:
        names = ("script", "duration", "files", ring_timer(leg), gone_timer(leg))
        return names[index % len(names)]

    def finish(self) -> None:
        """Whatever is left ends: the call must as well, with all its legs, exactly once."""
        self.put(HangUpWanted(HangupBy.API, "hangup"))
        for leg in tuple(self.live.legs):
            self.put(port.Ended(leg, UnixMs(0), Cause.NORMAL, "us"))
        self.put(TimerRang("files"))
        assert self.live.is_done
        assert self.call in FINAL
        assert set(self.legs.values()) <= FINAL


def stored(plan: str, *, is_inbound: bool) -> tuple[Call, list[Leg]]:
    ids = IdSource()
    status = Status.RINGING if is_inbound else Status.QUEUED
    direction = "inbound" if is_inbound else "outbound"
    call_id = ids.new("call")
    call = Call(
        call_id, "acc", "live", direction, "+1", "+2", None, None, "car", None, status, None, None,
        None, plan, None, None, 0, 0, None, None, 0, "", "node",
    )  # fmt: skip
    roles = [Role.CALLER] if is_inbound else [Role.TO]
    if "agent" in plan and not is_inbound:
        roles.insert(0, Role.AGENT)
    made = [
        Leg(
            ids.new("leg"), call_id, role, "+1", "+2", "car", status, None, None, None, 0, None,
            None, None,
        )
        for role in roles
    ]  # fmt: skip
    return call, made


@given(plan=st.sampled_from(PLANS), is_inbound=st.booleans(), steps=happenings)
@hypothesis_settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_every_order_of_reports_ends_every_leg_and_the_call_once(
    plan: str, is_inbound: bool, steps: Sequence[tuple[str, int, Any]]
) -> None:
    if plan == "{}" and not is_inbound:
        return
    play = Play(live_call(*stored(plan, is_inbound=is_inbound), IdSource().new))
    play.put(Started())
    for kind, index, detail in steps:
        play.step(kind, index, detail)
    play.finish()


@given(
    role=st.sampled_from(Role),
    status=st.sampled_from([Status.DIALING, Status.RINGING, Status.IN_PROGRESS]),
    cause=st.sampled_from(Cause),
    by=st.sampled_from(["us", "them", "network", None]),
)
def test_every_end_of_a_leg_is_a_transition(
    role: Role, status: Status, cause: Cause, by: Any
) -> None:
    call, made = stored(PLANS[0], is_inbound=False)
    leg = next(iter(live_call(call, made, IdSource().new).legs.values()))
    leg.role, leg.status = role, status
    ending = ending_of(leg, port.Ended(leg.id, UnixMs(0), cause, by), None)
    assert (status, ending.change) in TRANSITIONS
