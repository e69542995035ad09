"""Roles as sets of scopes, what may differ from them for one user, and who may give what. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from hookline.accounts.errors import GrantNotHeld, LastOwner, OwnersOnly
from hookline.principal import Principal, PrincipalKind, Scope
from hookline.restrictions import UNRESTRICTED


class Role(StrEnum):
    """What a user is in an account."""

    VIEWER = "viewer"
    DEVELOPER = "developer"
    ADMIN = "admin"
    OWNER = "owner"


Permissions = Mapping[Scope, bool]
"""What differs from the role: `{"credentials:write": False}` takes it away."""

_VIEWER = frozenset(scope for scope in Scope if scope.endswith(":read"))
_DEVELOPER = _VIEWER | {
    Scope.MESSAGES_SEND,
    Scope.CALLS_CREATE,
    Scope.WEBHOOKS_WRITE,
    Scope.OPT_OUTS_WRITE,
}
_ALL = frozenset(Scope)
ROLE_SCOPES: dict[Role, frozenset[Scope]] = {
    Role.VIEWER: _VIEWER,
    Role.DEVELOPER: _DEVELOPER,
    # An owner may change owners besides: that is not a scope, see `check_grant`.
    Role.ADMIN: _ALL,
    Role.OWNER: _ALL,
}


@dataclass(frozen=True, slots=True)
class Grant:
    """A role with what differs from it."""

    role: Role
    permissions: Permissions = field(default_factory=dict)

    @property
    def scopes(self) -> frozenset[Scope]:
        return scopes_of(self.role, self.permissions)


def scopes_of(role: Role, permissions: Permissions) -> frozenset[Scope]:
    """What a user may do. An owner may do everything, whatever the permissions say."""
    if role is Role.OWNER:
        return _ALL
    given = {scope for scope, has in permissions.items() if has}
    taken = {scope for scope, has in permissions.items() if not has}
    return (ROLE_SCOPES[role] | given) - taken


def merged(grant: Grant, role: Role | None, changes: Mapping[Scope, bool | None]) -> Grant:
    """The grant after a change: None as a permission goes back to what the role says."""
    permissions = {**grant.permissions, **changes}
    kept = {scope: has for scope, has in permissions.items() if has is not None}
    return Grant(role or grant.role, kept)


def check_grant(
    principal: Principal, *, by_owner: bool, before: Grant | None, after: Grant | None
) -> None:
    """Raise unless the caller may turn one grant into the other; None is no membership.

    Raises OwnersOnly, GrantNotHeld, RestrictionWidened.
    """
    touches_owner = Role.OWNER in {grant.role for grant in (before, after) if grant}
    if touches_owner and not by_owner:
        raise OwnersOnly("Only an owner who is signed in can make, change or remove an owner.")
    added = (after.scopes if after else frozenset()) - (before.scopes if before else frozenset())
    if added:  # a user is not restricted
        principal.require_within(UNRESTRICTED)
    missing = added - principal.scopes
    if missing:
        raise GrantNotHeld(missing)


def check_owner_stays(before: Grant, after: Grant | None, *, owners: int) -> None:
    """Raise LastOwner when the account's only owner would be one no more."""
    stays = after is not None and after.role is Role.OWNER
    if before.role is Role.OWNER and not stays and owners <= 1:
        raise LastOwner("This is the account's only owner. Make somebody else an owner first.")


def acts_as_owner(principal: Principal, role: Role | None) -> bool:
    """Whether the caller counts as an owner. `role` is that of the caller's own membership.

    The system does (it is the operator, at the command line); a credential never does.
    """
    if principal.kind is PrincipalKind.SYSTEM:
        return True
    return principal.kind is PrincipalKind.USER and role is Role.OWNER
