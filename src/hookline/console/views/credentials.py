"""Credentials as the list, the detail page and the dialogs show them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from hookline.clock import DAY_MS
from hookline.console.views.rotation import GraceView, grace_view
from hookline.credentials.model import ROTATION_DAYS, Credential, Status
from hookline.principal import Mode, Scope
from hookline.restrictions import Restrictions

SOON_DAYS = 14
"""With so many days left or fewer the list says how many."""

_CHIPS_MAX = 2
_ENDED = frozenset({Status.REVOKED, Status.EXPIRED})
EXPIRES_SOON_MS = 14 * DAY_MS
LIFETIMES = (7, 30, 90, 180, 365)
"""Days that the forms offer."""
TITLES = {
    "active": "Active",
    "attention": "Needs attention",
    "rotating": "Rotating",
    "revoked": "Revoked",
}
"""The parts of the list; the expired ones are with the revoked."""
_SHORT = {"read": "r", "write": "w", "send": "s", "create": "c", "delete": "d"}


@dataclass(frozen=True, slots=True)
class Age:
    """How old the present token is, against the account's rule."""

    days: int
    due_days: int = ROTATION_DAYS

    @property
    def state(self) -> str:
        """`fresh`, `soon` or `overdue`."""
        if self.days > self.due_days:
            return "overdue"
        return "soon" if self.left <= SOON_DAYS else "fresh"

    @property
    def left(self) -> int:
        return self.due_days - self.days

    @property
    def over(self) -> int:
        return self.days - self.due_days

    @property
    def percent(self) -> int:
        return min(100, max(1, round(100 * self.days / self.due_days)))


@dataclass(frozen=True, slots=True)
class Chip:
    """The scopes on one resource, in short."""

    resource: str
    short: str
    full: str


@dataclass(frozen=True, slots=True)
class CredentialView:
    """One credential, ready to be shown."""

    id: str
    description: str
    token: str
    last4: str
    is_test: bool
    scopes: Sequence[str]
    restrictions: Restrictions
    chips: Sequence[Chip]
    chips_more: Sequence[str]
    created_by: str
    created_at: int
    rotated_at: int | None
    due_at: int
    age: Age
    expires_at: int | None
    expires_soon: bool
    grace: GraceView | None
    last_used_at: int | None
    last_used_ip: str
    last_used_route: str
    last_used_user_agent: str
    is_ended: bool
    is_expired: bool
    is_disabled: bool
    refused_from: int | None
    ended_at: int | None
    ended_by: str
    ended_reason: str

    @property
    def is_due(self) -> bool:
        """Whether its token should be rotated, soon or now."""
        return not self.is_ended and self.age.state != "fresh"

    @property
    def needs_attention(self) -> bool:
        if self.is_ended:
            return False
        old_is_used = self.grace is not None and not self.grace.is_quiet
        return self.is_due or self.expires_soon or self.is_disabled or old_is_used


@dataclass(frozen=True, slots=True)
class Tab:
    """A part of the list."""

    key: str
    title: str
    query: str
    count: int


def credential_view(credential: Credential, now: int) -> CredentialView:
    """What people see of a credential."""
    used, ended, expires_at = credential.last_used, credential.ended, credential.expires_at
    is_expired = credential.status is Status.EXPIRED
    chips = scope_chips(credential.scopes)
    return CredentialView(
        id=credential.id,
        description=credential.description,
        token=f"{credential.prefix}…{credential.last4}",
        last4=credential.last4,
        is_test=credential.mode is Mode.TEST,
        scopes=sorted(credential.scopes),
        restrictions=credential.restrictions,
        chips=chips[:_CHIPS_MAX],
        chips_more=[f"{chip.resource} {chip.full}" for chip in chips[_CHIPS_MAX:]],
        created_by=credential.created_by.label,
        created_at=credential.created_at,
        rotated_at=credential.rotated_at,
        due_at=credential.rotation_due_at,
        age=Age(
            max(0, (now - (credential.rotated_at or credential.created_at)) // DAY_MS),
            credential.rotation_days,
        ),
        expires_at=expires_at,
        expires_soon=expires_at is not None and expires_at - now <= EXPIRES_SOON_MS,
        grace=grace_view(credential.previous, credential.first_use_grace_ms, now),
        last_used_at=used.at if used else None,
        last_used_ip=used.ip if used else "",
        last_used_route=used.route if used else "",
        last_used_user_agent=used.user_agent if used else "",
        is_ended=credential.status in _ENDED,
        is_expired=is_expired,
        is_disabled=credential.status is Status.DISABLED_IDLE,
        refused_from=credential.refused_from,
        ended_at=expires_at if is_expired else ended.at if ended else None,
        ended_by=ended.by.label if ended else "",
        ended_reason=ended.reason if ended else "expired" if is_expired else "",
    )


def scope_chips(scopes: Iterable[Scope]) -> list[Chip]:
    """One chip a resource, in the order in which the contract lists them."""
    actions: dict[str, list[str]] = {}
    held = frozenset(scopes)
    for scope in Scope:
        if scope in held:
            resource, _, action = scope.partition(":")
            actions.setdefault(resource, []).append(action)
    return [
        Chip(resource, "".join(_SHORT.get(name, name[0]) for name in names), ", ".join(names))
        for resource, names in actions.items()
    ]


def part_named(name: str) -> str:
    """The part of the list with this name, else the active ones."""
    return name if name in TITLES else "active"


def tabs(counts: Mapping[str, int]) -> list[Tab]:
    """The parts of the list, with how many there are of each."""
    return [
        Tab(key, title, "" if key == "active" else f"?show={key}", counts[key])
        for key, title in TITLES.items()
    ]
