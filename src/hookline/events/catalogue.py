"""An example of what each type of event tells: for test deliveries and for the API reference.

Pure data. A test delivery's body can be made again from its id and time, so nothing keeps it.
"""

from typing import Any

import msgspec

from hookline.clock import to_rfc3339
from hookline.events.model import EventType, family_of

Data = dict[str, Any]  # Any: JSON

EXAMPLE_ID = "evt_01kf0s3k6c0000000000000000"
EXAMPLE_ACCOUNT = "acc_01kf0r9wa10000000000000000"
EXAMPLE_AT = 1_768_469_400_412
"""Of the whole event in documents."""

_AT = "2026-01-15T09:30:00.000Z"
_SENT = "2026-01-15T09:30:00.412Z"
_ENDED = "2026-01-15T09:30:02.907Z"
_IN_FIVE_DAYS = "2026-01-20T09:30:00.000Z"
_MESSAGE_ID = "msg_01kf0s3k5we8e9xg8nq3r5x8b2"
_CALL_ID = "call_01kf0s9m1ee7f9bm9v3x5t2r8w"
_RECORDING_ID = "rec_01kf0s9m2cfq3bz6w8m4h5x7tg"
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
    "direction": "outbound",
    "from": "+12025550100",
    "caller_name": None,
    "to": "+447700900123",
    "agent": None,
    "status": "dialing",
    "hangup_by": None,
    "reason": None,
    "sip_code": None,
    "carrier": "car_01kf0rb2tqf1wbx4s6h1y9c7nm",
    "metadata": {"order": "1234"},
    "credential_id": _CREDENTIAL_ID,
    "created_at": _AT,
    "answered_at": None,
    "ended_at": None,
    "duration_seconds": None,
    "updated_at": _AT,
}
_INCOMING: Data = _CALL | {
    "direction": "inbound",
    "from": "+447700900123",
    "caller_name": "Mara Okafor",
    "to": "+12025550100",
    "status": "ringing",
    "metadata": {},
    "credential_id": None,
}
_LEG: Data = {
    "id": "leg_01kf0s9m1ff2a8r0yq5k7d3wne",
    "object": "leg",
    "role": "to",
    "from": "+12025550100",
    "to": "+447700900123",
    "status": "dialing",
    "hangup_by": None,
    "reason": None,
    "sip_code": None,
    "created_at": _AT,
    "ringing_at": None,
    "answered_at": None,
    "ended_at": None,
}
_RECORDING: Data = {
    "id": _RECORDING_ID,
    "object": "recording",
    "call_id": _CALL_ID,
    "status": "in_progress",
    "duration_ms": None,
    "channels": 2,
    "bytes": None,
    "sha256": None,
    "peaks": [],
    "reason": None,
    "url": None,
    "started_at": _SENT,
    "ended_at": None,
}
_KEPT: Data = _RECORDING | {
    "status": "completed",
    "duration_ms": 2_500,
    "bytes": 80_044,
    "sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "peaks": [[0, 41, 77, 63, 12]],
    "url": f"/v1/recordings/{_RECORDING_ID}/audio",
    "ended_at": _ENDED,
}

_FAILURE: Data = {
    "code": "undelivered",
    "title": "The message did not arrive",
    "detail": "The carrier could not hand the message to the phone.",
    "carrier_code": "UNDELIV",
    "permanent": False,
}
_CREDENTIAL: Data = {
    "id": _CREDENTIAL_ID,
    "object": "credential",
    "description": "CRM",
    "scopes": ["messages:read", "messages:send"],
    "mode": "live",
    "prefix": "hk_live_7Qf2",
    "last4": "x9Lk",
    "created_by": {"id": "usr_01kf0rkmc8f3nsy2m9d6w1v5xe", "label": "mara@example.com"},
    "rotated_at": None,
    "rotation_due_at": "2026-04-15T09:30:00.000Z",
    "refused_from": None,
    "expires_at": None,
    "last_used": None,
    "ended": None,
    "previous_token": None,
    "end_grace_after_first_use_seconds": None,
    "allowed_ips": None,
    "allowed_numbers": None,
    "allowed_countries": ["GB", "US"],
    "rate_limit": None,
    "daily_message_cap": 5_000,
    "daily_call_cap": None,
    "status": "active",
    "created_at": _AT,
    "updated_at": _AT,
}
_REVOKED: Data = _CREDENTIAL | {
    "status": "revoked",
    "updated_at": _ENDED,
    "ended": {
        "at": _ENDED,
        "by": {"id": "usr_01kf0rkmc8f3nsy2m9d6w1v5xe", "label": "mara@example.com"},
        "reason": "The CRM was replaced.",
    },
}
_ENDPOINT: Data = {
    "id": _ENDPOINT_ID,
    "object": "webhook",
    "url": "https://example.com/hooks",
    "description": "CRM",
    "events": ["message.*"],
    "numbers": None,
    "format": "standard",
    "failover_url": None,
    "rate_limit_per_second": None,
    "ordered": "none",
    "retry_schedule": None,
    "mode": "live",
    "disabled": True,
    "disabled_reason": "gone",
    "failing_since": None,
    "disabled_from": None,
    "created_at": _AT,
    "updated_at": _ENDED,
}

_TALKING: Data = _CALL | {
    "status": "in_progress",
    "answered_at": _SENT,
    "leg": _LEG | {"status": "in_progress", "ringing_at": _AT, "answered_at": _SENT},
}
_END: Data = {
    "reason": "hangup",
    "answered_at": _SENT,
    "ended_at": _ENDED,
    "duration_seconds": 2,
    "updated_at": _ENDED,
}


def _ended(status: str, reason: str | None = None, **more: object) -> Data:
    """The call as it ended without an answer."""
    end = {"reason": reason or status, "ended_at": _ENDED, "updated_at": _ENDED}
    return _CALL | end | {"status": status} | more


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
    EventType.CALL_DIALING: _CALL | {"leg": _LEG},
    EventType.CALL_RINGING: _CALL
    | {"status": "ringing", "leg": _LEG | {"status": "ringing", "ringing_at": _SENT}},
    EventType.CALL_ANSWERED: _TALKING,
    EventType.CALL_COMPLETED: _CALL | _END | {"status": "completed", "hangup_by": "callee"},
    EventType.CALL_BUSY: _ended("busy", hangup_by="callee", sip_code=486),
    EventType.CALL_NO_ANSWER: _ended("no_answer", hangup_by="timer", sip_code=480),
    EventType.CALL_DECLINED: _ended("declined", hangup_by="callee", sip_code=603),
    EventType.CALL_FAILED: _ended("failed", "congestion", hangup_by="network", sip_code=503),
    EventType.CALL_CANCELED: _ended("canceled", hangup_by="api"),
    EventType.CALL_INCOMING: _INCOMING,
    EventType.CALL_DTMF: _TALKING | {"digit": "1"},
    EventType.RECORDING_STARTED: _RECORDING,
    EventType.RECORDING_COMPLETED: _KEPT,
    EventType.RECORDING_FAILED: _RECORDING
    | {"status": "failed", "reason": "not_recorded", "ended_at": _ENDED},
    EventType.RECORDING_DELETED: _KEPT | {"status": "deleted", "peaks": [], "url": None},
    EventType.CREDENTIAL_CREATED: _CREDENTIAL,
    EventType.CREDENTIAL_UPDATED: _CREDENTIAL | {"updated_at": _ENDED},
    EventType.CREDENTIAL_ROTATED: _CREDENTIAL | {"rotated_at": _ENDED, "updated_at": _ENDED},
    EventType.CREDENTIAL_REVOKED: _REVOKED,
    EventType.CREDENTIAL_EXPIRING: _CREDENTIAL
    | {"expires_at": "2026-01-22T09:30:00.000Z", "days_left": 7},
    EventType.CREDENTIAL_ROTATION_DUE: _CREDENTIAL | {"rotation_due_at": _AT, "refused_from": None},
    EventType.CREDENTIAL_IDLE: _CREDENTIAL | {"disabled_from": "2026-01-29T09:30:00.000Z"},
    EventType.CREDENTIAL_USED_FROM_NEW_IP: _CREDENTIAL
    | {"new_ip": {"ip": "198.51.100.7", "at": _AT, "user_agent": "curl/8.11.0"}},
    EventType.CREDENTIAL_LEAKED: _REVOKED
    | {"leak": {"token": "hk_live_7Qf2…x9Lk", "url": "https://example.com/x"}},
    EventType.WEBHOOK_FAILING: _ENDPOINT
    | {
        "disabled": False,
        "disabled_reason": None,
        "failing_since": _AT,
        "disabled_from": _IN_FIVE_DAYS,
    },
    EventType.WEBHOOK_DISABLED: _ENDPOINT,
    EventType.WEBHOOK_RECOVERED: _ENDPOINT | {"disabled": False, "disabled_reason": None},
}

_RESOURCES = {
    "message": _MESSAGE_ID,
    "call": _CALL_ID,
    "recording": _RECORDING_ID,
    "credential": _CREDENTIAL_ID,
    "webhook": _ENDPOINT_ID,
}


def example_resource_id(event_type: EventType) -> str:
    """The id of the resource in the example: it is the mark of a test delivery."""
    return _RESOURCES[family_of(event_type)]


def example_body(
    event_type: EventType, *, event_id: str, account_id: str, at: int, data: Data | None = None
) -> bytes:
    """A whole event as receivers get it, about the example or other data; always the same bytes."""
    return msgspec.json.encode(
        {
            "id": event_id,
            "type": event_type,
            "timestamp": to_rfc3339(at),
            "account_id": account_id,
            "sequence": 1,
            "data": EXAMPLES[event_type] if data is None else data,
        }
    )
