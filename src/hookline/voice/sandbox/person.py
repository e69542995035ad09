"""A person at a virtual phone, as the other side of a leg: shows on the board what happens."""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from hookline.clock import Clock
from hookline.voice.port import Cause, Media, Tone
from hookline.voice.sandbox.callee import Callee
from hookline.voice.sandbox.phones import (
    WAIT,
    HeardSound,
    PhoneCall,
    PhoneCallState,
    VirtualPhones,
)
from hookline.voice.sandbox.sound import sound_of
from hookline.voice.sandbox.switchboard import By, Leg, Switchboard

_DECLINE = 603
_DIGIT_S = 0.25
"""From one key to the next."""
_WAIT_S = 0.5
TextOf = Callable[[Path], str | None]
"""What a file says, where it was made from text."""


class Person(Callee):
    """Waits for the person's acts, and tells the board what the phone does."""

    def __init__(
        self,
        switchboard: Switchboard,
        phones: VirtualPhones,
        clock: Clock,
        text_of: TextOf,
    ) -> None:
        self._board = switchboard
        self._phones = phones
        self._clock = clock
        self._text_of = text_of
        self._others: Sequence[Leg] = ()

    def pick_up(self, leg: Leg, call: PhoneCall) -> None:
        """The call is at the phone: it rings, or the person has dialled."""
        self._phones.begin(call, _Handset(self._board, leg, self))

    def dialled(self, leg: Leg) -> None:
        self._board.ring(leg)

    def answered(self, leg: Leg) -> None:
        self._phones.change(
            leg.leg_id, state=PhoneCallState.TALKING, answered_at=self._clock.now_ms()
        )

    def play_began(self, leg: Leg, media: Sequence[Media]) -> None:
        self._phones.hear(leg.leg_id, [self._describe(item) for item in media], is_playing=True)

    def play_ended(self, leg: Leg) -> None:
        self._phones.change(leg.leg_id, is_playing=False)

    def heard_digit(self, leg: Leg, digit: str) -> None:
        self._phones.hear(leg.leg_id, [HeardSound(self._clock.now_ms(), "digit", digit)])

    def spoken_to(self, leg: Leg, media: Media) -> None:
        self._phones.hear(leg.leg_id, [self._describe(media)])

    def says(self, leg: Leg, media: Media) -> None:
        """The person speaks: whoever is on the other side of a bridge hears it."""
        said = self._describe(media)
        self._phones.hear(leg.leg_id, [HeardSound(said.at, "said", said.text)])
        for other in self._others:
            other.callee.spoken_to(other, media)

    def joined(self, leg: Leg, others: Sequence[Leg]) -> None:
        self._others = tuple(others)
        names = tuple(other.other for other in others)
        text = f"Talking to {' and '.join(names)}" if names else "Nobody else is there"
        heard = HeardSound(self._clock.now_ms(), "talking", text)
        self._phones.hear(leg.leg_id, [heard], talking_to=names)

    def ended(self, leg: Leg, cause: Cause, by: By | None) -> None:
        self._phones.end(leg.leg_id, cause, by)

    def _describe(self, media: Media) -> HeardSound:
        now_ms = self._clock.now_ms()
        if isinstance(media, Tone):
            what = f"{media.hertz} Hz" if media.hertz else "Silence"
            return HeardSound(now_ms, "tone", f"{what}, {media.milliseconds / 1_000:g} s")
        text = self._text_of(media)
        if text is not None:
            return HeardSound(now_ms, "speech", text, media.stem)
        return HeardSound(now_ms, "audio", "An audio file", media.stem)


class _Handset:
    """The person's acts on one leg."""

    def __init__(self, switchboard: Switchboard, leg: Leg, person: Person) -> None:
        self._board = switchboard
        self._leg = leg
        self._person = person

    def answer(self) -> None:
        self._board.answer(self._leg)

    def decline(self) -> None:
        self._board.end(self._leg, Cause.DECLINED, "them", sip_code=_DECLINE)

    def hang_up(self) -> None:
        self._board.end(self._leg, Cause.NORMAL, "them")

    def press(self, digits: str) -> None:
        delay_s = 0.0
        for digit in digits:
            if digit == WAIT:
                delay_s += _WAIT_S
                continue
            if delay_s:
                self._board.later(self._leg, delay_s, partial(self._board.press, self._leg, digit))
            else:
                self._board.press(self._leg, digit)
            delay_s += _DIGIT_S

    def speak(self, media: Media) -> None:
        now_s = self._board.now_s()
        self._leg.says.put(now_s, sound_of(media), start_s=now_s)
        self._person.says(self._leg, media)
