"""The sandbox's special recipients."""

from hookline.carriers.sandbox.recipients import SPECIAL
from hookline.console.views.sandbox import special_recipients
from hookline.voice.sandbox import recipients as voice


def test_every_special_recipient_is_told_apart() -> None:
    outcomes = {recipient.number: recipient.outcome for recipient in special_recipients()}
    assert set(outcomes) == {*SPECIAL, *voice.SPECIAL}
    assert outcomes["+15005550002"] == "refused by the carrier: failed"
    assert outcomes["+15005550004"] == "throttled twice, then delivered"
    assert outcomes["+15005550005"] == "delivered, after 60 s"


def test_calls_are_told_apart_too() -> None:
    calls = {recipient.number: recipient.call for recipient in special_recipients()}
    assert calls["+15005550007"] == "busy (SIP 486)"
    assert calls["+15005550006"] == "answers at once, presses 1 2 3 when asked"
    assert calls["+15005550001"] == ""
