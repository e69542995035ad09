"""Erasures as people see them."""

from dataclasses import replace

from hookline.clock import UnixMs
from hookline.console.views.erasures import erasure_view
from hookline.erasure.model import Erasure, ErasureStatus
from hookline.ids import AccountId
from hookline.principal import Mode

RUNNING = Erasure(
    id="ers_1", account_id=AccountId("acc_1"), mode=Mode.LIVE, number="+12025550123",
    status=ErasureStatus.RUNNING, messages=0, calls=0, recordings=0, step=0, asked_by="Mara",
    created_at=UnixMs(1), erased_at=UnixMs(1),
)  # fmt: skip
COMPLETED = replace(
    RUNNING, status=ErasureStatus.COMPLETED, number="+1202•••••23", finished_at=UnixMs(2)
)


def test_a_number_is_masked_while_it_runs_and_afterwards() -> None:
    assert erasure_view(RUNNING).number == erasure_view(COMPLETED).number == "+1202•••••23"


def test_counts_are_said_in_words() -> None:
    counted = erasure_view(replace(COMPLETED, messages=2, calls=1))
    assert counted.counts == "2 messages, 1 call"


def test_nothing_found_is_said_only_at_the_end() -> None:
    assert erasure_view(RUNNING).counts == ""
    assert erasure_view(COMPLETED).counts == "Nothing was there"
