"""What can be wrong with a message, before it is accepted and after."""

from hookline.credentials.errors import DailyCapReached
from hookline.errors import Conflict, HooklineError, Invalid


class RecipientOptedOut(Invalid):
    """The recipient has asked not to get messages. Remove the opt-out only if they consent again."""

    code = "recipient_opted_out"
    title = "The recipient has opted out"


class UnknownSender(Invalid):
    """`from` is not a number or sender of this account. List the numbers, or add it to the account."""

    code = "unknown_sender"
    title = "The sender is not yours"


class NoSenderThere(Invalid):
    """No number of the pool may write to the recipient's country. Add one for it, or one without countries."""

    code = "no_sender_for_country"
    title = "No number of the pool may write there"


class TextTooLong(Invalid):
    """The text needs more segments than one message may have. Shorten it, or send several messages."""

    code = "text_too_long"
    title = "The text is too long"


class AccountMessageCapReached(DailyCapReached):
    """The account has sent as many live messages as it may on a UTC day (`daily_message_cap` of its
    sending rules). Nothing was sent or counted. Send it after `Retry-After`, or have the cap raised."""

    code = "account_message_cap_reached"
    title = "The account's messages of the day are used up"
    whose = "This account"
    counted = "messages"


class DuplicateMessage(Conflict):
    """The same text has just gone from this sender to this number, and the account refuses that for a while
    (`duplicate_window_seconds`). If it is meant, send it with an Idempotency-Key."""

    code = "duplicate_message"
    title = "The message was just sent"

    def __init__(self, message_id: str, window_s: int) -> None:
        super().__init__(
            f"This text went to this number from this sender within {window_s} s, as {message_id}. "
            "If it is meant, send it with an Idempotency-Key."
        )


class NotCancelable(Conflict):
    """The message has left the queue; only scheduled and queued messages can be canceled."""

    code = "message_not_cancelable"
    title = "The message can no longer be canceled"


class StillUnderWay(Conflict):
    """The text is still needed to send the message. Redact it when its status is final."""

    code = "message_under_way"
    title = "The message is still being sent"


class BatchTooLarge(HooklineError):
    """A batch has at most 1,000 messages. Split it."""

    code = "batch_too_large"
    status = 422
    title = "The batch has too many messages"
