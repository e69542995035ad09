"""What a person's number looks like in texts, and what is left of what is about them."""

import pytest

from hookline.erasing import ERASED, Person

MARA = Person("+12025550110")


@pytest.mark.parametrize(
    "text",
    [
        "+12025550110",
        "12025550110",
        "+1 (202) 555-0110",
        "+1 202 555 0110",
        "to=%2B12025550110",
        "/v1/opt_outs/+12025550110",
        '{"to":"+1.202.555.0110"}',
        "+1%20202%20555%200110",
    ],
)
def test_a_number_is_found_however_it_is_written(text: str) -> None:
    assert MARA.mentioned_in(text)
    left = MARA.without(text)
    assert ERASED in left
    assert not MARA.mentioned_in(left)
    assert "0110" not in left


@pytest.mark.parametrize(
    "text",
    [
        None,
        "",
        "+120255501100",
        "+412025550110",
        "912025550110",
        "+1202555011",
        "1, 2025550110.5x1",
    ],
)
def test_other_numbers_are_left_alone(text: str | None) -> None:
    assert not MARA.mentioned_in(text)


def test_a_resource_keeps_its_facts_and_nothing_of_the_person() -> None:
    message = {
        "id": "msg_1", "from": "+12025550100", "to": "+12025550110", "text": "Dear Mara",
        "metadata": {"customer": "Mara"}, "status": "delivered", "segments": 1, "tags": ["vip"],
    }  # fmt: skip
    assert MARA.resource(message) == {
        "id": "msg_1", "from": "+12025550100", "to": ERASED, "text": None, "metadata": {},
        "status": "delivered", "segments": 1, "tags": ["vip"],
    }  # fmt: skip
    call = {
        "id": "call_1", "from": "+12025550110", "caller_name": "Mara", "digit": "7",
        "leg": {"to": "+12025550110", "role": "to"}, "metadata": {}, "answered_at": None,
    }  # fmt: skip
    recording = {"id": "rec_1", "call_id": "call_1", "peaks": [[1, 2]], "duration_ms": 5}
    assert MARA.resource(recording) == {**recording, "peaks": []}
    assert MARA.resource(call) == {
        "id": "call_1", "from": ERASED, "caller_name": None, "digit": "",
        "leg": {"to": ERASED, "role": "to"}, "metadata": {}, "answered_at": None,
    }  # fmt: skip


def test_only_resources_of_the_account_change_in_a_kept_answer() -> None:
    def item(known: str, to: str) -> dict[str, object]:
        return {"message": {"id": known, "to": to, "text": "Hello", "metadata": {"a": 1}}}

    answer = {"data": [item("msg_1", "+12025550110"), item("msg_2", "+12025550111"),
                       item("msg_3", "+12025550110")]}  # fmt: skip
    assert list(MARA.named_by(answer)) == ["msg_1", "msg_3"]
    left = MARA.answer(answer, {"msg_1"})
    assert left["data"][0]["message"] == {
        "id": "msg_1", "to": ERASED, "text": None, "metadata": {},
    }  # fmt: skip
    assert left["data"][1:] == answer["data"][1:]


def test_a_timeline_keeps_codes_and_ids_but_no_free_text() -> None:
    lines = (
        '{"status":"sent","at":"2026-11-30T03:00:00Z","carrier_code":"0"}\n'
        '{"status":"note","at":"2026-11-30T03:00:01Z","detail":"Mara did not answer"}\n'
        '{"status":"busy","at":"2026-11-30T03:00:02Z","leg":"to","detail":"callee_busy"}\n'
        '{"status":"note","at":"2026-11-30T03:00:03Z","detail":"12025550110"}\n'
    )
    left = MARA.timeline(lines)
    assert "Mara" not in left
    assert [line.count("detail") for line in left.splitlines()] == [0, 0, 1, 0]
    assert '"carrier_code":"0"' in left
    assert MARA.timeline("") == ""
