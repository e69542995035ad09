"""What Asterisk is told to dial, and whom it shows."""

import pytest

from hookline.voice.asterisk.dialing import caller_id, dial_string
from hookline.voice.asterisk.settings import AsteriskSettings
from hookline.voice.port import Dial, LegId

TO = "+447700900123"


def settings(**values: object) -> AsteriskSettings:
    return AsteriskSettings.model_validate({"url": "http://a:8088", "user": "u"} | values)


@pytest.mark.parametrize(
    ("trunk", "to", "wanted"),
    [
        ("acme", TO, f"PJSIP/{TO}@acme"),
        ("PJSIP/{number}@acme", TO, f"PJSIP/{TO}@acme"),
        ("PJSIP/acme/sip:{number}@10.0.0.5", TO, f"PJSIP/acme/sip:{TO}@10.0.0.5"),
        ("PJSIP/desk", TO, "PJSIP/desk"),
        ("acme", "sip:ada@10.0.0.5", "PJSIP/acme/sip:ada@10.0.0.5"),
        ("PJSIP/{number}@acme", "sip:ada@10.0.0.5", "PJSIP/acme/sip:ada@10.0.0.5"),
    ],
)
def test_dial_string(trunk: str, to: str, wanted: str) -> None:
    assert dial_string(settings(trunk=trunk), to) == wanted


def test_number_without_its_plus_sign() -> None:
    plain = settings(trunk="acme", plus=False)
    assert dial_string(plain, TO) == "PJSIP/447700900123@acme"
    assert caller_id(plain, Dial(LegId("leg_1"), TO, "+15550100")) == "15550100"


@pytest.mark.parametrize(
    ("name", "default", "wanted"),
    [
        (None, "", "+15550100"),
        ("Ada", "Acme", '"Ada" <+15550100>'),
        (None, "Acme", '"Acme" <+15550100>'),
        ('A"<b>\\\n', "", '"Ab" <+15550100>'),
    ],
)
def test_caller_id_cannot_be_broken_out_of(name: str | None, default: str, wanted: str) -> None:
    dial = Dial(LegId("leg_1"), TO, "+15550100", name)
    assert caller_id(settings(sender_name=default), dial) == wanted
