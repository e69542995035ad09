"""A virtual phone's calls as the API shows them: in the words of calls, seen from the account."""

from collections.abc import Sequence

import msgspec

from hookline.calls.model import Status
from hookline.calls.phone_book import number_of
from hookline.calls.phone_reading import CallAtPhone
from hookline.clock import to_rfc3339
from hookline.voice.port import Cause
from hookline.voice.sandbox.phones import PhoneCall, PhoneCallState

_LIVE = {
    PhoneCallState.RINGING: Status.RINGING,
    PhoneCallState.CALLING: Status.RINGING,
    PhoneCallState.TALKING: Status.IN_PROGRESS,
}
_UNANSWERED = {
    Cause.NORMAL: Status.CANCELED,
    Cause.BUSY: Status.BUSY,
    Cause.DECLINED: Status.DECLINED,
    Cause.NO_ANSWER: Status.NO_ANSWER,
}


class HeardResource(msgspec.Struct, frozen=True):
    """Something that was heard, or said."""

    at: str
    kind: str
    text: str


class PhoneCallResource(msgspec.Struct, frozen=True):
    """The public resource; the order of fields is the order on the wire."""

    id: str
    call_id: str | None
    direction: str
    from_: str = msgspec.field(name="from")
    caller_name: str | None
    to: str
    status: str
    context: str | None
    digits: str
    heard: list[HeardResource]
    created_at: str
    answered_at: str | None
    ended_at: str | None
    object: str = "virtual_phone_call"


_encode = msgspec.json.Encoder().encode


def phone_call_resource(found: CallAtPhone) -> PhoneCallResource:
    """The public resource of a call at a phone."""
    call, phone = found.shown, number_of(found.shown.phone_id)
    sender, recipient = (call.other, phone) if call.is_incoming else (phone, call.other)
    return PhoneCallResource(
        id=call.leg_id,
        call_id=found.call_id,
        direction="outbound" if call.is_incoming else "inbound",
        from_=sender,
        caller_name=call.other_name,
        to=recipient,
        status=status_of(call).value,
        context=call.context,
        digits=call.pressed,
        heard=[HeardResource(to_rfc3339(one.at), one.kind, one.text) for one in call.heard],
        created_at=to_rfc3339(call.since),
        answered_at=None if call.answered_at is None else to_rfc3339(call.answered_at),
        ended_at=None if call.ended_at is None else to_rfc3339(call.ended_at),
    )


def status_of(call: PhoneCall) -> Status:
    """The status of a leg that went as this did."""
    if call.state is not PhoneCallState.ENDED:
        return _LIVE[call.state]
    if call.answered_at is not None:
        return Status.COMPLETED
    return Status.FAILED if call.cause is None else _UNANSWERED.get(call.cause, Status.FAILED)


def encode_phone_call(found: CallAtPhone) -> bytes:
    """The public resource as JSON."""
    return _encode(phone_call_resource(found))


def encode_phone_calls(found: Sequence[CallAtPhone]) -> bytes:
    """All of a short list as JSON."""
    data = [phone_call_resource(one) for one in found]
    return _encode({"object": "list", "data": data, "has_more": False, "next_cursor": None})
