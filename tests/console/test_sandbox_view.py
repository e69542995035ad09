"""The sandbox's special recipients."""

from hookline.carriers.sandbox.recipients import SPECIAL
from hookline.console.views.sandbox import special_recipients


def test_every_special_recipient_is_told_apart() -> None:
    outcomes = {recipient.number: recipient.outcome for recipient in special_recipients()}
    assert set(outcomes) == set(SPECIAL)
    assert outcomes["+15005550002"] == "refused by the carrier: failed"
    assert outcomes["+15005550004"] == "throttled twice, then delivered"
    assert outcomes["+15005550005"] == "delivered, after 60 s"
