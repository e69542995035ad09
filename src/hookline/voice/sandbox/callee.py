"""The other side of a leg: what it is told, and the robot that behaves as its number says."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Protocol

from hookline.voice.port import Cause, Media
from hookline.voice.sandbox.recipients import Answers, Behaviour, Pace
from hookline.voice.sandbox.sound import Sound
from hookline.voice.sandbox.switchboard import By, Leg, Switchboard

MURMUR_EVERY_S = 3.0
"""A robot is heard all the time, so that every recording has two sides."""


class Callee(Protocol):
    """Who is at the other end. Every method may be left out."""

    def dialled(self, leg: Leg) -> None:
        """Our dial has arrived."""
        return

    def answered(self, leg: Leg) -> None:
        """The leg is up, whoever answered."""
        return

    def play_began(self, leg: Leg, media: Sequence[Media]) -> None:
        """It hears these."""
        return

    def play_ended(self, leg: Leg) -> None:
        """They are over, or were stopped."""
        return

    def heard_digit(self, leg: Leg, digit: str) -> None:
        """We pressed a key."""
        return

    def spoken_to(self, leg: Leg, media: Media) -> None:
        """Who is on the other side of the bridge says this."""
        return

    def joined(self, leg: Leg, others: Sequence[Leg]) -> None:
        """It hears these legs from now on; nobody, when there are none."""
        return

    def ended(self, leg: Leg, cause: Cause, by: By | None) -> None:
        """The leg is gone."""
        return


class Robot(Callee):
    """Nobody: it does what the number stands for."""

    def __init__(
        self,
        switchboard: Switchboard,
        behaviour: Behaviour,
        pace: Pace,
        voice: Callable[[str], tuple[Sound, Sound]],
    ) -> None:
        """`voice` gives a sentence as sound, and a murmur to go on with."""
        self._board = switchboard
        self._behaviour = behaviour
        self._pace = pace
        self._voice = voice
        self._pressing: asyncio.TimerHandle | None = None

    def dialled(self, leg: Leg) -> None:
        refusal, answers = self._behaviour.refusal, self._behaviour.answers
        if answers is Answers.AT_ONCE:
            self._board.later(leg, 0.0, lambda: self._answer_at_once(leg))
            return
        if refusal is None or refusal.rings:
            self._board.later(leg, self._pace.ring_s, lambda: self._board.ring(leg))
        if refusal is not None:
            self._board.later(leg, self._pace.refuse_s, lambda: self._refuse(leg))
        elif answers is Answers.SOON:
            self._board.later(leg, self._pace.answer_s, lambda: self._board.answer(leg))

    def answered(self, leg: Leg) -> None:
        now_s = self._board.now_s()
        sentence, murmur = self._voice(self._behaviour.sentence)
        over_s = leg.says.put(now_s, sentence, start_s=now_s)
        leg.says.put(now_s, murmur, start_s=over_s, every_s=MURMUR_EVERY_S)
        if self._behaviour.hangs_up:
            self._board.later(leg, self._pace.hang_up_s, lambda: self._hang_up(leg))

    def play_began(self, leg: Leg, media: Sequence[Media]) -> None:
        self._board.forget(leg, self._pressing)

    def play_ended(self, leg: Leg) -> None:
        self._board.forget(leg, self._pressing)
        if self._behaviour.presses:
            self._press_later(leg, self._pace.press_s, self._behaviour.presses)

    def _press_later(self, leg: Leg, delay_s: float, digits: str) -> None:
        self._pressing = self._board.later(leg, delay_s, lambda: self._press(leg, digits))

    def _press(self, leg: Leg, digits: str) -> None:
        self._board.press(leg, digits[0])
        if digits[1:]:
            self._press_later(leg, self._pace.digit_s, digits[1:])

    def _answer_at_once(self, leg: Leg) -> None:
        self._board.ring(leg)
        self._board.answer(leg)

    def _refuse(self, leg: Leg) -> None:
        refusal = self._behaviour.refusal
        assert refusal is not None
        self._board.end(
            leg, refusal.cause, refusal.by, sip_code=refusal.sip_code, detail=refusal.detail
        )

    def _hang_up(self, leg: Leg) -> None:
        self._board.end(leg, Cause.NORMAL, "them")
