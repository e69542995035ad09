"""What actions may be written, and how many, and how deep."""

from typing import Any

import pytest
from pydantic import ValidationError

from hookline.numbers.call_actions import (
    DEPTH_MAX,
    LIST_MAX,
    TOTAL_MAX,
    action_list,
    every_action,
    media_urls,
)
from hookline.numbers.inbound_voice import InboundVoice
from hookline.numbers.parties import InvalidParty, is_sip_uri, parse_party

SAY = {"say": {"text": "Hello"}}
Json = Any  # Any: JSON


def nested(depth: int) -> list[Json]:
    """Lists inside each other, so many of them."""
    if depth == 1:
        return [SAY]
    return [{"gather": {"then": {"1": nested(depth - 1)}}}]


def branches(count: int) -> list[Json]:
    """A gather with so many actions behind its digits."""
    digits = [str(number) for number in range(count // LIST_MAX)]
    return [{"gather": {"digits": 2, "then": {one: [SAY] * LIST_MAX for one in digits}}}]


@pytest.mark.parametrize(
    "actions",
    [
        [],
        [{}],
        [{"say": None}],
        [{"say": {"text": ""}}],
        [{"say": {"text": "x"}, "hangup": {}}],
        [{"say": {"text": "x" * 3_001}}],
        [{"fly": {}}],
        [{"pause": {"seconds": 0}}],
        [{"pause": {"seconds": "1"}}],
        [{"gather": {"digits": 33}}],
        [{"gather": {"finish_on": "##"}}],
        [{"gather": {"then": {"x": [SAY]}}}],
        [{"gather": {"prompt": {"say": {"text": "x"}, "play": {"url": "http://e.com"}}}}],
        [{"dial": {"to": "nobody"}}],
        [{"say": {"text": "a\x00b"}}],
        [SAY] * (LIST_MAX + 1),
        nested(DEPTH_MAX + 1),
        branches(TOTAL_MAX + LIST_MAX),
    ],
)
def test_what_is_refused(actions: Json) -> None:
    with pytest.raises(ValidationError):
        action_list.validate_python(actions)


@pytest.mark.parametrize("actions", [[SAY] * LIST_MAX, nested(DEPTH_MAX), branches(150)])
def test_what_is_just_within_bounds(actions: Json) -> None:
    assert action_list.validate_python(actions)


def test_a_list_is_written_as_it_came() -> None:
    actions = [SAY, {"gather": {"then": {"1": [{"hangup": {}}]}}}]
    read = action_list.validate_python(actions)
    assert action_list.dump_python(read, mode="json", exclude_unset=True) == actions
    assert len(list(every_action(read))) == 3


def test_urls_are_found_in_prompts_and_branches() -> None:
    prompt = {"play": {"url": "https://example.com/1.wav"}}
    branch = [{"play": {"url": "https://example.com/2.wav"}}]
    read = action_list.validate_python([{"gather": {"prompt": prompt, "then": {"1": branch}}}])
    assert list(media_urls(read)) == ["https://example.com/1.wav", "https://example.com/2.wav"]


def test_a_number_answers_its_calls_in_one_way() -> None:
    with pytest.raises(ValidationError, match="at most one"):
        InboundVoice(agent="+12025550110", answer_url="https://example.com")
    assert InboundVoice(voicemail=True).agent is None


@pytest.mark.parametrize(
    "uri",
    [
        "sip:alice@example.com",
        "sips:+12025550110@10.0.0.1:5061",
        "sip:alice@[2001:db8::1]",
        "SIP:a.b-c@pbx;transport=tls",
    ],
)
def test_sip_uris_that_can_be_dialled(uri: str) -> None:
    assert parse_party(uri) == uri


@pytest.mark.parametrize(
    "uri",
    [
        "sip:",
        "sip:alice",
        "sip:@example.com",
        "sip:alice@example.com?Replaces=1",
        "sip:alice@exa mple.com",
        "sip:alice@example.com\r\nX: 1",
        "sip:alice@-example.com",
        "sip:" + "a" * 300 + "@example.com",
    ],
)
def test_sip_uris_that_cannot(uri: str) -> None:
    assert not is_sip_uri(uri)
    with pytest.raises(InvalidParty):
        parse_party(uri)
