import pytest
from hypothesis import given
from hypothesis import strategies as st

from hookline.accounts.one_time_codes import (
    matching_step,
    new_recovery_codes,
    new_secret,
    provisioning_uri,
    recovery_digest,
    tidy,
)
from hookline.clock import UnixMs
from hookline.ids import UserId

# RFC 6238, appendix B: the ASCII secret 12345678901234567890 with SHA-1, its last six digits.
RFC_SECRET = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
RFC = [
    (59, "287082"), (1_111_111_109, "081804"), (1_111_111_111, "050471"),
    (1_234_567_890, "005924"), (2_000_000_000, "279037"), (20_000_000_000, "353130"),
]  # fmt: skip


@pytest.mark.parametrize(("seconds", "code"), RFC)
def test_codes_are_those_of_the_rfc(seconds: int, code: str) -> None:
    assert matching_step(RFC_SECRET, code, UnixMs(seconds * 1_000)) == seconds // 30


@pytest.mark.parametrize(("late_s", "counts"), [(-60, False), (-30, True), (30, True), (60, False)])
def test_a_code_counts_one_step_before_and_after(late_s: int, counts: bool) -> None:
    seconds, code = RFC[1]
    found = matching_step(RFC_SECRET, code, UnixMs((seconds + late_s) * 1_000))
    assert found == (seconds // 30 if counts else None)


@given(st.text(max_size=80))
def test_whatever_is_typed_is_only_right_or_wrong(text: str) -> None:
    assert matching_step(RFC_SECRET, tidy(text), UnixMs(59_000)) in {None, 0, 1, 2}


def test_the_uri_names_the_program_and_the_person() -> None:
    uri = provisioning_uri(new_secret(), "dana@example.com")
    assert uri.startswith("otpauth://totp/Hookline:dana%40example.com?secret=")
    assert uri.endswith("&issuer=Hookline")


def test_recovery_codes_differ_and_are_read_however_they_are_typed() -> None:
    codes = new_recovery_codes()
    assert len(set(codes)) == 10
    user = UserId("usr_1")
    assert recovery_digest(user, codes[0].upper().replace("-", " ")) == recovery_digest(
        user, codes[0]
    )
    assert recovery_digest(UserId("usr_2"), codes[0]) != recovery_digest(user, codes[0])
