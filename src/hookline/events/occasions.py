"""When each type of event is told: for the catalogue, the reference and AsyncAPI. Pure data."""

from hookline.events.model import EventType

OCCASIONS: dict[EventType, str] = {
    EventType.MESSAGE_SENT: "The carrier has taken the message.",
    EventType.MESSAGE_DELIVERED: "The carrier reports that the message is on the phone.",
    EventType.MESSAGE_FAILED: "The message will not arrive; `data.status` says which way it ended "
    "(`failed`, `undelivered`, `expired`), `data.error` why.",
    EventType.MESSAGE_RECEIVED: "Somebody wrote to one of the account's numbers.",
    EventType.MESSAGE_CANCELED: "A scheduled message was canceled before its time.",
    EventType.MESSAGE_OPTED_OUT: "Somebody answered STOP, or a like word, and gets no more messages.",
    EventType.CALL_DIALING: "The carrier was asked to ring a leg of the call.",
    EventType.CALL_RINGING: "A leg of the call rings.",
    EventType.CALL_ANSWERED: "A leg of the call was answered.",
    EventType.CALL_COMPLETED: "The call has ended after somebody answered.",
    EventType.CALL_BUSY: "The call has ended: the line was busy.",
    EventType.CALL_NO_ANSWER: "The call has ended: nobody answered in time.",
    EventType.CALL_DECLINED: "The call has ended: it was declined.",
    EventType.CALL_FAILED: "The call has ended: it could not be put through; `data.reason` says why.",
    EventType.CALL_CANCELED: "The call was hung up before anybody answered.",
    EventType.CALL_INCOMING: "Somebody calls one of the account's numbers.",
    EventType.CALL_DTMF: "A key was pressed during the call.",
    EventType.RECORDING_STARTED: "A recording of the call has begun.",
    EventType.RECORDING_COMPLETED: "The recording is complete, and can be fetched.",
    EventType.RECORDING_FAILED: "Nothing could be recorded, or what was recorded is lost.",
    EventType.RECORDING_DELETED: "The recording was deleted, by request or by retention.",
    EventType.CREDENTIAL_CREATED: "A credential was made.",
    EventType.CREDENTIAL_UPDATED: "Its description, scopes, restrictions, expiry or grace were "
    "changed, or it was disabled or enabled.",
    EventType.CREDENTIAL_ROTATED: "It has a new token.",
    EventType.CREDENTIAL_REVOKED: "It was stopped for good.",
    EventType.CREDENTIAL_EXPIRING: "It expires soon: told 30, 14, 7 and 1 days before.",
    EventType.CREDENTIAL_ROTATION_DUE: "Its token is as old as the account's policy allows.",
    EventType.CREDENTIAL_IDLE: "Nobody uses it; it will be disabled, as the policy says.",
    EventType.CREDENTIAL_USED_FROM_NEW_IP: "It was used from an address that was not seen before.",
    EventType.CREDENTIAL_LEAKED: "Somebody reported its token; it no longer works.",
    EventType.WEBHOOK_FAILING: "Nothing has got through to the webhook since `data.failing_since`; it "
    "will be disabled at `data.disabled_from`. Told when 50, 70 and 90 % of that time are over.",
    EventType.WEBHOOK_DISABLED: "The webhook gets nothing more: somebody disabled it, the receiver "
    "asked for that, or it failed for too long; `data.disabled_reason` says which.",
    EventType.WEBHOOK_RECOVERED: "A webhook that was disabled is enabled again.",
}
