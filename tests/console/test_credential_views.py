"""Credentials as people see them."""

from dataclasses import replace

import pytest

from hookline.clock import DAY_MS, HOUR_MS, UnixMs
from hookline.console.views.credentials import (
    Age,
    credential_view,
    scope_chips,
)
from hookline.console.views.rotation import chosen_grace, span
from hookline.credentials.model import (
    Actor,
    Credential,
    LastUse,
    PreviousToken,
    Status,
)
from hookline.ids import AccountId, CredentialId
from hookline.principal import Mode, Scope

NOW = 1_780_000_000_000


def credential(age_days: int = 0, **changes: object) -> Credential:
    made = Credential(
        id=CredentialId("crd_1"),
        account_id=AccountId("acc_1"),
        description="CRM, production",
        mode=Mode.LIVE,
        scopes=frozenset({Scope.MESSAGES_SEND, Scope.MESSAGES_READ, Scope.WEBHOOKS_READ}),
        status=Status.ACTIVE,
        prefix="hk_live_7Qf2",
        last4="x9Lk",
        created_by=Actor("usr_1", "mara@example.com"),
        created_at=UnixMs(NOW - age_days * DAY_MS),
        updated_at=UnixMs(NOW),
        rotated_at=None,
        last_used=None,
        ended=None,
    )
    return replace(made, **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("days", "state"),
    [(0, "fresh"), (75, "fresh"), (76, "soon"), (90, "soon"), (91, "overdue"), (400, "overdue")],
)
def test_the_badge_follows_the_ninety_days(days: int, state: str) -> None:
    assert Age(days).state == state
    assert 1 <= Age(days).percent <= 100


def test_age_counts_from_the_last_rotation() -> None:
    rotated = credential(age_days=200, rotated_at=UnixMs(NOW - 3 * DAY_MS))
    assert credential_view(rotated, NOW).age.days == 3


def test_the_token_is_shown_by_its_ends() -> None:
    assert credential_view(credential(), NOW).token == "hk_live_7Qf2…x9Lk"


def test_scopes_become_one_chip_a_resource() -> None:
    chips = scope_chips({Scope.MESSAGES_READ, Scope.MESSAGES_SEND, Scope.WEBHOOKS_WRITE})
    assert [(chip.resource, chip.short) for chip in chips] == [
        ("messages", "sr"),
        ("webhooks", "w"),
    ]
    assert chips[0].full == "send, read"


def test_the_last_use_is_shown() -> None:
    used = credential(last_used=LastUse(UnixMs(NOW), "203.0.113.9", "curl/8", "POST /v1/messages"))
    view = credential_view(used, NOW)
    assert (view.last_used_ip, view.last_used_route) == ("203.0.113.9", "POST /v1/messages")


def in_grace(used_at: int | None = None) -> Credential:
    used = None if used_at is None else LastUse(UnixMs(used_at), "192.0.2.1", "curl/8", "GET /v1")
    rotated_at = UnixMs(NOW - 6 * HOUR_MS)
    old = PreviousToken(
        prefix="hk_live_old1",
        last4="old4",
        created_at=UnixMs(0),
        rotated_at=rotated_at,
        grace_ends_at=UnixMs(NOW + 18 * HOUR_MS),
        is_extended=False,
        last_used=used,
    )
    return credential(status=Status.ROTATING, rotated_at=rotated_at, previous=old)


@pytest.mark.parametrize(
    ("used_at", "is_quiet"),
    [(None, True), (NOW - 7 * HOUR_MS, True), (NOW - HOUR_MS, False)],
)
def test_old_token_is_quiet_when_it_was_not_used_since(used_at: int | None, is_quiet: bool) -> None:
    grace = credential_view(in_grace(used_at), NOW).grace
    assert grace is not None
    assert (grace.is_quiet, grace.percent) == (is_quiet, 25)


@pytest.mark.parametrize(
    ("milliseconds", "text"),
    [(DAY_MS, "1 day"), (7 * DAY_MS, "7 days"), (90 * 60_000, "90 minutes"), (1_500, "1 s")],
)
def test_span_is_said_in_the_largest_unit_that_is_whole(milliseconds: int, text: str) -> None:
    assert span(milliseconds) == text


@pytest.mark.parametrize(
    ("text", "seconds"), [("0", 0), ("3600", 3_600), ("7", 86_400), ("", 86_400)]
)
def test_only_the_offered_graces_can_be_chosen(text: str, seconds: int) -> None:
    assert chosen_grace(text) == seconds
