"""The link to a carrier that is asked by HTTP: requests at once, in order a recipient.

A request is made once. Whose request has left and was not answered is ambiguous; what has not left
goes back to the queue when the carrier asks to slow down or cannot be reached (ADR 9).
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import assert_never

from hookline.carriers.figures import Figures
from hookline.carriers.http.dialect import (
    Dialect,
    LinkSettings,
    Outcome,
    Unsendable,
    Verdict,
)
from hookline.carriers.http.inquiries import WITH_CALLBACKS, WITHOUT_CALLBACKS, Inquiries
from hookline.carriers.http.reach import Reach
from hookline.carriers.jobs import Job, Jobs, put_back
from hookline.carriers.pace import TIMING, Backoff, Pace, Timing
from hookline.carriers.port import (
    Ambiguity,
    Opening,
    Outgoing,
    Outstanding,
    Receipt,
    SubmitResult,
    Submitted,
)
from hookline.clock import UnixMs
from hookline.errors import Unavailable
from hookline.outbound.errors import AttemptFailed, HeaderInvalid, TargetInvalid
from hookline.outbound.http_client import HttpClient
from hookline.telemetry.link_state import LinkState
from hookline.telemetry.logs import get_logger

log = get_logger(__name__)
ANSWER_BYTES_MAX = 65_536
_AHEAD = 2
"""Messages handed over a place in the window: the next are at hand when answers come."""
_ANSWERS_GRACE_S = 2.0
_DOWN = "The carrier could not be reached before it was sent."
_NO_CALLBACKS = (
    "HOOKLINE_PUBLIC_URL is not set, so that the carrier cannot call back: {} Set it to the address at "
    "which the carrier reaches this server."
)
_NOTHING_COMES = "no receipts and no messages come in."
_ONLY_ASKED = "no messages come in, and receipts are late, as they have to be asked for."


class HttpLink:
    """One carrier's requests."""

    def __init__(
        self,
        dialect: Dialect,
        settings: LinkSettings,
        opening: Opening,
        timing: Timing = TIMING,
    ) -> None:
        if opening.client is None:
            raise Unavailable("This process sends no requests.")
        self.carrier_id = opening.carrier_id
        self.ambiguity = Ambiguity(settings.ambiguous, float(settings.ambiguous_wait_seconds))
        self._dialect = dialect
        self._settings = settings
        self._reports = opening.reports
        self._client: HttpClient = opening.client
        self._clock = opening.clock
        self._can_be_called = bool(opening.public_url)
        self._loop = asyncio.get_running_loop()
        self._figures = Figures(opening.clock, self._loop.time())
        self._jobs = Jobs()
        self._pace = Pace(settings.rate, self._loop.time(), timing)
        self._pump_timer: asyncio.TimerHandle | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._is_closing = False
        self._is_probing = False
        """Whether the last answer was lost: one request at a time until one is answered."""
        check = partial(dialect.check, self._client, settings.response_timeout_seconds)
        self._reach = Reach(
            check, Backoff(timing), opening.clock, began=self._began, failed=self._figures.error
        )
        self._reach.start()
        self._inquiries = self._begin_inquiries(opening)

    # --- the port ----------------------------------------------------------------------------

    @property
    def window(self) -> int:
        if self._is_closing or not self._reach.is_up:
            return 0
        if self._is_probing:
            return 1
        ahead = self._settings.window * _AHEAD
        if self._settings.rate:  # what would wait for more than a second is better off queued
            ahead = min(ahead, max(1, int(self._settings.rate)))
        return ahead

    def submit(self, messages: Sequence[Outgoing]) -> None:
        jobs = [Job(message, (message,)) for message in messages]
        if self._is_closing or not self._reach.is_up:
            self._report(put_back(jobs, _DOWN, after_s=0.0))
            return
        for job in jobs:
            self._jobs.add(job)
        self._pump()

    def recover(self, outstanding: Sequence[Outstanding]) -> None:
        """The carrier calls back by itself, or is asked in turn (`Inquiries`)."""

    def state(self) -> LinkState:
        detail = self._reach.detail
        if self._reach.is_up and self._dialect.is_called_back and not self._can_be_called:
            detail = _NO_CALLBACKS.format(
                _NOTHING_COMES if self._inquiries is None else _ONLY_ASKED
            )
        return self._figures.state(
            LinkState(
                phase=self._reach.phase,
                since=self._reach.since,
                detail=detail,
                window=self._settings.window,
                window_now=self.window and (1 if self._is_probing else self._settings.window),
                in_flight=len(self._tasks),
                rate_limit=self._settings.rate,
            ),
            self._loop.time(),
        )

    async def close(self) -> None:
        self._is_closing = True
        if self._inquiries is not None:
            await self._inquiries.stop()
        self._report(put_back(self._jobs.give_back_unsent(), _DOWN, after_s=0.0))
        if self._pump_timer is not None:
            self._pump_timer.cancel()
        if self._tasks:
            await asyncio.wait(tuple(self._tasks), timeout=_ANSWERS_GRACE_S)
        left = tuple(self._tasks)
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)
        await self._reach.stop()

    def heard(self, *, receipts: int = 0, messages: int = 0) -> None:
        """The carrier called back, here."""
        self._figures.receipts += receipts
        self._figures.received += messages

    def _begin_inquiries(self, opening: Opening) -> Inquiries | None:
        if opening.outstanding is None or not self._dialect.can_ask:
            return None

        async def ask(about: Outstanding) -> Receipt | None:
            timeout_s = self._settings.response_timeout_seconds
            return await self._dialect.ask(self._client, about, timeout_s)

        rhythm = WITH_CALLBACKS if self._can_be_called else WITHOUT_CALLBACKS
        inquiries = Inquiries(opening, opening.outstanding, ask, lambda: self._reach.is_up, rhythm)
        inquiries.start()
        return inquiries

    # --- sending -----------------------------------------------------------------------------

    def _began(self) -> None:
        self._pump()
        self._reports.ready(self.carrier_id)

    def _pump(self) -> None:
        """Send what window and rate have room for."""
        if self._is_closing or not self._reach.is_up or not self._jobs.has_ready():
            return
        now = self._loop.time()
        window = 1 if self._is_probing else self._settings.window
        room = window - len(self._tasks)
        allowed = self._pace.allowed(now, room) if room > 0 else 0
        if allowed > 0:
            taken = self._jobs.take(allowed)
            self._pace.spend(len(taken), now)
            for job, _ in taken:
                task = asyncio.create_task(self._exchange(job))
                self._tasks.add(task)
                task.add_done_callback(self._ended)
        if allowed < room and self._jobs.has_ready() and self._pump_timer is None:
            self._pump_timer = self._loop.call_at(self._pace.next_at(now), self._pump_now)

    def _pump_now(self) -> None:
        self._pump_timer = None
        self._pump()

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("http_exchange_failed", carrier_id=self.carrier_id, exc_info=error)
        self._pump()

    async def _exchange(self, job: Job) -> None:
        """One request and what becomes of its message."""
        has_left, left_at = False, 0.0

        def leaves() -> None:
            nonlocal has_left, left_at
            has_left, left_at = True, self._loop.time()
            self._figures.sent(1, left_at)

        try:
            verdict = await self._ask(job.message, leaves)
            self._figures.waited(self._loop.time() - left_at)
        except asyncio.CancelledError:  # the link is being closed
            lost = Verdict(Outcome.LOST, detail="The link was closed before the answer came.")
            self._settle(job, lost if has_left else Verdict(Outcome.BROKEN, detail=_DOWN))
            raise
        except (Unsendable, HeaderInvalid, TargetInvalid) as error:
            code = error.code if isinstance(error, Unsendable) else "carrier_rejected"
            verdict = Verdict(Outcome.REFUSED, error_code=code, detail=error.detail)
        except (AttemptFailed, Unavailable) as error:
            outcome = Outcome.LOST if has_left else Outcome.BROKEN
            verdict = Verdict(outcome, detail=error.detail)
        except Exception:  # one message must not keep its place in the window for ever
            log.exception("http_exchange_failed", carrier_id=self.carrier_id)
            outcome = Outcome.LOST if has_left else Outcome.REFUSED
            verdict = Verdict(
                outcome, detail="The request failed, for a reason that the log tells."
            )
        self._settle(job, verdict)

    async def _ask(self, message: Outgoing, leaves: Callable[[], None]) -> Verdict:
        request = self._dialect.request(message, UnixMs(self._clock.now_ms()))
        response = await self._client.request(
            request.method,
            request.url,
            request.headers,
            request.body,
            timeout_s=self._settings.response_timeout_seconds,
            kept_max=ANSWER_BYTES_MAX,
            may_repeat=False,
            on_sent=leaves,
        )
        return self._dialect.judge(message, response, UnixMs(self._clock.now_ms()))

    # --- answers -----------------------------------------------------------------------------

    def _settle(self, job: Job, verdict: Verdict) -> None:
        """Report what became of the message, and of those that must wait with it."""
        job.open -= 1
        outcomes: list[Submitted] = []
        match verdict.outcome:
            case Outcome.TAKEN:
                self._take(job, verdict)
            case Outcome.REFUSED:
                self._refuse(job, verdict)
            case Outcome.LOST:
                self._lose(job, verdict)
            case Outcome.THROTTLED:
                self._figures.answered("throttled")
                pause_s = self._pace.back_off(self._loop.time(), verdict.retry_after_s)
                outcomes = self._put_off(job, verdict, "The carrier asked to slow down.", pause_s)
            case Outcome.PASSING:
                outcomes = self._try_again(job, verdict)
            case Outcome.BROKEN:
                self._break_off(verdict)
                outcomes = self._put_off(job, verdict, _DOWN, 0.0)
            case _:
                assert_never(verdict.outcome)
        if not outcomes:
            outcomes = [job.outcome()]
            self._jobs.end(job)
        self._report(outcomes)

    def _take(self, job: Job, verdict: Verdict) -> None:
        self._figures.answered("accepted")
        now = self._loop.time()
        self._pace.taken(1, now, now)
        self._is_probing = False
        if verdict.carrier_message_id:
            job.ids[0] = verdict.carrier_message_id
        else:
            job.is_ambiguous = True

    def _refuse(self, job: Job, verdict: Verdict) -> None:
        self._figures.answered("rejected")
        self._is_probing = False
        code = f" ({verdict.carrier_code})" if verdict.carrier_code else ""
        self._figures.status(verdict.carrier_code or "refused")
        self._figures.error(f"The carrier refused a message{code}.")  # not in its words: numbers
        job.refusal = Submitted(
            job.message.message_id,
            SubmitResult.REJECTED,
            error_code=verdict.error_code or "carrier_rejected",
            carrier_code=verdict.carrier_code,
            detail=verdict.detail or "The carrier refused the message.",
        )

    def _lose(self, job: Job, verdict: Verdict) -> None:
        """Whoever is silent, or breaks down, would swallow a window of messages each time."""
        self._figures.answered("ambiguous")
        self._is_probing = True
        job.is_ambiguous = True
        self._break_off(verdict)

    def _try_again(self, job: Job, verdict: Verdict) -> list[Submitted]:
        self._figures.answered("faulted")
        detail = verdict.detail or "The carrier has a fault of its own."
        self._figures.error(detail)
        if not self._jobs.count_try(job):
            self._refuse(job, replace(verdict, error_code="carrier_unavailable", detail=detail))
            return []
        pause_s = self._pace.back_off(self._loop.time(), verdict.retry_after_s)
        return self._put_off(job, verdict, detail, pause_s)

    def _break_off(self, verdict: Verdict) -> None:
        detail = verdict.detail or "The carrier cannot be used now."
        self._figures.error(detail)
        self._reach.fail(detail)
        self._report(put_back(self._jobs.give_back_unsent(), _DOWN, after_s=0.0))

    def _put_off(self, job: Job, verdict: Verdict, detail: str, pause_s: float) -> list[Submitted]:
        """The message goes back to the queue, with all that has not left."""
        self._jobs.put_off(job, 0)
        returned = self._jobs.give_back(job)
        code = verdict.carrier_code
        outcomes = put_back(returned[:1], detail, after_s=pause_s, carrier_code=code)
        outcomes += put_back(returned[1:], detail, after_s=pause_s)
        return outcomes + put_back(self._jobs.give_back_unsent(), detail, after_s=pause_s)

    def _report(self, outcomes: Sequence[Submitted]) -> None:
        if outcomes:
            self._reports.submitted(self.carrier_id, outcomes)
