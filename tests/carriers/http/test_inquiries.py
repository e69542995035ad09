"""Messages whose receipts never came: Twilio is asked about them, in turn and without hurry."""

from collections.abc import Sequence

import pytest

from hookline.carriers.http.inquiries import Inquiries, Rhythm, Unanswered
from hookline.carriers.http.twilio.dialect import TwilioDialect
from hookline.carriers.http.twilio.settings import TwilioSettings
from hookline.carriers.port import Opening, Outstanding, Receipt, ReceiptState
from hookline.clock import SystemClock, UnixMs
from hookline.ids import CarrierId, MessageId
from hookline.outbound.http_client import HttpClient
from tests.carriers.http.linked import CARRIER, until
from tests.carriers.smpp.linked import Room
from tests.outbound.servers import LOOPBACK
from tests.services.twilio import ACCOUNT, TOKEN, Twilio, played_twilio

AT_ONCE = Rhythm(first_s=0.0, every_s=0.05, age_s=0.0)


class Asked(Room):
    """A room that also says whether receipts are wanted no more."""

    def receipts(self, carrier_id, receipts, done=None) -> None:  # type: ignore[no-untyped-def]
        self.heard.extend(receipts)


def outstanding(number: int, *sids: str) -> Outstanding:
    return Outstanding(MessageId(f"msg_{number:04}"), "+447700900001", UnixMs(0), sids)


class Shelf:
    """What is outstanding, a page at a time."""

    def __init__(self, *found: Outstanding) -> None:
        self.found = list(found)
        self.asked: list[str] = []

    async def list(
        self, carrier_id: CarrierId, before: UnixMs, after: str, limit: int
    ) -> Sequence[Outstanding]:
        self.asked.append(after)
        return [one for one in self.found if one.message_id > after][:limit]


@pytest.mark.parametrize(
    ("state", "error", "known"),
    [
        ("delivered", None, Receipt("", ReceiptState.DELIVERED)),
        ("undelivered", 30003, Receipt("", ReceiptState.UNDELIVERED, "30003")),
        ("failed", 30036, Receipt("", ReceiptState.EXPIRED, "30036")),
        ("canceled", None, Receipt("", ReceiptState.UNDELIVERED, "canceled")),
        ("sent", None, None),
    ],
)
async def test_twilio_tells_what_became_of_a_message(
    state: str, error: int | None, known: Receipt | None
) -> None:
    async with played_twilio() as twilio:
        twilio.fates["SM1"] = state, error
        found = await ask(twilio, "SM1")
        assert await ask(twilio, "SM2") is None
    told = found and (found.carrier_message_id, found.state, found.carrier_code)
    assert told == (known and ("SM1", known.state, known.carrier_code))


async def test_no_answer_is_no_state() -> None:
    async with played_twilio() as twilio:
        twilio.is_locked = True
        with pytest.raises(Unanswered):
            await ask(twilio, "SM1")


async def ask(twilio: Twilio, sid: str) -> Receipt | None:
    settings = TwilioSettings(account_sid=ACCOUNT, base_url=twilio.url)
    dialect = TwilioDialect(settings, {"auth_token": TOKEN}, CARRIER, "")
    client = HttpClient(allow_targets=LOOPBACK)
    try:
        return await dialect.ask(client, outstanding(1, sid), 5)
    finally:
        await client.close()


async def test_each_is_asked_about_in_turn_and_again_in_the_next_round() -> None:
    shelf = Shelf(outstanding(1, "a"), outstanding(2), outstanding(3, "b"))
    room, asked = Asked(), []

    async def answer(about: Outstanding) -> Receipt | None:
        asked.append(about.carrier_message_ids[0])
        return Receipt("b", ReceiptState.DELIVERED) if asked[-1] == "b" else None

    inquiries = Inquiries(
        Opening(CARRIER, room, SystemClock()), shelf.list, answer, lambda: True, AT_ONCE
    )
    inquiries.start()
    await until(lambda: len(asked) >= 4, lambda: asked)
    await inquiries.stop()
    assert asked[:4] == ["a", "b", "a", "b"]
    assert [one.carrier_message_id for one in room.heard][:1] == ["b"]


async def test_a_round_that_ends_early_goes_on_where_it_stood() -> None:
    shelf = Shelf(outstanding(1, "a"), outstanding(2, "b"))
    asked: list[str] = []

    async def answer(about: Outstanding) -> Receipt | None:
        asked.append(about.carrier_message_ids[0])
        if asked == ["a", "b"]:
            raise Unanswered
        return None

    inquiries = Inquiries(
        Opening(CARRIER, Asked(), SystemClock()), shelf.list, answer, lambda: True, AT_ONCE
    )
    inquiries.start()
    await until(lambda: len(asked) >= 3, lambda: asked)
    await inquiries.stop()
    assert asked[:3] == ["a", "b", "b"]


async def test_while_the_link_is_down_nothing_is_asked() -> None:
    shelf = Shelf(outstanding(1, "a"))
    asked: list[str] = []

    async def answer(about: Outstanding) -> Receipt | None:
        asked.append(about.message_id)
        return None

    opening = Opening(CARRIER, Asked(), SystemClock())
    inquiries = Inquiries(opening, shelf.list, answer, lambda: False, AT_ONCE)
    inquiries.start()
    await until(lambda: len(shelf.asked) >= 2)
    await inquiries.stop()
    assert asked == []
