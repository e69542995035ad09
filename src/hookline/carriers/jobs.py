"""What a link has been handed: messages on their way, segment by segment, in order a recipient.

Pure state. Two messages to one recipient are never under way at once: should the first be put off,
the second must not overtake it. The segments of one message may be, and all leave by one bind.
"""

from collections import deque
from collections.abc import Hashable, Iterable, Sequence
from typing import Any

from hookline.carriers.port import Outgoing, SubmitResult, Submitted
from hookline.ids import MessageId

TRIES_MAX = 4
"""How often a message is offered to a carrier that has a fault of its own."""
_TRIES_KEPT_MAX = 10_000


class Job:
    """One message on its way."""

    __slots__ = (
        "bind", "ids", "is_ambiguous", "is_dropped", "is_faulted", "message", "open", "refusal",
        "submits", "to_send",
    )  # fmt: skip

    def __init__(self, message: Outgoing, submits: Sequence[Any]) -> None:
        """`submits`: what the link writes for each segment, in its own form."""  # hence Any
        self.message = message
        self.submits = submits
        self.bind: Hashable | None = None
        """What the carrier has of it left by this one, and so does the rest."""
        self.to_send = deque(range(len(submits)))
        """Segments that are not with the carrier: not sent yet, or put off."""
        self.ids: list[str] = [""] * len(submits)
        self.open = 0
        """Segments sent and not answered."""
        self.is_ambiguous = False
        self.is_dropped = False
        """No more of it is sent."""
        self.is_faulted = False
        """The carrier had a fault with what was last sent of it; further answers are the same try."""
        self.refusal: Submitted | None = None

    @property
    def has_left(self) -> bool:
        """Whether the carrier may have any of it, so that it must not begin anew."""
        return bool(self.open) or self.is_ambiguous or any(self.ids)

    @property
    def is_done(self) -> bool:
        """Nothing is open, and nothing more will be sent."""
        return not self.open and not self.to_send

    def outcome(self) -> Submitted:
        """What became of it, once it is done."""
        message_id = self.message.message_id
        if self.refusal is not None and not self.is_ambiguous:
            return self.refusal
        if self.is_ambiguous:
            detail = "The carrier's answer was lost."
            return Submitted(message_id, SubmitResult.AMBIGUOUS, tuple(self.ids), detail=detail)
        return Submitted(message_id, SubmitResult.ACCEPTED, tuple(self.ids))


class Jobs:
    """All of a link's messages."""

    def __init__(self) -> None:
        self._ready: deque[Job] = deque()
        """Those with something to send and no bind yet, in order, one a recipient."""
        self._begun: dict[Hashable, deque[Job]] = {}
        """Those with something to send of which the carrier has the rest, by their binds."""
        self._active: dict[str, Job] = {}
        """The message that is under way, by its recipient."""
        self._behind: dict[str, deque[Job]] = {}
        """What waits for the end of that one."""
        self._tries: dict[MessageId, int] = {}

    def add(self, job: Job) -> None:
        """Behind what there is."""
        recipient = job.message.recipient
        if recipient in self._active:
            self._behind.setdefault(recipient, deque()).append(job)
        else:
            self._begin(job)

    def has_ready(self) -> bool:
        """Whether there is anything to send."""
        return bool(self._ready or self._begun)

    def has_active(self) -> bool:
        """Whether any message is here still."""
        return bool(self._active)

    def take(self, segments_max: int, bind: Hashable = None) -> list[tuple[Job, int]]:
        """Segments to send by this bind now, of which each is then open. None: where there is one way."""
        taken: list[tuple[Job, int]] = []
        while len(taken) < segments_max:
            queue = self._begun.get(bind, self._ready)
            if not queue:
                break
            job = queue.popleft()
            job.bind = bind
            job.is_faulted = False
            while job.to_send and len(taken) < segments_max:
                job.open += 1
                taken.append((job, job.to_send.popleft()))
            if job.to_send:
                self._begun.setdefault(bind, deque()).appendleft(job)
            elif not queue:
                self._begun.pop(bind, None)
        return taken

    def put_off(self, job: Job, number: int) -> None:
        """The segment was not taken, and is sent again before anything new."""
        if job.to_send:
            self._unlist(job)
        job.to_send = deque(sorted((*job.to_send, number)))
        if job.has_left:
            self._begun.setdefault(job.bind, deque()).appendleft(job)
        else:
            job.bind = None
            self._ready.appendleft(job)

    def release(self, bind: Hashable) -> None:
        """The bind is gone: what was to leave by it may leave by another."""
        for job in reversed(self._begun.pop(bind, ())):
            job.bind = None
            self._ready.appendleft(job)

    def drop(self, job: Job) -> None:
        """Send no more of it."""
        job.is_dropped = True
        if job.to_send:
            self._unlist(job)
            job.to_send.clear()

    def end(self, job: Job) -> None:
        """It is done: who is behind it may go."""
        recipient = job.message.recipient
        self._tries.pop(job.message.message_id, None)
        del self._active[recipient]
        behind = self._behind.get(recipient)
        if behind:
            self._begin(behind.popleft())
            if not behind:
                del self._behind[recipient]

    def give_back(self, job: Job) -> list[Job]:
        """A message that has not left, and all behind it, leave the link."""
        self.drop(job)
        recipient = job.message.recipient
        del self._active[recipient]
        return [job, *self._behind.pop(recipient, ())]

    def give_back_unsent(self) -> list[Job]:
        """Everything that has not left leaves the link. The rest of what has left stays."""
        returned: list[Job] = []
        for job in [job for job in self._ready if not job.has_left]:
            returned += self.give_back(job)
        for behind in self._behind.values():
            returned += behind
        self._behind.clear()
        return returned

    def take_all(self) -> list[Job]:
        """The messages that have left and are not done, as nothing more will come of them."""
        left = list(self._active.values())
        self._ready.clear()
        self._begun.clear()
        self._active.clear()
        return left

    def count_try(self, job: Job) -> bool:
        """Whether the message may be tried again; what was sent of it at once is one try."""
        if job.is_faulted:
            return True
        job.is_faulted = True
        message_id = job.message.message_id
        tries = self._tries.pop(message_id, 0) + 1
        if tries >= TRIES_MAX:
            return False
        if len(self._tries) >= _TRIES_KEPT_MAX:
            self._tries.pop(next(iter(self._tries)))
        self._tries[message_id] = tries
        return True

    def _unlist(self, job: Job) -> None:
        """Out of the queue that it waits in."""
        queue = self._ready if job.bind is None else self._begun[job.bind]
        queue.remove(job)
        if not queue:
            self._begun.pop(job.bind, None)

    def _begin(self, job: Job) -> None:
        self._active[job.message.recipient] = job
        self._ready.append(job)


def put_back(
    jobs: Iterable[Job], detail: str, *, after_s: float, carrier_code: str | None = None
) -> list[Submitted]:
    """The outcomes of messages that never left, or that the carrier did not want yet."""
    return [
        Submitted(
            job.message.message_id,
            SubmitResult.THROTTLED,
            carrier_code=carrier_code,
            detail=detail,
            retry_after_s=after_s,
        )
        for job in jobs
    ]
