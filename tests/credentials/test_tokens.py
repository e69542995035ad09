import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hookline.api.authentication import InvalidToken
from hookline.credentials.tokens import (
    ALPHABET,
    Token,
    checksum,
    digest_of,
    parse_token,
    to_base62,
)
from hookline.principal import Mode


@pytest.mark.parametrize("mode", Mode)
def test_token_has_the_public_shape(mode: Mode) -> None:
    token = Token.new(mode)
    assert re.fullmatch(rf"hk_{mode}_[0-9A-Za-z]{{43}}[0-9A-Za-z]{{6}}", token.text)
    assert token.text.startswith(token.prefix)
    assert len(token.prefix) == len(f"hk_{mode}_") + 4
    assert token.text.endswith(token.last4)


def test_tokens_never_repeat() -> None:
    assert len({Token.new(Mode.LIVE).text for _ in range(1_000)}) == 1_000


def test_token_hides_its_text() -> None:
    token = Token.new(Mode.LIVE)
    assert token.text not in repr(token)


def test_token_is_looked_up_by_its_digest() -> None:
    token = Token.new(Mode.TEST)
    assert parse_token(token.text) == digest_of(token.text) == token.digest


def test_checksum_is_that_of_the_known_sample() -> None:
    # The zlib CRC-32 of "hk_live_" + 43 zeros, in the alphabet 0-9A-Za-z.
    assert checksum("hk_live_" + "0" * 43) == to_base62(0x254523D7, 6)


@given(st.integers(min_value=0, max_value=2**256 - 1))
def test_base62_keeps_every_bit(value: int) -> None:
    text = to_base62(value, 43)
    decoded = 0
    for character in text:
        decoded = decoded * 62 + ALPHABET.index(character)
    assert (len(text), decoded) == (43, value)


@given(st.integers(min_value=0, max_value=56), st.sampled_from(ALPHABET))
def test_any_mistyped_character_is_noticed(place: int, character: str) -> None:
    token = Token.new(Mode.LIVE).text
    mistyped = token[:place] + character + token[place + 1 :]
    if mistyped != token:
        with pytest.raises(InvalidToken):
            parse_token(mistyped)


@pytest.mark.parametrize(
    "text",
    ["", "hk_live_", "hk_prod_" + "a" * 49, "sk_live_" + "a" * 49, "hk_live_" + "é" * 49],
)
def test_other_texts_are_malformed(text: str) -> None:
    with pytest.raises(InvalidToken, match="malformed"):
        parse_token(text)


@pytest.mark.parametrize("tail", ["\n", " ", "a"])
def test_nothing_may_follow_a_token(tail: str) -> None:
    with pytest.raises(InvalidToken, match="malformed"):
        parse_token(Token.new(Mode.LIVE).text + tail)


def test_mode_cannot_be_swapped() -> None:
    token = Token.new(Mode.TEST).text
    with pytest.raises(InvalidToken, match="checksum"):
        parse_token(token.replace("hk_test_", "hk_live_"))
