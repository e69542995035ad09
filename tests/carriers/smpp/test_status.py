"""What each command_status means for a message, for its sender, and for a bind."""

import pytest

from hookline.carriers.smpp.status import (
    Status,
    Verdict,
    error_code_of,
    hint_of,
    name_of,
    verdict_of,
)


@pytest.mark.parametrize(
    ("code", "verdict"),
    [
        (Status.ESME_ROK, Verdict.ACCEPTED),
        (0x58, Verdict.THROTTLED),
        (0x14, Verdict.THROTTLED),
        (0x08, Verdict.RETRY),
        (0x64, Verdict.RETRY),
        (0x04, Verdict.RETRY),
        (0x0A, Verdict.REJECTED),
        (0x0B, Verdict.REJECTED),
        (0x45, Verdict.REJECTED),
        (0xFE, Verdict.REJECTED),
        (0x0499, Verdict.REJECTED),
    ],
)
def test_verdict_on_the_message(code: int, verdict: Verdict) -> None:
    assert verdict_of(code) is verdict


def test_only_few_codes_are_worth_another_try() -> None:
    passing = {status for status in Status if verdict_of(status) is not Verdict.REJECTED}
    assert passing == {0x00, 0x04, 0x08, 0x14, 0x58, 0x64}


@pytest.mark.parametrize(
    ("code", "error_code"),
    [
        (0x0B, "invalid_recipient"),
        (0x50, "invalid_recipient"),
        (0x51, "invalid_recipient"),
        (0x0A, "invalid_sender"),
        (0x48, "invalid_sender"),
        (0x49, "invalid_sender"),
        (0x45, "carrier_rejected"),
        (0x0499, "carrier_rejected"),
    ],
)
def test_refusals_have_stable_codes(code: int, error_code: str) -> None:
    assert error_code_of(code) == error_code


def test_a_code_is_shown_by_its_name_or_in_hex() -> None:
    assert name_of(0x58) == "ESME_RTHROTTLED"
    assert name_of(0x0499) == "0x00000499"
    assert len({name_of(status) for status in Status}) == len(Status)


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (0x0E, "password"),
        (0x0F, "system_id"),
        (0x0D, "IP address"),
        (0x05, "already bound"),
        (0x0499, "Ask the carrier"),
    ],
)
def test_a_refused_bind_says_what_to_do(code: int, words: str) -> None:
    assert words in hint_of(code)


@pytest.mark.parametrize("code", [*Status, 0x0499])
def test_every_hint_is_a_sentence(code: int) -> None:
    assert hint_of(code)[0].isupper()
    assert hint_of(code).endswith(".")
