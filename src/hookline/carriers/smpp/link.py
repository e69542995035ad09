"""The link to an SMPP carrier: its binds, and what is on its way through them.

What was handed over leaves in order, within the carrier's window and rate. Whatever is put off,
because the carrier asks to slow down or all sessions are gone, goes back to the queue as long as no
octet of it has left; what has left and was not answered is ambiguous, and never sent again blindly.
"""

import asyncio
import contextlib
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from hookline.carriers.figures import Figures
from hookline.carriers.jobs import Job, Jobs, put_back
from hookline.carriers.pace import TIMING, Pace, Timing
from hookline.carriers.port import (
    Ambiguity,
    Opening,
    Outgoing,
    Outstanding,
    Receipt,
    SubmitResult,
    Submitted,
)
from hookline.carriers.smpp.arrivals import Arrivals
from hookline.carriers.smpp.binds import CarrierBind, condition_of, enquired_at, spread
from hookline.carriers.smpp.coding import LongMessages
from hookline.carriers.smpp.inquiries import Inquiries
from hookline.carriers.smpp.message_ids import IdFormat, MessageIds
from hookline.carriers.smpp.pdu import Deliver
from hookline.carriers.smpp.session import Answer, SmppSession
from hookline.carriers.smpp.settings import SmppSettings
from hookline.carriers.smpp.status import Verdict, error_code_of, name_of, verdict_of
from hookline.carriers.smpp.submits import Encoder, Unsendable
from hookline.telemetry.link_state import LinkState
from hookline.telemetry.logs import get_logger

log = get_logger(__name__)
_ANSWERS_GRACE_S = 1.5
_UNBIND_S = 0.5
_NOT_TAKEN = (Verdict.THROTTLED, Verdict.RETRY)
_DOWN = "The link went down before it was sent."


class _Pause(NamedTuple):
    """For how long nothing is sent, and why."""

    after_s: float
    carrier_code: str
    detail: str


class SmppLink:
    """One carrier's binds."""

    def __init__(
        self,
        settings: SmppSettings,
        secrets: Mapping[str, str],
        opening: Opening,
        timing: Timing = TIMING,
    ) -> None:
        self.carrier_id = opening.carrier_id
        self.ambiguity = Ambiguity(
            settings.ambiguous,
            float(settings.ambiguous_wait_seconds),
            is_whole=settings.long_messages is LongMessages.PAYLOAD,
            can_ask=settings.query,
        )
        self._settings = settings
        self._timing = timing
        self._clock = opening.clock
        self._reports = opening.reports
        self._loop = asyncio.get_running_loop()
        self._ids = MessageIds(settings.message_id_format, _format_of(opening.before))
        self._figures = Figures(opening.clock, self._loop.time())
        self._encoder = Encoder(settings)
        self._jobs = Jobs()
        self._pace = Pace(
            settings.rate,
            self._loop.time(),
            timing,
            opening.before.rate_learned if opening.before else 0.0,
        )
        self._pump_timer: asyncio.TimerHandle | None = None
        self._pump_at = 0.0
        self._is_closing = False
        self._drained = asyncio.Event()
        self._inquiries = Inquiries(settings, self._ids, self._any_sender, self._told)
        self._arrivals = Arrivals(opening, settings, self._ids, self._figures)
        self._binds = [
            CarrierBind(self, settings, secrets, opening.clock, timing)
            for _ in range(settings.binds)
        ]
        self._connectors = [one for bind in self._binds for one in bind.connectors]
        for connector in self._connectors:
            connector.start()

    # --- the port ----------------------------------------------------------------------------

    @property
    def window(self) -> int:
        if self._is_closing:
            return 0
        ahead = sum(bind.ahead for bind in self._binds)
        if self._pace.is_refused:
            return min(ahead, 1)
        if self._pace.rate:  # what would wait for more than a second is better off queued
            ahead = min(ahead, max(1, int(self._pace.rate)))
        return ahead

    def submit(self, messages: Sequence[Outgoing]) -> None:
        if self._is_closing or not self._can_send():
            unsent = [Job(message, ()) for message in messages]
            self._report(put_back(unsent, _DOWN, after_s=0.0))
            return
        unsendable: list[Submitted] = []
        for message in messages:
            try:
                self._jobs.add(Job(message, self._encoder.submits(message)))
            except Unsendable as error:
                unsendable.append(
                    Submitted(
                        message.message_id,
                        SubmitResult.REJECTED,
                        error_code=error.code,
                        detail=error.detail,
                    )
                )
        self._pump()
        self._report(unsendable)

    def recover(self, outstanding: Sequence[Outstanding]) -> None:
        """The carrier keeps its receipts, and sends them by itself."""

    def inquire(self, outstanding: Sequence[Outstanding]) -> None:
        """By query_sm; what the carrier says counts as a receipt does."""
        self._inquiries.ask(outstanding)

    def state(self) -> LinkState:
        condition = condition_of(self._connectors)
        now_s = self._loop.time()
        enquired = enquired_at(self._connectors)
        sessions = [
            one for number, bind in enumerate(self._binds, 1) for one in bind.states(number)
        ]
        return self._figures.state(
            LinkState(
                phase=condition.phase,
                since=condition.since,
                detail=condition.detail,
                window=self._settings.window * len(self._binds),
                window_now=sum(one.window for one in sessions),
                in_flight=sum(one.in_flight for one in sessions),
                rate_limit=self._settings.rate,
                rate_learned=round(self._pace.learned, 1),
                sessions=tuple(sessions),
                last_enquire_at=self._clock.now_ms() - int((now_s - enquired) * 1e3)
                if enquired
                else None,
                message_id_format=self._ids.learned.value,
            ),
            now_s,
        )

    async def close(self) -> None:
        self._is_closing = True
        self._drained.clear()
        self._inquiries.close()
        self._report(put_back(self._jobs.give_back_unsent(), _DOWN, after_s=0.0))
        end = self._loop.time() + _ANSWERS_GRACE_S
        if self._can_send():  # else no answer can come
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout_at(end):
                    await self._drained.wait()
        await self._arrivals.drain(max(0.1, end - self._loop.time()))
        await asyncio.gather(*(connector.stop(_UNBIND_S) for connector in self._connectors))
        self._arrivals.close()
        if self._pump_timer is not None:
            self._pump_timer.cancel()
        left = self._jobs.take_all()
        for job in left:
            job.is_ambiguous = True
        self._report([job.outcome() for job in left])

    # --- what sessions say -------------------------------------------------------------------

    def answered(self, answers: Sequence[Answer]) -> None:
        now = self._loop.time()
        taken = [
            one.waited_s
            for one in answers
            if not one.status or verdict_of(one.status) not in _NOT_TAKEN
        ]
        if taken:
            self._pace.taken(len(taken), now - taken[-1], now)
        outcomes: list[Submitted] = []
        for answer in answers:
            answer.token[0].open -= 1
            self._take_answer(answer, now, outcomes)
        self._pump()
        self._report(outcomes)

    def delivered(self, session: SmppSession, delivers: Sequence[tuple[int, int, Deliver]]) -> None:
        self._arrivals.take(session, delivers)

    def writable(self) -> None:
        self._pump()

    def lost(self, tokens: Sequence[Any]) -> None:  # Any: (Job, segment), as `send` gave them
        """These have left, and their session ended before they were answered."""
        outcomes: list[Submitted] = []
        for job, _ in tokens:
            job.open -= 1
            job.is_ambiguous = True
            self._figures.answered("ambiguous")
            self._jobs.drop(job)
            self._finish_if_done(job, outcomes)
        self._pace.unanswered()
        self._report(outcomes)

    def _told(self, receipt: Receipt) -> None:
        self._reports.receipts(self.carrier_id, [receipt])

    def session_began(self) -> None:
        self._pump()
        self._reports.ready(self.carrier_id)

    def sender_ended(self, bind: CarrierBind, reason: str) -> None:
        """The rest of what has left goes by another bind, if there is one, or by the next session."""
        self._figures.error(reason)
        self._jobs.release(bind)
        if self._can_send():
            self._pump()
        else:
            self._report(put_back(self._jobs.give_back_unsent(), _DOWN, after_s=0.0))

    def hearer_ended(self, reason: str) -> None:
        self._figures.error(reason)

    # --- sending -----------------------------------------------------------------------------

    def _can_send(self) -> bool:
        return self._any_sender() is not None

    def _any_sender(self) -> SmppSession | None:
        return next((bind.sender for bind in self._binds if bind.sender is not None), None)

    def _pump(self) -> None:
        """Send what windows, rate and the peer's buffers have room for."""
        if not self._jobs.has_ready():
            return
        rooms = [bind.room for bind in self._binds]
        room = sum(rooms)
        if not room:
            return
        now = self._loop.time()
        allowed = self._pace.allowed(now, room)
        shares = spread(rooms, allowed) if len(rooms) > 1 else (allowed,)
        sent = 0
        for bind, share in zip(self._binds, shares, strict=True):
            if share:
                sent += self._send(bind, share)
        if sent:
            self._pace.spend(sent, now)
            self._figures.sent(sent, now)
        if sent == allowed < room and self._jobs.has_ready():  # else what is left waits for a bind
            self._pump_later(self._pace.next_at(now))

    def _send(self, bind: CarrierBind, segments_max: int) -> int:
        taken = self._jobs.take(segments_max, bind)
        if taken and bind.sender is not None:
            bind.sender.send([(one, one[0].submits[one[1]]) for one in taken])
        return len(taken)

    def _pump_later(self, at: float) -> None:
        if self._pump_timer is not None:
            if self._pump_at <= at:
                return
            self._pump_timer.cancel()
        self._pump_at = at
        self._pump_timer = self._loop.call_at(at, self._pump_now)

    def _pump_now(self) -> None:
        self._pump_timer = None
        self._pump()

    # --- answers -----------------------------------------------------------------------------

    def _take_answer(self, answer: Answer, now: float, outcomes: list[Submitted]) -> None:
        job, number = answer.token
        verdict = verdict_of(answer.status)
        self._figures.waited(answer.waited_s)
        if answer.status:
            self._figures.status(name_of(answer.status))
        if verdict is Verdict.ACCEPTED:
            self._figures.answered("accepted")
            if answer.message_id.strip():
                job.ids[number] = self._ids.of_response(answer.message_id)
            else:
                job.is_ambiguous = True
        elif verdict is Verdict.THROTTLED:
            self._figures.answered("throttled")
            pause_s = self._pace.refused(now - answer.waited_s, now)
            self._put_off(job, number, outcomes)
            if pause_s > self._timing.held_s:
                name = name_of(answer.status)
                detail = "The carrier asked to slow down."
                self._give_back(job, _Pause(pause_s, name, detail), outcomes)
            return
        elif verdict is Verdict.RETRY and self._jobs.count_try(job):
            self._figures.answered("faulted")
            name = name_of(answer.status)
            self._figures.error(f"The carrier answered {name} to a message.")
            pause_s = self._pace.back_off(now)
            self._put_off(job, number, outcomes)
            detail = "The carrier has a fault of its own."
            self._give_back(job, _Pause(pause_s, name, detail), outcomes)
            return
        else:
            self._refuse(job, answer.status)
        self._finish_if_done(job, outcomes)

    def _refuse(self, job: Job, status: int) -> None:
        self._figures.answered("rejected")
        self._figures.error(f"The carrier answered {name_of(status)} to a message.")
        self._jobs.drop(job)
        is_fault = verdict_of(status) is Verdict.RETRY
        job.refusal = Submitted(
            job.message.message_id,
            SubmitResult.REJECTED,
            error_code="carrier_unavailable" if is_fault else error_code_of(status),
            carrier_code=name_of(status),
            detail="The carrier refused the message.",
        )

    def _put_off(self, job: Job, number: int, outcomes: list[Submitted]) -> None:
        """Not now: the segment goes again before anything new."""
        if job.is_dropped:
            self._finish_if_done(job, outcomes)
        else:
            self._jobs.put_off(job, number)

    def _give_back(self, job: Job, pause: _Pause, outcomes: list[Submitted]) -> None:
        """For a long pause: what has not left is better off queued, where it can go another way."""
        if job.to_send and not job.has_left:
            first, *behind = self._jobs.give_back(job)
            outcomes += put_back(
                [first], pause.detail, after_s=pause.after_s, carrier_code=pause.carrier_code
            )
            outcomes += put_back(behind, pause.detail, after_s=pause.after_s)
        unsent = self._jobs.give_back_unsent()
        outcomes += put_back(unsent, pause.detail, after_s=pause.after_s)

    def _finish_if_done(self, job: Job, outcomes: list[Submitted]) -> None:
        if job.is_done:
            outcomes.append(job.outcome())
            self._jobs.end(job)

    def _report(self, outcomes: Sequence[Submitted]) -> None:
        if not self._jobs.has_active():
            self._drained.set()
        if outcomes:
            self._reports.submitted(self.carrier_id, outcomes)


def _format_of(before: LinkState | None) -> IdFormat:
    known = before.message_id_format if before else None
    return IdFormat(known) if known in set(IdFormat) else IdFormat.AS_IS
