"""The catalogue of delivery errors has every code that a carrier can bring about."""

from typing import get_args

from hookline.carriers.kinds import KINDS
from hookline.carriers.port import Receipt, ReceiptError, ReceiptState
from hookline.messages.delivery_errors import DELIVERY_ERRORS, error_of
from hookline.messages.error_routes import entries
from hookline.messages.model import Status
from hookline.messages.resource import resource
from tests.messages.room import PlayedLink, Room, part_ids


def test_every_code_that_carriers_stand_for_is_there() -> None:
    named = {ours for kind in KINDS.values() for ours in kind.errors.values()}
    states = {state.value for state in ReceiptState} - {"delivered"}
    assert named | states | set(get_args(ReceiptError)) <= DELIVERY_ERRORS.keys()


def test_the_catalogue_says_which_codes_of_carriers_are_meant() -> None:
    found = {entry.code: entry for entry in entries(KINDS)}
    assert "ESME_RINVDSTADR" in found["invalid_recipient"].carrier_codes["smpp"]
    assert "30003" in found["unreachable"].carrier_codes["twilio"]
    assert not found["unreachable"].permanent
    assert found["content_blocked"].permanent
    assert all(entry.meaning and entry.action for entry in found.values())


def test_an_unknown_code_is_shown_by_its_own_name() -> None:
    assert error_of("some_new_code").title == "Some new code"


async def test_a_receipt_can_say_more_than_undelivered(room: Room, link: PlayedLink) -> None:
    message_id = await room.send_played()
    (taken,) = await link.taking(1)
    link.answer()
    receipt = Receipt(
        part_ids(taken)[0], ReceiptState.UNDELIVERED, "30003", error_code="unreachable"
    )
    link.reports.receipts(link.carrier_id, [receipt])
    await room.until_status(Status.UNDELIVERED, message_id)
    error = resource(await room.get(message_id)).error
    assert error is not None
    assert (error.code, error.carrier_code, error.permanent) == ("unreachable", "30003", False)
