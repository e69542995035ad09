"""The catalogue of why messages do not arrive: our stable code, what it means, what to do, whether it is for good.

Carriers have codes of their own. Which of ours each stands for is known where the carrier is: the kind says it
(`Kind.errors`), and a carrier's own settings may add to it.
"""

from typing import NamedTuple


class DeliveryError(NamedTuple):
    """Why a message did not arrive, in words."""

    title: str
    meaning: str
    action: str
    is_permanent: bool
    """Sending it again unchanged, to the same number, would end the same way."""

    @property
    def detail(self) -> str:
        """Meaning and advice, for whoever reads of one message."""
        return f"{self.meaning} {self.action}".rstrip()


DELIVERY_ERRORS: dict[str, DeliveryError] = {
    "carrier_rejected": DeliveryError(
        "The carrier refused the message",
        "The carrier did not take it, for this recipient or content.",
        "Look at the carrier's code, and change what it is about; or let a route ask another carrier.",
        is_permanent=True,
    ),
    "recipient_opted_out": DeliveryError(
        "The recipient has opted out",
        "They asked for no more messages, here after this one had been scheduled, or at the carrier.",
        "Do not write to them until they ask for it, for example with START.",
        is_permanent=True,
    ),
    "invalid_recipient": DeliveryError(
        "The carrier does not accept the recipient",
        "It says that the number does not exist or is not one that it delivers to.",
        "Check the number.",
        is_permanent=True,
    ),
    "invalid_sender": DeliveryError(
        "The carrier does not accept the sender",
        "The number or name that the message is from is not one that the carrier lets you use.",
        "Ask the carrier to allow it, or send from another.",
        is_permanent=True,
    ),
    "content_blocked": DeliveryError(
        "The content was blocked",
        "A filter of the carrier or of the recipient's network took the text for spam or fraud.",
        "Change the text, leave out shortened links, and have the sender registered where that is asked for.",
        is_permanent=True,
    ),
    "recipient_blocked": DeliveryError(
        "The recipient cannot get messages",
        "Their subscription or their network does not allow it: barred, suspended, or a line without SMS.",
        "Reach them another way.",
        is_permanent=True,
    ),
    "unreachable": DeliveryError(
        "The phone could not be reached",
        "It was off, full, or without coverage for as long as the carrier tried.",
        "Send it again later.",
        is_permanent=False,
    ),
    "carrier_unavailable": DeliveryError(
        "The carrier could not take the message",
        "It answered several times with a fault of its own. Nothing is wrong with the message.",
        "Send it again later, or over another carrier.",
        is_permanent=False,
    ),
    "undelivered": DeliveryError(
        "The message could not be delivered",
        "The carrier took the message but could not deliver it: the number may be out of service or "
        "unable to receive SMS.",
        "Look at the carrier's code, which says more where the carrier tells.",
        is_permanent=False,
    ),
    "expired": DeliveryError(
        "The message expired",
        "It could not be delivered within its validity, for example because the phone was off.",
        "Send it again if it is still worth reading.",
        is_permanent=False,
    ),
    "delivery_unknown": DeliveryError(
        "No receipt arrived",
        "The carrier took the message and never reported what became of it.",
        "It may have arrived. Ask the carrier whether it sends receipts to this number.",
        is_permanent=False,
    ),
    "submit_ambiguous": DeliveryError(
        "The carrier's answer was lost",
        "The message may or may not have been sent.",
        "While its status is sent, a receipt can still decide it.",
        is_permanent=False,
    ),
}
"""By stable code."""


def error_of(code: str) -> DeliveryError:
    """The catalogue's entry; one with the code's own name for what is not there."""
    known = DELIVERY_ERRORS.get(code)
    return known or DeliveryError(code.replace("_", " ").capitalize(), code, "", is_permanent=False)
