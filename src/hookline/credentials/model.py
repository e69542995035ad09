"""What a credential is, which states it can be in, and who may hand out what. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Any

import msgspec

from hookline.clock import DAY_MS, SECOND_MS, UnixMs
from hookline.credentials.errors import (
    CredentialDisabled,
    CredentialEnded,
    NotOnItself,
    NotRotating,
    RotationUnderWay,
    ScopeNotHeld,
)
from hookline.errors import Conflict, Invalid
from hookline.ids import AccountId, CredentialId
from hookline.principal import Mode, Principal, Scope
from hookline.restrictions import UNRESTRICTED, Restrictions, parse_network

ROTATION_DAYS = 90
GRACE_MAX_S = 30 * DAY_MS // SECOND_MS
EXTENSION_S = DAY_MS // SECOND_MS
"""How much longer an extended grace is, unless somebody says otherwise."""
EXPIRY_MAX_DAYS = 3_650
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
    BEGIN_GRACE = "rotated with a grace"
    CANCEL_ROTATION = "given its old token back"
    END_GRACE = "rid of its old token"
    EXTEND_GRACE = "given a longer grace"
    DISABLE = "disabled"
    ENABLE = "enabled"
    REVOKE = "revoked"


TRANSITIONS: dict[tuple[Status, Step], Status] = {
    (Status.ACTIVE, Step.CHANGE): Status.ACTIVE,
    (Status.ACTIVE, Step.ROTATE): Status.ACTIVE,
    (Status.ACTIVE, Step.BEGIN_GRACE): Status.ROTATING,
    (Status.ACTIVE, Step.DISABLE): Status.DISABLED_IDLE,
    (Status.ACTIVE, Step.ENABLE): Status.ACTIVE,
    (Status.ACTIVE, Step.REVOKE): Status.REVOKED,
    (Status.ROTATING, Step.CHANGE): Status.ROTATING,
    (Status.ROTATING, Step.ROTATE): Status.ACTIVE,
    (Status.ROTATING, Step.CANCEL_ROTATION): Status.ACTIVE,
    (Status.ROTATING, Step.END_GRACE): Status.ACTIVE,
    (Status.ROTATING, Step.EXTEND_GRACE): Status.ROTATING,
    (Status.ROTATING, Step.ENABLE): Status.ROTATING,
    (Status.ROTATING, Step.REVOKE): Status.REVOKED,
    (Status.EXPIRED, Step.REVOKE): Status.REVOKED,
    (Status.DISABLED_IDLE, Step.ENABLE): Status.ACTIVE,
    (Status.DISABLED_IDLE, Step.REVOKE): Status.REVOKED,
}
_OF_GRACES = frozenset({Step.CANCEL_ROTATION, Step.END_GRACE, Step.EXTEND_GRACE})


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
class Rotation:
    """How to rotate. Without a grace the old token stops at once."""

    grace_s: int = 0
    end_after_first_use_s: int | None = None
    """The grace ends early, this long after the new token's first use."""
    reason: str | None = None

    @property
    def step(self) -> Step:
        return Step.BEGIN_GRACE if self.grace_s else Step.ROTATE

    def check(self) -> None:
        """Raise Invalid for a grace that there cannot be."""
        check_grace(self.grace_s, least_s=0)
        if self.end_after_first_use_s is None:
            return
        pointer = "/end_grace_after_first_use_seconds"
        check_grace(self.end_after_first_use_s, pointer, least_s=0)
        if not self.grace_s:
            detail = "Without a grace there is nothing to end early: set grace_seconds, too."
            raise Invalid.at(pointer, "no_grace", detail)


@dataclass(frozen=True, slots=True)
class PreviousToken:
    """A token that was rotated out and works until its grace ends."""

    prefix: str
    last4: str
    created_at: UnixMs
    rotated_at: UnixMs
    grace_ends_at: UnixMs
    is_extended: bool
    last_used: LastUse | None
    requests: int = 0
    """How many it made since the rotation."""


@dataclass(frozen=True, slots=True)
class TokenVersion:
    """What is kept of one token of a credential."""

    prefix: str
    last4: str
    status: str
    created_at: UnixMs
    rotated_at: UnixMs | None
    ended_at: UnixMs | None
    """When it stopped, or will stop."""
    last_used: LastUse | None


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
    expires_at: UnixMs | None = None
    previous: PreviousToken | None = None
    first_use_grace_ms: int | None = None
    """The grace ends this long after the present token's first use, which is still to come."""
    rotation_days: int = ROTATION_DAYS
    refused_from: UnixMs | None = None
    """From then on the present token, which is overdue, is refused."""
    restrictions: Restrictions = UNRESTRICTED

    @property
    def rotation_due_at(self) -> UnixMs:
        return UnixMs((self.rotated_at or self.created_at) + self.rotation_days * DAY_MS)

    def after(self, step: Step) -> Status:
        """The status after the step.

        Raises CredentialEnded, RotationUnderWay, NotRotating, CredentialDisabled.
        """
        status = TRANSITIONS.get((self.status, step))
        if status is None:
            raise _refusal(self.status, step)
        return status


def _refusal(status: Status, step: Step) -> Conflict:
    if status is Status.ROTATING:
        return RotationUnderWay(
            "The credential is being rotated. End or cancel that first, or rotate without a grace, "
            "which ends both tokens."
        )
    if status is Status.DISABLED_IDLE:
        return CredentialDisabled(
            f"The credential is disabled, so it cannot be {step}. Enable it first."
        )
    if status is Status.ACTIVE and step in _OF_GRACES:
        return NotRotating("No rotation is under way: the credential has one token.")
    return CredentialEnded(f"The credential is {status}; it cannot be {step}. Create another one.")


def check_grace(seconds: int, pointer: str = "/grace_seconds", *, least_s: int = 1) -> None:
    """Raise Invalid unless it is within bounds, seconds."""
    if not least_s <= seconds <= GRACE_MAX_S:
        raise Invalid.at(
            pointer, "invalid_grace", f"A grace has {least_s} to {GRACE_MAX_S} seconds (30 days)."
        )


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


def expiry_in(days: int | None, now: UnixMs) -> UnixMs | None:
    """When a credential expires that lives so many days from now. Raises Invalid."""
    if days is None:
        return None
    if not 1 <= days <= EXPIRY_MAX_DAYS:
        raise Invalid.at(
            "/expires_in_days", "invalid_expiry", f"It can be 1 to {EXPIRY_MAX_DAYS} days."
        )
    return UnixMs(now + days * DAY_MS)


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
