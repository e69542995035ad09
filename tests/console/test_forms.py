"""How refusals find their fields."""

from starlette.datastructures import FormData

from hookline.console.forms import Form, refusal_of
from hookline.console.rendering import code_spans, with_value, without
from hookline.errors import FieldError, Invalid


def test_a_refusal_goes_to_the_field_that_is_shown() -> None:
    error = Invalid.at("/events/0", "unknown", "There is no such event.")
    assert refusal_of(error, ("url", "events")).fields == {"events": "There is no such event."}


def test_a_refusal_of_something_that_is_not_shown_is_about_the_whole() -> None:
    refusal = refusal_of(Invalid("No.", errors=[FieldError("/hidden", "x", "No.")]), ("url",))
    assert (refusal.fields, refusal.whole) == ({}, "No.")


def test_line_ends_are_those_that_were_typed() -> None:
    form = Form(FormData([("text", "one\r\ntwo ")]))
    assert form.raw("text") == "one\ntwo "
    assert form.text("missing") == ""


def test_query_strings_change_one_parameter() -> None:
    query = {"status": "sent", "cursor": "a&b"}
    assert with_value(query, "cursor", "x") == "status=sent&cursor=x"
    assert without(query, "cursor") == "status=sent"


def test_backticks_become_code_and_the_rest_stays_text() -> None:
    assert code_spans("Send `<b>` now") == "Send <code>&lt;b&gt;</code> now"
    assert code_spans("a ` b <i>") == "a ` b &lt;i&gt;"
