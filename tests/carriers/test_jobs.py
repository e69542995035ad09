"""The order of what a link holds, whatever the carrier answers and whenever sessions end."""

from collections import Counter

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)

from hookline.carriers.encoding import Encoding
from hookline.carriers.jobs import TRIES_MAX, Job, Jobs
from hookline.carriers.port import Outgoing, SubmitResult, Submitted
from hookline.clock import UnixMs
from hookline.ids import MessageId

BINDS = (0, 1)


def new_job(number: int, recipient: str, segments: int) -> Job:
    parts = ("x",) * segments
    message = Outgoing(
        MessageId(f"msg_{number:06}"), "S", recipient, parts, Encoding.GSM7, UnixMs(0)
    )
    return Job(message, [None] * segments)


class Link(RuleBasedStateMachine):
    """The way in which link.py uses Jobs, with a dispatcher that hands back what was put back."""

    @initialize()
    def begin(self) -> None:
        self.jobs = Jobs()
        self.queue: list[Job] = []
        self.flying: list[tuple[Job, int]] = []
        self.left_by: dict[str, int] = {}
        self.accepted: Counter[tuple[str, int]] = Counter()
        self.outcomes: dict[str, Submitted] = {}
        self.at_carrier: dict[str, list[str]] = {}
        self.count = 0

    @rule(recipient=st.sampled_from("abc"), segments=st.integers(1, 4))
    def accept(self, recipient: str, segments: int) -> None:
        self.count += 1
        self.queue.append(new_job(self.count, recipient, segments))

    @rule()
    def hand_over(self) -> None:
        for job in self.queue:
            self.jobs.add(job)
        self.queue = []

    @rule(window=st.integers(1, 6), bind=st.sampled_from(BINDS))
    def send(self, window: int, bind: int) -> None:
        taken = self.jobs.take(window, bind)
        assert len(taken) <= window
        for job, number in taken:
            order = self.at_carrier.setdefault(job.message.recipient, [])
            if job.message.message_id not in order[-1:]:
                order.append(job.message.message_id)
            assert (job.message.message_id, number) not in self.accepted
            assert self.left_by.setdefault(job.message.message_id, bind) == bind
        self.flying += taken
        senders = {}
        for job, _ in self.flying:
            assert senders.setdefault(job.message.recipient, job) is job

    @precondition(lambda self: self.flying)
    @rule(data=st.data(), answer=st.sampled_from(["ok", "no id", "no", "later"]))
    def answer(self, data: st.DataObject, answer: str) -> None:
        job, number = self.flying.pop(data.draw(st.integers(0, len(self.flying) - 1)))
        job.open -= 1
        if answer in ("ok", "no id"):
            self.accepted[job.message.message_id, number] += 1
            job.ids[number] = "id" if answer == "ok" else ""
            job.is_ambiguous = job.is_ambiguous or answer == "no id"
        elif answer == "no":
            self.jobs.drop(job)
            job.refusal = Submitted(job.message.message_id, SubmitResult.REJECTED)
        elif not job.is_dropped:
            self.put_off(job, number)
            return
        self.finish(job)

    def put_off(self, job: Job, number: int) -> None:
        self.jobs.put_off(job, number)
        if not job.has_left:
            self.left_by.pop(job.message.message_id, None)
            self.take_back(self.jobs.give_back(job))
        self.take_back(self.jobs.give_back_unsent())

    def finish(self, job: Job) -> None:
        if job.is_done:
            assert job.message.message_id not in self.outcomes
            self.outcomes[job.message.message_id] = job.outcome()
            self.jobs.end(job)

    def take_back(self, jobs: list[Job]) -> None:
        for job in jobs:
            assert job.message.message_id not in self.outcomes
            assert not job.open
            fresh = new_job(
                int(job.message.message_id[4:]), job.message.recipient, len(job.submits)
            )
            self.queue.append(fresh)
            order = self.at_carrier.get(job.message.recipient, [])
            if order[-1:] == [job.message.message_id]:
                order.pop()  # none of it was taken
        self.queue.sort(key=lambda job: job.message.message_id)

    @rule(bind=st.sampled_from(BINDS))
    def lose_session(self, bind: int) -> None:
        for job, _ in [one for one in self.flying if one[0].bind == bind]:
            job.open -= 1
            job.is_ambiguous = True
            self.jobs.drop(job)
            self.finish(job)
        self.flying = [one for one in self.flying if one[0].bind != bind]
        self.jobs.release(bind)
        self.left_by = {key: by for key, by in self.left_by.items() if by != bind}

    @rule()
    def lose_all_sessions(self) -> None:
        for bind in BINDS:
            self.lose_session(bind)
        self.take_back(self.jobs.give_back_unsent())

    @invariant()
    def carriers_see_each_recipients_messages_in_order(self) -> None:
        for order in getattr(self, "at_carrier", {}).values():
            assert order == sorted(set(order))

    @invariant()
    def nothing_is_accepted_twice(self) -> None:
        assert all(count == 1 for count in getattr(self, "accepted", {}).values())

    def teardown(self) -> None:
        if not hasattr(self, "jobs"):
            return
        self.hand_over()
        for turn in range(1_000):
            self.send(10, BINDS[turn % len(BINDS)])
            if not self.flying and not self.jobs.has_ready():
                break
            for job, number in self.flying:
                job.open -= 1
                job.ids[number] = "id"
                self.finish(job)
            self.flying = []
        assert len(self.outcomes) == self.count
        assert not self.jobs.has_active()
        assert not self.jobs.has_ready()


TestLink = Link.TestCase
TestLink.settings = settings(max_examples=200, stateful_step_count=60, deadline=None)


def test_segments_that_were_put_off_keep_their_order() -> None:
    jobs, job = Jobs(), new_job(1, "a", 5)
    jobs.add(job)
    jobs.take(3, 0)
    jobs.put_off(job, 1)
    jobs.put_off(job, 0)
    assert [number for _, number in jobs.take(9, 0)] == [0, 1, 3, 4]


def test_tries_are_bounded_and_counted_across_the_queue() -> None:
    jobs = Jobs()
    may_go_on = []
    for _ in range(TRIES_MAX):
        job = new_job(1, "a", 2)
        jobs.add(job)
        for one, number in jobs.take(2, 0):
            one.open -= 1
            may_go_on.append(jobs.count_try(one))
            jobs.put_off(one, number)
        jobs.give_back(job)
    assert may_go_on[::2] == [True] * (TRIES_MAX - 1) + [False]


def test_what_has_left_stays_when_the_rest_is_given_back() -> None:
    jobs = Jobs()
    left, unsent, behind = new_job(1, "a", 2), new_job(2, "b", 1), new_job(3, "a", 1)
    for job in (left, unsent, behind):
        jobs.add(job)
    jobs.take(1, 0)
    assert jobs.give_back_unsent() == [unsent, behind]
    assert [number for _, number in jobs.take(9, 0)] == [1]
    assert jobs.take_all() == [left]
