"""Messages as people see them."""

from hookline.carriers.encoding import segment
from hookline.clock import DAY_MS
from hookline.console.views.messages import bubbles, message_row, message_view, preview, threads
from hookline.erasing import ERASED
from hookline.messages.model import Message, timeline_line

NOW = 1_780_000_000_000


def message(number: int = 1, **changes: object) -> Message:
    values: dict[str, object] = {
        "id": f"msg_{number}", "account_id": "acc_1", "mode": "live", "direction": "outbound",
        "sender": "+12025550100", "recipient": "+12025550110", "text": "Hello", "encoding": "gsm7",
        "segments": 1, "status": "delivered", "error_code": None, "carrier_code": None,
        "carrier_id": None, "credential_id": None, "tags": None, "metadata": None,
        "status_url": None, "status_events": None, "created_at": NOW, "updated_at": NOW,
        "send_at": None, "valid_until": None, "sent_at": None, "delivered_at": None,
        "sequence": 1, "timeline": "", "owner": None,
    }  # fmt: skip
    return Message(**(values | changes))  # type: ignore[arg-type]


def inbound(number: int, text: str, **changes: object) -> Message:
    return message(
        number, direction="inbound", sender="+12025550110", recipient="+12025550100", text=text,
        status="received", **changes,
    )  # fmt: skip


def test_a_row_names_the_other_side_first() -> None:
    assert message_row(message()).other == "+12025550110"
    assert message_row(inbound(2, "Hi")).other == "+12025550110"


def test_an_error_is_said_in_words() -> None:
    failed = message(status="undelivered", error_code="undelivered", carrier_code="UNDELIV")
    view = message_view(failed)
    assert view.error is not None
    assert view.error.title == "The message could not be delivered"
    assert view.status.tone == "bad"


def test_the_timeline_shows_what_the_carrier_said() -> None:
    lines = timeline_line("queued", NOW) + timeline_line("failed", NOW + 5, "REJECTD", "No.")
    steps = message_view(message(timeline=lines)).timeline
    assert [(step.title, step.note) for step in steps] == [
        ("Queued", ""),
        ("Failed", "No. · REJECTD"),
    ]
    assert steps[1].clock == "20:26:40.005"


def test_bubbles_are_oldest_first_with_each_day_once() -> None:
    shown = bubbles([inbound(3, "b"), inbound(2, "a"), message(1, created_at=NOW - 2 * DAY_MS)])
    assert [bubble.id for bubble in shown] == ["msg_1", "msg_2", "msg_3"]
    assert [bool(bubble.day) for bubble in shown] == [True, True, False]
    assert [bubble.is_mine for bubble in shown] == [False, True, True]


def test_a_stop_word_is_marked() -> None:
    assert [
        bubble.note for bubble in bubbles([inbound(2, "please stop by"), inbound(1, "Stop!")])
    ] == [
        "opted out",
        "",
    ]


def test_numbers_without_messages_have_an_empty_thread() -> None:
    found = threads([inbound(1, "Hi")], ["+12025550101", "+12025550100"])
    assert {number: len(of) for number, of in found.items()} == {
        "+12025550100": 1,
        "+12025550101": 0,
    }


def test_the_preview_names_what_makes_a_text_expensive() -> None:
    shown = preview(segment("5 € “net”\u200b"))
    assert shown.encoding_title == "UCS-2"
    assert shown.forcing == ["“", "”", "U+200B"]
    assert preview(segment("5 €")).encoding_title == "GSM-7"


def test_who_was_forgotten_cannot_be_written_to() -> None:
    assert message_view(message(recipient=ERASED)).is_erased
    assert not message_view(message()).is_erased
