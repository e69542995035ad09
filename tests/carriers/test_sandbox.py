"""The sandbox's link at its port: outcomes at once, receipts later, debts after a restart."""

from collections.abc import AsyncIterator

import pytest

from hookline.carriers.encoding import Encoding
from hookline.carriers.port import Outgoing, Outstanding, ReceiptState, SubmitResult
from hookline.carriers.sandbox.link import SandboxLink
from hookline.clock import ManualClock, UnixMs
from hookline.ids import CarrierId, MessageId
from tests.carriers.reports import Heard

ORDINARY = "+447700900123"


@pytest.fixture
def heard() -> Heard:
    return Heard()


@pytest.fixture
async def link(heard: Heard, clock: ManualClock) -> AsyncIterator[SandboxLink]:
    made = SandboxLink(CarrierId("car_1"), heard, clock, receipt_delay_s=0.001, window=9)
    yield made
    await made.close()


def outgoing(number: int, to: str = ORDINARY, parts: int = 1) -> Outgoing:
    texts = ("text",) * parts
    return Outgoing(MessageId(f"msg_{number}"), "+12025550100", to, texts, Encoding.GSM7, UnixMs(0))


async def test_every_message_has_its_outcome_in_order(link: SandboxLink, heard: Heard) -> None:
    link.submit([outgoing(n) for n in range(20)])
    assert [outcome.message_id for outcome in heard.outcomes] == [f"msg_{n}" for n in range(20)]
    assert {outcome.result for outcome in heard.outcomes} == {SubmitResult.ACCEPTED}
    assert link.window == 9


async def test_every_segment_has_its_id_and_its_receipt(link: SandboxLink, heard: Heard) -> None:
    link.submit([outgoing(1), outgoing(2, parts=3)])
    promised = [part for outcome in heard.outcomes for part in outcome.carrier_message_ids]
    assert promised == ["msg_1", "msg_2-1", "msg_2-2", "msg_2-3"]
    receipts = await heard.hearing(4)
    assert [receipt.carrier_message_id for receipt in receipts] == promised
    assert {receipt.state for receipt in receipts} == {ReceiptState.DELIVERED}


async def test_a_refused_message_has_no_receipt(link: SandboxLink, heard: Heard) -> None:
    link.submit([outgoing(1, "+15005550002"), outgoing(2)])
    refused = heard.outcomes[0]
    assert (refused.result, refused.error_code) == (SubmitResult.REJECTED, "carrier_rejected")
    assert [receipt.carrier_message_id for receipt in await heard.hearing(1)] == ["msg_2"]


async def test_each_message_is_throttled_twice(link: SandboxLink, heard: Heard) -> None:
    for _ in range(3):
        link.submit([outgoing(n, "+15005550004") for n in range(2)])
    throttled, accepted = SubmitResult.THROTTLED, SubmitResult.ACCEPTED
    assert [outcome.result for outcome in heard.outcomes] == [throttled] * 4 + [accepted] * 2
    assert await heard.hearing(2)


async def test_receipts_owed_before_a_restart_are_owed_still(
    link: SandboxLink, heard: Heard, clock: ManualClock
) -> None:
    def owed(number: int, to: str, age_s: int) -> Outstanding:
        sent_at = UnixMs(clock.now_ms() - age_s * 1_000)
        return Outstanding(MessageId(f"msg_{number}"), to, sent_at, (f"msg_{number}",))

    link.recover(
        [
            owed(1, ORDINARY, 3_600),
            owed(2, "+15005550001", 0),
            owed(3, "+15005550005", 61),
            owed(4, "+15005550005", 1),
        ]
    )
    receipts = await heard.hearing(3)
    assert {receipt.carrier_message_id: receipt.state.value for receipt in receipts} == {
        "msg_1": "delivered",
        "msg_2": "undelivered",
        "msg_3": "delivered",
    }


async def test_a_closed_link_reports_nothing_more(link: SandboxLink, heard: Heard) -> None:
    link.submit([outgoing(1)])
    await link.close()
    link.submit([outgoing(2)])
    other = SandboxLink(CarrierId("car_2"), heard, ManualClock(), receipt_delay_s=0.05, window=1)
    other.submit([outgoing(3)])
    assert [receipt.carrier_message_id for receipt in await heard.hearing(1)] == ["msg_3"]
    await other.close()
