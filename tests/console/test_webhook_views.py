"""Webhooks as people see them."""

from types import SimpleNamespace

from hookline.console.views.webhooks import (
    delivery_row,
    families,
    number_choices,
    simplified,
    stored_attempt,
    verification,
)
from hookline.events.catalogue import example_resource_id
from hookline.events.model import EventType
from hookline.ids import AccountId
from hookline.principal import Principal, PrincipalKind, Scope


def row(**changes: object) -> SimpleNamespace:
    values: dict[str, object] = {
        "id": "dlv_1", "event_id": "evt_1", "event_type": "message.sent",
        "resource_id": "msg_01kf0s3k5we8e9xg8nq3r5x8b3", "url": None,
        "endpoint_url": "https://example.com/hook", "status": "pending", "attempts": 2,
        "last_status": None, "last_error": "timeout: no answer", "created_at": 1,
        "next_attempt_at": 5,
    }  # fmt: skip
    return SimpleNamespace(**(values | changes))


def test_a_pending_delivery_says_when_it_is_tried_again() -> None:
    assert delivery_row(row()).next_attempt_at == 5
    assert delivery_row(row(status="failed")).next_attempt_at is None


def test_a_delivery_leads_to_its_message_but_a_test_does_not() -> None:
    assert delivery_row(row()).about_url == "/messages/msg_01kf0s3k5we8e9xg8nq3r5x8b3"
    call = delivery_row(row(resource_id="call_01kf0s3k5we8e9xg8nq3r5x8b3"))
    assert call.about_url == "/calls/call_01kf0s3k5we8e9xg8nq3r5x8b3"
    example = example_resource_id(EventType.MESSAGE_SENT)
    assert delivery_row(row(resource_id=example)).about_url == ""


def test_the_last_answer_is_said_in_short() -> None:
    assert delivery_row(row(last_status=200, last_error=None)).last_answer == "200"
    assert delivery_row(row()).last_answer == "timeout: no answer"


def test_an_answer_that_is_no_text_is_still_shown() -> None:
    stored = SimpleNamespace(
        number=1, attempted_at=1, address=None, status=200, elapsed_ms=3, error=None,
        response_headers='[["x","y"]]', response_body=b"\xff<b>",
    )  # fmt: skip
    view = stored_attempt(stored)
    assert view.is_success
    assert view.body.endswith("<b>")
    assert view.headers == [("x", "y")]


def test_types_that_a_family_covers_are_left_out() -> None:
    assert simplified(["message.*", "message.sent", "webhook.disabled"]) == (
        "message.*",
        "webhook.disabled",
    )


def test_only_readable_families_can_be_chosen() -> None:
    scopes = frozenset({Scope.MESSAGES_READ})
    principal = Principal(AccountId("acc_1"), PrincipalKind.USER, "usr_1", scopes)
    assert [family.pattern for family in families(principal)] == ["message.*"]


def test_the_verification_code_is_python() -> None:
    compile(verification("whsec_x"), "verification", "exec")


def test_numbers_that_were_chosen_stay_a_choice_when_they_have_gone() -> None:
    choices = number_choices(["+12025550100"], ["+12025550199"], is_cut=False)
    assert [(one.number, one.is_chosen, one.is_foreign) for one in choices] == [
        ("+12025550100", False, False),
        ("+12025550199", True, True),
    ]


def test_a_number_beyond_the_list_is_not_called_foreign() -> None:
    choices = number_choices(["+12025550100"], ["+12025550199"], is_cut=True)
    assert not choices[1].is_foreign
