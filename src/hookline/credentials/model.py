"""What a credential is, which states it can be in, and who may hand out what. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Any

import msgspec

from hookline.clock import DAY_MS, UnixMs
from hookline.credentials.errors import CredentialEnded, NotOnItself, ScopeNotHeld
from hookline.errors import Invalid
from hookline.ids import AccountId, CredentialId
from hookline.principal import Mode, Principal, Scope
from hookline.restrictions import UNRESTRICTED, Restrictions, parse_network

ROTATION_DUE_MS = 90 * DAY_MS
DESCRIPTION_MAX = 200
REASON_MAX = 500


class Status(StrEnum):
    """The state of a credential, as the public contract names it."""

    ACTIVE = "active"
    ROTATING = "rotating"
    EXPIRED = "expired"
    REVOKED = "revoked"
    DISABLED_IDLE = "disabled_idle"


class Step(StrEnum):
    """What can be done to a credential."""

    CHANGE = "changed"
    ROTATE = "rotated"
    REVOKE = "revoked"


TRANSITIONS: dict[tuple[Status, Step], Status] = {
    (Status.ACTIVE, Step.CHANGE): Status.ACTIVE,
    (Status.ACTIVE, Step.ROTATE): Status.ACTIVE,
    (Status.ACTIVE, Step.REVOKE): Status.REVOKED,
}


@dataclass(frozen=True, slots=True)
class Actor:
    """Who did something: an id, and what a person reads."""

    id: str
    label: str


@dataclass(frozen=True, slots=True)
class LastUse:
    """The latest request that a token made; at most a minute old."""

    at: UnixMs
    ip: str
    user_agent: str
    route: str


@dataclass(frozen=True, slots=True)
class Ending:
    """Why a credential works no more."""

    at: UnixMs
    by: Actor
    reason: str


@dataclass(frozen=True, slots=True)
class Credential:
    """A credential with what may be shown of its present token."""

    id: CredentialId
    account_id: AccountId
    description: str
    mode: Mode
    scopes: frozenset[Scope]
    status: Status
    prefix: str
    last4: str
    created_by: Actor
    created_at: UnixMs
    updated_at: UnixMs
    rotated_at: UnixMs | None
    last_used: LastUse | None
    ended: Ending | None
    restrictions: Restrictions = UNRESTRICTED

    @property
    def rotation_due_at(self) -> UnixMs:
        return UnixMs((self.rotated_at or self.created_at) + ROTATION_DUE_MS)

    def after(self, step: Step) -> Status:
        """The status after the step. Raises CredentialEnded."""
        status = TRANSITIONS.get((self.status, step))
        if status is None:
            raise CredentialEnded(
                f"The credential is {self.status}; it cannot be {step}. Create another one."
            )
        return status


def check_scopes(principal: Principal, scopes: frozenset[Scope]) -> None:
    """Raise ScopeNotHeld unless the caller has every one of them."""
    missing = scopes - principal.scopes
    if missing:
        raise ScopeNotHeld(missing)


def check_mode(principal: Principal, mode: Mode) -> None:
    """Raise Invalid when a test-mode caller wants something live."""
    if principal.mode is Mode.TEST and mode is not Mode.TEST:
        raise Invalid.at("/mode", "test_mode_only", "A test credential can only make test ones.")


def check_not_itself(principal: Principal, credential_id: str) -> None:
    """Raise NotOnItself when the caller is the credential."""
    if principal.id == credential_id:
        raise NotOnItself("A credential cannot change its own description or scopes.")


def clean_description(text: str) -> str:
    """The description without white space around it. Raises Invalid when nothing is left."""
    text = text.strip()
    if not 1 <= len(text) <= DESCRIPTION_MAX:
        raise Invalid.at(
            "/description",
            "invalid_description",
            f"Say in 1 to {DESCRIPTION_MAX} characters what the credential is for.",
        )
    return text


def check_any_scope(scopes: frozenset[Scope]) -> frozenset[Scope]:
    """The scopes. Raises Invalid when there is none."""
    if not scopes:
        raise Invalid.at("/scopes", "no_scopes", "Choose at least one scope.")
    return scopes


def scopes_text(scopes: Iterable[Scope]) -> str:
    """Scopes as the database keeps them: sorted names with a space between."""
    return " ".join(sorted(scopes))


@lru_cache(maxsize=4_096)
def scopes_from_text(text: str) -> frozenset[Scope]:
    """What `scopes_text` wrote. The cache is of texts, never of who has them."""
    return frozenset(Scope(name) for name in text.split())


def restrictions_text(restrictions: Restrictions) -> str | None:
    """Restrictions as the database keeps them; None when there are none."""
    named = restrictions.in_words
    return msgspec.json.encode(named, order="sorted").decode() if named else None


@lru_cache(maxsize=4_096)
def restrictions_from_text(text: str | None) -> Restrictions:
    """What `restrictions_text` wrote. The cache is of texts, never of who is held by them."""
    if text is None:
        return UNRESTRICTED
    named: dict[str, Any] = msgspec.json.decode(text)  # Any: JSON
    values: dict[str, Any] = {  # Any: each restriction has its own type
        name: tuple(value) if isinstance(value, list) else value for name, value in named.items()
    }
    if "allowed_ips" in values:
        values["allowed_ips"] = tuple(parse_network(one) for one in values["allowed_ips"])
    return Restrictions(**values)
