"""Calls as people see them."""

import pytest

from hookline.calls.model import Call, Leg, Recording, timeline_line
from hookline.calls.resource import peaks_of
from hookline.console.views.calls import call_row, call_view, recording_view
from hookline.console.views.durations import clock_length, size_in_words, spoken_length
from hookline.erasing import ERASED

NOW = 1_780_000_000_000


def call(**changes: object) -> Call:
    values: dict[str, object] = {
        "id": "call_1", "account_id": "acc_1", "mode": "live", "direction": "outbound",
        "sender": "+12025550100", "recipient": "+12025550110", "caller_name": None, "agent": None,
        "carrier_id": "car_1", "credential_id": None, "status": "completed",
        "hangup_by": "callee", "reason": "hangup", "sip_code": None, "plan": "{}",
        "metadata": None, "status_url": None, "created_at": NOW, "updated_at": NOW,
        "answered_at": NOW, "ended_at": NOW + 65_000, "sequence": 1, "timeline": "", "owner": None,
    }  # fmt: skip
    return Call(**(values | changes))  # type: ignore[arg-type]


def leg(**changes: object) -> Leg:
    values: dict[str, object] = {
        "id": "leg_1", "call_id": "call_1", "role": "to", "sender": "+12025550100",
        "recipient": "+12025550110", "carrier_id": "car_1", "status": "busy",
        "hangup_by": "callee", "reason": "busy", "sip_code": 486, "created_at": NOW,
        "ringing_at": None, "answered_at": None, "ended_at": NOW + 5,
    }  # fmt: skip
    return Leg(**(values | changes))  # type: ignore[arg-type]


def recording(**changes: object) -> Recording:
    values: dict[str, object] = {
        "id": "rec_1", "account_id": "acc_1", "mode": "live", "call_id": "call_1",
        "status": "completed", "channels": 2, "duration_ms": 65_400, "bytes": 1_046_444,
        "sha256": "ab", "peaks": "[0,50,100]", "reason": None, "started_at": NOW, "ended_at": NOW,
    }  # fmt: skip
    return Recording(**(values | changes))  # type: ignore[arg-type]


def test_a_row_says_who_hung_up_and_after_how_long() -> None:
    row = call_row(call(), recorded={"call_1"})
    assert (row.other, row.ended_by, row.length) == ("+12025550110", "the other side", "1 min 5 s")
    assert row.is_recorded
    assert not row.is_live


def test_an_inbound_call_is_named_after_its_caller() -> None:
    assert call_row(call(direction="inbound"), recorded=()).other == "+12025550100"


def test_a_failure_is_said_in_words_with_what_to_do() -> None:
    failed = call(status="failed", reason="not_configured", hangup_by="system", answered_at=None)
    view = call_view(failed, [])
    assert view.reason == "Nothing is set up for calls to this number"
    assert "Numbers and carriers" in view.advice
    assert call_row(failed, recorded=()).reason == view.reason


def test_a_reason_that_only_an_engine_knows_is_shown_as_it_is() -> None:
    assert call_view(call(reason="Q.850 88"), []).reason == "Q.850 88"


def test_a_leg_tells_its_own_end() -> None:
    (shown,) = call_view(call(), [leg()]).legs
    assert (shown.party, shown.status.title, shown.status.tone) == ("+12025550110", "Busy", "warn")
    assert shown.ended == "The line was busy · by the other side"


def test_the_timeline_names_the_side_and_hides_ids() -> None:
    lines = timeline_line("in_progress", NOW, leg="agent")
    lines += timeline_line("recording_started", NOW, detail="rec_1")
    lines += timeline_line("note", NOW, detail="media_failed: 404")
    steps = call_view(call(timeline=lines), []).timeline
    assert [(step.title, step.note) for step in steps] == [
        ("Agent: answered", ""),
        ("Recording started", ""),
        ("Note", "media_failed: 404"),
    ]


def test_a_recording_has_its_shape_and_its_measures() -> None:
    view = recording_view(recording())
    assert (view.length, view.size, view.channels) == ("1:05", "1.0 MB", "Dual channel")
    assert view.shape.path.count("z") == 3
    assert view.is_playable


def test_a_deleted_recording_cannot_be_played() -> None:
    assert not recording_view(recording(status="deleted")).is_playable


def test_lengths_and_sizes_read_well_at_every_scale() -> None:
    assert [clock_length(ms) for ms in (0, 7_400, 3_723_000)] == ["0:00", "0:07", "1:02:03"]
    assert [spoken_length(ms) for ms in (900, 750_000, 3_723_000)] == [
        "1 s",
        "12 min 30 s",
        "1 h 2 min",
    ]
    assert [size_in_words(size) for size in (640, 12_400, 3_400_000)] == [
        "640 B",
        "12 KB",
        "3.4 MB",
    ]


@pytest.mark.parametrize(
    ("kept", "rows"), [("[0,50]", [[0, 50]]), ("[[0],[50]]", [[0], [50]]), (None, [])]
)
def test_a_recording_of_old_has_one_row_of_peaks(kept: str | None, rows: list[list[int]]) -> None:
    assert peaks_of(recording(peaks=kept)) == rows


def test_who_was_forgotten_cannot_be_called_again() -> None:
    assert call_view(call(recipient=ERASED), []).is_erased
    assert call_view(call(agent=ERASED), []).is_erased
    assert not call_view(call(), []).is_erased
