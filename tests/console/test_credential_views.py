"""Credentials as people see them."""

from dataclasses import replace

import pytest

from hookline.clock import DAY_MS, UnixMs
from hookline.console.views.credentials import (
    Age,
    count_overdue,
    credential_view,
    matching,
    scope_chips,
    tabs,
)
from hookline.credentials.model import Actor, Credential, Ending, LastUse, Status
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


def test_every_word_must_be_found_somewhere() -> None:
    views = [credential_view(credential(), NOW)]
    assert matching(views, "crm MARA x9lk messages:send") == views
    assert matching(views, "crm nobody") == []


def test_ended_ones_are_in_a_tab_of_their_own() -> None:
    ended = credential(
        age_days=300,
        status=Status.REVOKED,
        ended=Ending(UnixMs(NOW), Actor("usr_1", "mara@example.com"), "deleted"),
    )
    views = [credential_view(credential(age_days=300), NOW), credential_view(ended, NOW)]
    assert [tab.count for tab in tabs(views)] == [1, 1]
    assert count_overdue(views) == 1


def test_the_last_use_is_shown() -> None:
    used = credential(last_used=LastUse(UnixMs(NOW), "203.0.113.9", "curl/8", "POST /v1/messages"))
    view = credential_view(used, NOW)
    assert (view.last_used_ip, view.last_used_route) == ("203.0.113.9", "POST /v1/messages")
