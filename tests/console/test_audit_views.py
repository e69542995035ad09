"""What an entry of the audit log says to a person."""

from typing import Any

import pytest

from hookline.audit.model import Anchor, Break, BreakKind, Entry, Verification, VerificationStatus
from hookline.clock import UnixMs
from hookline.console.views.audit import Change, chain_view, changes, entry_row

NOW = UnixMs(1_800_000_000_000)


def entry(**changes: Any) -> Entry:
    values: dict[str, Any] = {
        "number": 4, "at": NOW, "actor_kind": "user", "actor_id": "usr_1", "actor_label": "a@b.com",
        "ip": None, "user_agent": None, "request_id": None, "action": "x.y", "resource_id": "crd_1",
        "before": None, "after": None, "previous_hash": "0" * 64, "hash": "ab" * 32,
    }  # fmt: skip
    return Entry(**{**values, **changes})


def test_a_difference_is_told_field_by_field() -> None:
    before = {"name": "Acme", "scopes": ["a"], "gone": 1, "kept": True}
    after = {"name": "Acme Ltd", "scopes": ["a", "b"], "new": None, "kept": True}
    assert changes(before, after) == [
        Change("gone", "removed", "1", ""),
        Change("name", "changed", "Acme", "Acme Ltd"),
        Change("new", "added", "", "(none)"),
        Change("scopes", "changed", "a", "a, b"),
        Change("kept", "same", "yes", "yes"),
    ]


def test_what_is_nested_has_a_path() -> None:
    found = changes({"limits": {}}, {"limits": {"ips": ["10.0.0.0/8"], "rate": {"count": 5}}})
    assert found == [
        Change("limits.ips", "added", "", "10.0.0.0/8"),
        Change("limits.rate.count", "added", "", "5"),
    ]


def test_nothing_has_no_changes() -> None:
    assert changes(None, None) == changes({}, None) == []


def test_what_somebody_made_unreadable_is_shown_as_it_is() -> None:
    assert changes("{not json", None) == [Change("content", "removed", "{not json", "")]


@pytest.mark.parametrize(
    ("resource", "url"),
    [
        ("acc_01kf0s3k5we8e9xg8nq3r5x8b2", "/account"),
        ("avf_01kf0s3k5we8e9xg8nq3r5x8b2", "/audit"),
        ("msg_01kf0s3k5we8e9xg8nq3r5x8b2", "/messages/msg_01kf0s3k5we8e9xg8nq3r5x8b2"),
        ("call_01kf0s3k5we8e9xg8nq3r5x8b2", "/calls/call_01kf0s3k5we8e9xg8nq3r5x8b2"),
        ("+12025550100", None),
        ("javascript:alert(1)", None),
    ],
)
def test_a_resource_leads_to_its_page(resource: str, url: str | None) -> None:
    assert entry_row(entry(resource_id=resource)).resource_url == url


def verification(status: VerificationStatus, found: Break | None = None) -> Verification:
    return Verification(
        "avf_1", "acc_1", status, "a@b.com", None, Anchor(200, "ab" * 32), Anchor(50, "cd" * 32),
        found, NOW, NOW, NOW,
    )  # fmt: skip


def test_the_chain_is_unknown_before_the_first_verification() -> None:
    assert chain_view(None).status == "unknown"


@pytest.mark.parametrize("status", [VerificationStatus.QUEUED, VerificationStatus.RUNNING])
def test_a_run_says_how_far_it_is(status: VerificationStatus) -> None:
    view = chain_view(verification(status))
    assert (view.status, view.percent, view.rows) == ("running", 25, 200)


def test_a_broken_chain_says_where() -> None:
    found = Break(51, BreakKind.CHANGED, "The content of row 51 is not what was written.")
    view = chain_view(verification(VerificationStatus.BROKEN, found))
    assert (view.status, view.broken_at, view.found) == ("broken", 51, found.detail)
