"""The published rules find our tokens, and the checksum tells look-alikes apart."""

import re
import tomllib
from pathlib import Path

import pytest
import yaml

from hookline.api.authentication import InvalidToken
from hookline.credentials.tokens import Token, parse_token
from hookline.principal import Mode

FOLDER = Path(__file__).parents[2] / "docs" / "detection"
GITLEAKS = tomllib.loads((FOLDER / "gitleaks.toml").read_text())["rules"][0]
TRUFFLEHOG = yaml.safe_load((FOLDER / "trufflehog.yaml").read_text())["detectors"][0]
PATTERNS = [GITLEAKS["regex"], TRUFFLEHOG["regex"]["token"]]
PLACES = ["{}", "TOKEN={}\n", '"Bearer {}"', "https://example.com/?t={}&x", "({}),"]


@pytest.mark.parametrize("pattern", PATTERNS)
@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("mode", Mode)
def test_rule_finds_a_token_wherever_it_stands(pattern: str, place: str, mode: Mode) -> None:
    token = Token.new(mode).text
    assert re.findall(pattern, place.format(token)) == [token]


@pytest.mark.parametrize("pattern", PATTERNS)
@pytest.mark.parametrize("change", [lambda t: t[:-1], lambda t: t + "x", lambda t: t.upper()])
def test_rule_passes_over_what_cannot_be_one(pattern: str, change: object) -> None:
    text = change(Token.new(Mode.LIVE).text)  # type: ignore[operator]
    assert re.findall(pattern, text) == []


@pytest.mark.parametrize("rule", [GITLEAKS, TRUFFLEHOG])
def test_keywords_are_in_every_token(rule: dict[str, list[str]]) -> None:
    for mode in Mode:
        assert any(word in Token.new(mode).text for word in rule["keywords"])


@pytest.mark.parametrize("place", [8, 30, 50, 56])
def test_checksum_rejects_look_alikes(place: int) -> None:
    token = Token.new(Mode.LIVE).text
    other = "A" if token[place] != "A" else "B"
    with pytest.raises(InvalidToken, match="checksum"):
        parse_token(token[:place] + other + token[place + 1 :])
