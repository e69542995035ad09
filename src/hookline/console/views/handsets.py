"""Calls as the screen of a virtual phone shows them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from hookline.calls.phone_book import number_of
from hookline.calls.phone_reading import CallAtPhone
from hookline.clock import SECOND_MS
from hookline.console.views.durations import clock_length
from hookline.principal import Mode
from hookline.voice.port import Cause
from hookline.voice.sandbox.phones import HeardSound, PhoneCall, PhoneCallState

KEYS = "123456789*0#"
_ENDED_SHOWN_MS = 30 * SECOND_MS
_LETTERS = dict(
    zip("23456789", ("ABC", "DEF", "GHI", "JKL", "MNO", "PQRS", "TUV", "WXYZ"), strict=True)
)


@dataclass(frozen=True, slots=True)
class Key:
    """One key of the keypad."""

    digit: str
    letters: str
    name: str


@dataclass(frozen=True, slots=True)
class Heard:
    """Something that came out of the speaker."""

    kind: str
    text: str
    at: int
    url: str


@dataclass(frozen=True, slots=True)
class Screen:
    """One call at a phone."""

    leg_id: str
    call_id: str
    """Empty while it is not stored yet, and where its page is not of the mode that is shown."""
    state: str
    other: str
    other_name: str
    context: str
    since: int
    answered_at: int | None
    pressed: str
    is_playing: bool
    talking_to: str
    heard: Sequence[Heard]


@dataclass(frozen=True, slots=True)
class Past:
    """A call that has just ended."""

    text: str
    other: str
    call_id: str
    at: int


KEYPAD = tuple(
    Key(digit, _LETTERS.get(digit, ""), {"*": "star", "#": "pound"}.get(digit, digit))
    for digit in KEYS
)


def screens(found: Iterable[CallAtPhone], mode: Mode) -> list[Screen]:
    """What is under way, what rings first."""
    live = [one for one in found if one.shown.state is not PhoneCallState.ENDED]
    live.sort(key=lambda one: one.shown.state is not PhoneCallState.RINGING)
    return [_screen(one.shown, _page_of(one, mode)) for one in live]


def last_ended(found: Iterable[CallAtPhone], mode: Mode, now: int) -> Past | None:
    """The newest call that ended a moment ago."""
    for one in found:
        call = one.shown
        if call.ended_at is not None and now - call.ended_at < _ENDED_SHOWN_MS:
            return Past(_how(call), call.other, _page_of(one, mode), call.ended_at)
    return None


def _page_of(one: CallAtPhone, mode: Mode) -> str:
    return one.call_id or "" if one.mode is mode else ""


def _screen(call: PhoneCall, call_id: str) -> Screen:
    return Screen(
        leg_id=call.leg_id,
        call_id=call_id,
        state=call.state.value,
        other=call.other,
        other_name=call.other_name or "",
        context=call.context or "",
        since=call.since,
        answered_at=call.answered_at,
        pressed=call.pressed,
        is_playing=call.is_playing,
        talking_to=" and ".join(call.talking_to),
        heard=[_heard(call, sound) for sound in call.heard],
    )


def _heard(call: PhoneCall, sound: HeardSound) -> Heard:
    digits = number_of(call.phone_id).removeprefix("+")
    at = f"/phone/{digits}/calls/{call.leg_id}/sounds"
    text = {"digit": "The other side pressed {}", "said": "You said: {}"}.get(sound.kind, "{}")
    return Heard(
        sound.kind, text.format(sound.text), sound.at, f"{at}/{sound.file}" if sound.file else ""
    )


def _how(call: PhoneCall) -> str:
    if call.answered_at is not None:
        who = {"them": "You hung up", "us": "The other side hung up"}.get(
            call.ended_by or "", "Lost"
        )
        length = clock_length((call.ended_at or call.answered_at) - call.answered_at)
        return f"{who} after {length}"
    if call.cause is Cause.DECLINED and call.is_incoming:
        return "You declined"
    return "Missed call" if call.is_incoming else "Not answered"
