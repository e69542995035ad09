"""A running call in the memory of its node: its legs, what it is doing, and how it will end.

Nothing here does anything: the functions of `plan` and `script` change it and say what is to be done.
"""

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import msgspec

from hookline.calls.model import LIVE, Call, Change, HangupBy, Leg, Role, Status
from hookline.numbers.call_actions import Action, Gather, RecordLayout, Say, action_list
from hookline.voice.port import BridgeId, LegId, PlaybackId, RecordingId

RING_TIMEOUT_S = 45
MAX_DURATION_S = 14_400


class Plan(msgspec.Struct, frozen=True, omit_defaults=True):
    """What is to be done on a call, as its row keeps it."""

    agent: str | None = None
    actions: list[Any] | None = None  # Any: JSON, as it was written
    answer_url: str | None = None
    record: RecordLayout = "none"
    ring_timeout_s: int = RING_TIMEOUT_S
    max_duration_s: int = MAX_DURATION_S
    send_digits: str | None = None
    voicemail: bool = False

    def script(self) -> list[Action]:
        """The actions, which were checked when the plan was made."""
        return [] if self.actions is None else action_list.validate_python(self.actions)


_decode_plan = msgspec.json.Decoder(Plan).decode


class Verdict(NamedTuple):
    """How the call ends; the first one counts."""

    change: Change
    """What it is for a call that was never answered."""
    hangup_by: HangupBy | None
    reason: str
    sip_code: int | None = None


@dataclass(slots=True)
class LiveLeg:
    """A leg that has not ended."""

    id: LegId
    role: Role
    recipient: str
    status: Status = Status.QUEUED
    is_ending: bool = False

    @property
    def is_answered(self) -> bool:
        return self.status is Status.IN_PROGRESS


@dataclass(slots=True)
class Preparing:
    """Something to be heard is being made."""

    token: str


@dataclass(slots=True)
class Playing:
    """Something is heard, and the next action waits for its end."""

    playback_id: PlaybackId


@dataclass(slots=True)
class Gathering:
    """Digits are waited for."""

    gather: Gather
    digits: str = ""
    token: str | None = None
    """Of the prompt that is being made."""
    playback_id: PlaybackId | None = None


@dataclass(slots=True)
class Pausing:
    """Nothing is heard until the timer rings."""


@dataclass(slots=True)
class Taking:
    """What is said on the main leg is being recorded."""

    recording_id: RecordingId


@dataclass(slots=True)
class Asking:
    """The answer URL is being asked."""

    token: str


@dataclass(slots=True)
class Connecting:
    """Another leg rings, or is joined with the main one."""

    leg_id: LegId
    role: Role
    record: RecordLayout
    ringback: PlaybackId | None = None
    bridge_id: BridgeId | None = None
    recording_id: RecordingId | None = None
    """Of this connection alone; a call that is recorded anyway goes on being so."""


Doing = Preparing | Playing | Gathering | Pausing | Taking | Asking | Connecting


@dataclass(slots=True)
class LiveCall:
    """A running call."""

    call: Call
    """As it was when this node took it; only its unchanging facts are looked at."""
    plan: Plan
    new_id: Callable[[str], str]
    status: Status
    main: LegId
    """The leg that the actions run on."""
    followed: LegId
    """The leg whose status is the call's."""
    legs: dict[LegId, LiveLeg] = field(default_factory=dict)
    script: deque[Action] = field(default_factory=deque)
    is_to_connect: bool = False
    """Click to call: the `to` leg is dialled once the agent has heard who that is."""
    end_reason: str = "actions_ended"
    """Why it ends when nothing is left to do."""
    doing: Doing | None = None
    verdict: Verdict | None = None
    recordings: set[RecordingId] = field(default_factory=set)
    call_recording: RecordingId | None = None
    """The one that pause, resume and stop are about."""
    announcements: set[str] = field(default_factory=set)
    """Tokens of what is to be heard beside the script."""
    is_over: bool = False
    """The terminal status is committed or about to be."""

    @property
    def is_done(self) -> bool:
        """Nothing more can happen to it."""
        return self.is_over and not self.recordings

    @property
    def answered_legs(self) -> tuple[LegId, ...]:
        """Those who hear something, the main one first."""
        found = [leg.id for leg in self.legs.values() if leg.is_answered and not leg.is_ending]
        return tuple(sorted(found, key=lambda leg_id: leg_id != self.main))


def live_call(
    call: Call,
    legs: Sequence[Leg],
    new_id: Callable[[str], str],
    script: Sequence[Action] | None = None,
) -> LiveCall:
    """A stored call, ready to run. `script`: its plan's actions, where they are at hand."""
    plan = _decode_plan(call.plan)
    found = {
        LegId(leg.id): LiveLeg(LegId(leg.id), Role(leg.role), leg.recipient, Status(leg.status))
        for leg in legs
        if leg.status in LIVE
    }
    by_role = {leg.role: leg.id for leg in found.values()}
    followed = by_role.get(Role.TO) or by_role[Role.CALLER]
    live = LiveCall(
        call,
        plan,
        new_id,
        Status(call.status),
        main=by_role.get(Role.AGENT, followed),
        followed=followed,
        legs=found,
        script=deque(plan.script() if script is None else script),
    )
    if Role.AGENT in by_role:
        live.is_to_connect = True
        live.script.append(_announcement(call.recipient))
    return live


def _announcement(recipient: str) -> Action:
    """What an agent hears who has picked up: a number's digits one by one, a SIP URI's user."""
    name = recipient.partition(":")[2].partition("@")[0] if "@" in recipient else recipient
    spoken = " ".join(name.removeprefix("+")) if name.removeprefix("+").isdigit() else name
    return Action(say=Say(text=f"Calling {spoken}."))
