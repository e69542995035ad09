"""A person at a virtual phone, as the other side of a leg: shows on the board what happens."""

from collections.abc import Callable, Sequence
from pathlib import Path

from hookline.clock import Clock
from hookline.voice.port import Cause, Media, Tone
from hookline.voice.sandbox.callee import Callee
from hookline.voice.sandbox.phones import HeardSound, PhoneCall, PhoneCallState, VirtualPhones
from hookline.voice.sandbox.sound import sound_of
from hookline.voice.sandbox.switchboard import By, Leg, Switchboard

_DECLINE = 603
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

    def pick_up(self, leg: Leg, call: PhoneCall) -> None:
        """The call is at the phone: it rings, or the person has dialled."""
        self._phones.begin(call, _Handset(self._board, leg))

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

    def joined(self, leg: Leg, others: Sequence[Leg]) -> None:
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
            return HeardSound(now_ms, "speech", text, media)
        return HeardSound(now_ms, "audio", media.name, media)


class _Handset:
    """The person's acts on one leg."""

    def __init__(self, switchboard: Switchboard, leg: Leg) -> None:
        self._board = switchboard
        self._leg = leg

    def answer(self) -> None:
        self._board.answer(self._leg)

    def decline(self) -> None:
        self._board.end(self._leg, Cause.DECLINED, "them", sip_code=_DECLINE)

    def hang_up(self) -> None:
        self._board.end(self._leg, Cause.NORMAL, "them")

    def press(self, digit: str) -> None:
        self._board.press(self._leg, digit)

    def speak(self, media: Media) -> None:
        now_s = self._board.now_s()
        self._leg.says.put(now_s, sound_of(media), start_s=now_s)
