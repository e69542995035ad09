"""An example of what each type of event tells: for test deliveries and for the API reference.

Pure data. A test delivery's body can be made again from its id and time, so nothing keeps it.
"""

from typing import Any

import msgspec

from hookline.clock import to_rfc3339
from hookline.events.model import EventType, family_of

Data = dict[str, Any]  # Any: JSON

_AT = "2026-01-15T09:30:00.000Z"
_SENT = "2026-01-15T09:30:00.412Z"
_ENDED = "2026-01-15T09:30:02.907Z"
_MESSAGE_ID = "msg_01kf0s3k5we8e9xg8nq3r5x8b2"
_CALL_ID = "call_01kf0s9m1ee7f9bm9v3x5t2r8w"
_CREDENTIAL_ID = "crd_01kf0rkmz5e5ktcm4v5v0r4f9d"
_ENDPOINT_ID = "whk_01kf0rqb8geqy8x0fcm2d7h3pt"

_MESSAGE: Data = {
    "id": _MESSAGE_ID,
    "object": "message",
    "direction": "outbound",
    "from": "+12025550100",
    "to": "+12025550110",
    "text": "Your table is booked for 19:30.",
    "encoding": "gsm7",
    "segments": 1,
    "status": "sent",
    "error": None,
    "carrier": "car_01kf0rb2tqf1wbx4s6h1y9c7nm",
    "tags": ["booking"],
    "metadata": {"order": "1234"},
    "credential_id": _CREDENTIAL_ID,
    "created_at": _AT,
    "send_at": None,
    "sent_at": _SENT,
    "delivered_at": None,
    "updated_at": _SENT,
}
_INBOUND: Data = _MESSAGE | {
    "direction": "inbound",
    "from": "+12025550110",
    "to": "+12025550100",
    "text": "See you then!",
    "status": "received",
    "tags": [],
    "metadata": {},
    "credential_id": None,
    "sent_at": None,
    "updated_at": _AT,
}
_CALL: Data = {
    "id": _CALL_ID,
    "object": "call",
    "direction": "inbound",
    "from": "+447700900123",
    "caller_name": "Mara Okafor",
    "to": "+12025550100",
    "status": "ringing",
    "created_at": _AT,
    "updated_at": _AT,
}

_FAILURE: Data = {
    "code": "undelivered",
    "title": "The message did not arrive",
    "detail": "The carrier could not hand the message to the phone.",
    "carrier_code": "UNDELIV",
}
_CREDENTIAL: Data = {
    "id": _CREDENTIAL_ID,
    "object": "credential",
    "description": "CRM",
    "scopes": ["messages:send", "messages:read"],
    "mode": "live",
    "status": "active",
    "created_at": _AT,
    "updated_at": _AT,
}
_ENDPOINT: Data = {
    "id": _ENDPOINT_ID,
    "object": "webhook",
    "url": "https://example.com/hooks",
    "description": "CRM",
    "events": ["message.*"],
    "numbers": None,
    "format": "standard",
    "mode": "live",
    "disabled": True,
    "disabled_reason": "gone",
    "created_at": _AT,
    "updated_at": _ENDED,
}

EXAMPLES: dict[EventType, Data] = {
    EventType.MESSAGE_SENT: _MESSAGE,
    EventType.MESSAGE_DELIVERED: _MESSAGE
    | {"status": "delivered", "delivered_at": _ENDED, "updated_at": _ENDED},
    EventType.MESSAGE_FAILED: _MESSAGE
    | {"status": "undelivered", "error": _FAILURE, "updated_at": _ENDED},
    EventType.MESSAGE_RECEIVED: _INBOUND,
    EventType.MESSAGE_CANCELED: _MESSAGE
    | {"status": "canceled", "send_at": _ENDED, "sent_at": None, "updated_at": _AT},
    EventType.MESSAGE_OPTED_OUT: _INBOUND | {"text": "STOP"},
    EventType.CALL_INCOMING: _CALL,
    EventType.CREDENTIAL_CREATED: _CREDENTIAL,
    EventType.CREDENTIAL_UPDATED: _CREDENTIAL | {"updated_at": _ENDED},
    EventType.CREDENTIAL_ROTATED: _CREDENTIAL | {"updated_at": _ENDED},
    EventType.CREDENTIAL_REVOKED: _CREDENTIAL | {"status": "revoked", "updated_at": _ENDED},
    EventType.WEBHOOK_DISABLED: _ENDPOINT,
    EventType.WEBHOOK_RECOVERED: _ENDPOINT | {"disabled": False, "disabled_reason": None},
}

_RESOURCES = {
    "message": _MESSAGE_ID,
    "call": _CALL_ID,
    "credential": _CREDENTIAL_ID,
    "webhook": _ENDPOINT_ID,
}


def example_resource_id(event_type: EventType) -> str:
    """The id of the resource in the example: it is the mark of a test delivery."""
    return _RESOURCES[family_of(event_type)]


def example_body(event_type: EventType, *, event_id: str, account_id: str, at: int) -> bytes:
    """A whole event as receivers get it, about the example; the same input makes the same bytes."""
    return msgspec.json.encode(
        {
            "id": event_id,
            "type": event_type,
            "timestamp": to_rfc3339(at),
            "account_id": account_id,
            "sequence": 1,
            "data": EXAMPLES[event_type],
        }
    )
