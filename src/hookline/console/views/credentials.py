"""Credentials as the list, the detail page and the dialogs show them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from hookline.clock import DAY_MS
from hookline.credentials.model import ROTATION_DUE_MS, Credential, Status
from hookline.principal import Mode, Scope
from hookline.restrictions import Restrictions

DUE_DAYS = ROTATION_DUE_MS // DAY_MS
SOON_DAYS = 76
"""From this age on the list says how many days are left."""

_CHIPS_MAX = 2
_ENDED = frozenset({Status.REVOKED, Status.EXPIRED, Status.DISABLED_IDLE})
_SHORT = {"read": "r", "write": "w", "send": "s", "create": "c", "delete": "d"}


@dataclass(frozen=True, slots=True)
class Age:
    """How old the present token is, against the 90-day rule."""

    days: int

    @property
    def state(self) -> str:
        """`fresh`, `soon` or `overdue`."""
        if self.days > DUE_DAYS:
            return "overdue"
        return "soon" if self.days >= SOON_DAYS else "fresh"

    @property
    def left(self) -> int:
        return DUE_DAYS - self.days

    @property
    def over(self) -> int:
        return self.days - DUE_DAYS

    @property
    def percent(self) -> int:
        return min(100, max(1, round(100 * self.days / DUE_DAYS)))


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
    last_used_at: int | None
    last_used_ip: str
    last_used_route: str
    last_used_user_agent: str
    is_ended: bool
    ended_at: int | None
    ended_by: str
    ended_reason: str


@dataclass(frozen=True, slots=True)
class Tab:
    """A part of the list."""

    key: str
    title: str
    query: str
    count: int


def credential_view(credential: Credential, now: int) -> CredentialView:
    """What people see of a credential."""
    used, ended = credential.last_used, credential.ended
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
        age=Age(max(0, (now - (credential.rotated_at or credential.created_at)) // DAY_MS)),
        last_used_at=used.at if used else None,
        last_used_ip=used.ip if used else "",
        last_used_route=used.route if used else "",
        last_used_user_agent=used.user_agent if used else "",
        is_ended=credential.status in _ENDED,
        ended_at=ended.at if ended else None,
        ended_by=ended.by.label if ended else "",
        ended_reason=ended.reason if ended else "",
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


def tabs(views: Iterable[CredentialView]) -> list[Tab]:
    """Active and revoked, with how many there are of each."""
    ended = [view.is_ended for view in views]
    return [
        Tab("active", "Active", "", ended.count(False)),
        Tab("revoked", "Revoked", "?show=revoked", ended.count(True)),
    ]


def matching(views: Iterable[CredentialView], text: str) -> list[CredentialView]:
    """Those in which every word is part of the description, the token, a scope or the creator."""
    words = text.lower().split()
    return [view for view in views if all(word in _searched(view) for word in words)]


def _searched(view: CredentialView) -> str:
    return " ".join((view.description, view.token, view.id, view.created_by, *view.scopes)).lower()


def count_overdue(views: Iterable[CredentialView]) -> int:
    """How many are past the 90 days and still in use."""
    return sum(1 for view in views if not view.is_ended and view.age.state == "overdue")
