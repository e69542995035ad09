"""What is printed of an event."""

import contextlib
import io

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hookline.cli.event_lines import Lines, word_about
from hookline.cli.event_source import Told
from hookline.cli.forwarding import Answer
from hookline.events.catalogue import EXAMPLES, example_body
from hookline.events.model import EventType


@pytest.mark.parametrize("kind", EventType)
def test_every_event_has_words(kind: EventType) -> None:
    assert word_about(kind, EXAMPLES[kind]).strip()


@given(text=st.text(alphabet=st.characters(exclude_categories=["Cs"])))
def test_a_message_is_one_line_and_moves_no_cursor(text: str) -> None:
    body = msgspec.json.decode(
        example_body(EventType.MESSAGE_RECEIVED, event_id="evt_1", account_id="acc_1", at=0)
    )
    body["data"]["text"] = text
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        told = Told("evt_1", "message.received", msgspec.json.encode(body))
        Lines(as_json=False).event(told, is_sent_on=False)
    line, end, rest = printed.getvalue().partition("\n")
    assert line.isprintable()
    assert (end, rest) == ("\n", "")


def test_one_goes_on_with_the_first_event_that_was_not_answered() -> None:
    def told(number: int) -> Told:
        kind = EventType.MESSAGE_SENT
        body = example_body(kind, event_id=f"evt_{number}", account_id="acc_1", at=0)
        return Told(f"evt_{number}", kind, body)

    lines, said = Lines(as_json=False), io.StringIO()
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(said):
        for number in (1, 2, 3):
            lines.event(told(number), is_sent_on=True)
        for number in (1, 3):
            lines.answer(told(number), Answer(200, 3, None, ""))
        lines.cut_off(1)
        lines.summary()
    assert "2 answered 2xx, 0 did not, 1 cut off; to go on: --from evt_1." in said.getvalue()
