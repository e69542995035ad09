"""What the forms about calls make of what is typed."""

import pytest

from hookline.console.pages import call_placing, number_calls
from hookline.console.pages.call_placing import check_typed
from hookline.errors import Invalid


def typed(**changes: str) -> call_placing.Typed:
    values = {"to": "+12025550110", "sender": "+12025550100", "way": "say", "agent": "",
              "text": "Hello", "record": "dual"}  # fmt: skip
    return call_placing.Typed(**(values | changes))


def test_a_text_becomes_an_action() -> None:
    body = call_placing.wanted(typed())
    assert body.actions is not None
    assert body.actions[0].say.text == "Hello"
    assert (body.agent, body.record) == (None, "dual")


def test_click_to_call_leaves_the_text_out() -> None:
    body = call_placing.wanted(typed(way="agent", agent="+12025550111"))
    assert (body.agent, body.actions) == ("+12025550111", None)


def test_only_the_chosen_way_must_be_filled_in() -> None:
    assert set(check_typed(typed(way="agent", text="")).fields) == {"agent"}
    assert set(check_typed(typed(text="")).fields) == {"text"}


def test_a_refusal_stands_at_its_field() -> None:
    with pytest.raises(Invalid) as caught:
        call_placing.wanted(typed(to="12345", text="x" * 4_000))
    assert set(call_placing.refusal(caught.value).fields) == {"to", "text"}


def number(**changes: object) -> number_calls.Typed:
    values: dict[str, object] = {"voice_carrier": "car_1", "way": "agent", "agent": "+12025550111"}
    return number_calls.Typed(**(values | changes))  # type: ignore[arg-type]


def test_an_agent_rings_as_long_as_is_typed() -> None:
    inbound = number_calls.wanted(number(ring_timeout_seconds="12", voicemail=True))
    assert inbound is not None
    assert (inbound.agent, inbound.ring_timeout_seconds, inbound.voicemail) == (
        "+12025550111",
        12,
        True,
    )


def test_nothing_is_to_become_of_calls() -> None:
    assert number_calls.wanted(number(way="nothing")) is None


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"ring_timeout_seconds": "long"}, "ring_timeout_seconds"),
        ({"agent": "nobody"}, "agent"),
        ({"way": "actions", "actions": "not json"}, "actions"),
        ({"way": "actions", "actions": '[{"say": {}}]'}, "actions"),
    ],
)
def test_what_is_wrong_stands_at_its_field(changes: dict[str, object], field: str) -> None:
    with pytest.raises(Invalid) as caught:
        number_calls.wanted(number(**changes))
    assert set(number_calls.refusal(caught.value).fields) == {field}
