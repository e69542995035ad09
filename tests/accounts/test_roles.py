import pytest

from hookline.accounts.errors import GrantNotHeld, LastOwner, OwnersOnly
from hookline.accounts.roles import (
    Grant,
    Role,
    check_grant,
    check_owner_stays,
    merged,
    scopes_of,
)
from hookline.ids import AccountId
from hookline.principal import Principal, PrincipalKind, Scope

READS = (
    "messages:read calls:read recordings:read webhooks:read events:read numbers:read opt_outs:read "
    "carriers:read users:read audit:read requests:read credentials:read account:read"
)
DEVELOPER = f"{READS} messages:send calls:create webhooks:write opt_outs:write"


def caller(role: Role, **permissions: bool) -> Principal:
    scopes = scopes_of(role, {Scope(name): has for name, has in permissions.items()})
    return Principal(AccountId("acc_1"), PrincipalKind.USER, "usr_1", scopes)


@pytest.mark.parametrize(
    ("role", "scopes"),
    [
        (Role.VIEWER, frozenset(READS.split())),
        (Role.DEVELOPER, frozenset(DEVELOPER.split())),
        (Role.ADMIN, frozenset(Scope)),
        (Role.OWNER, frozenset(Scope)),
    ],
)
def test_role_is_its_public_set_of_scopes(role: Role, scopes: frozenset[str]) -> None:
    assert scopes_of(role, {}) == scopes


def test_permission_is_taken_from_an_admin() -> None:
    scopes = scopes_of(Role.ADMIN, {Scope.CREDENTIALS_WRITE: False})
    assert frozenset(Scope) - scopes == {Scope.CREDENTIALS_WRITE}


def test_permission_is_given_to_a_developer() -> None:
    assert Scope.CREDENTIALS_WRITE in scopes_of(Role.DEVELOPER, {Scope.CREDENTIALS_WRITE: True})


def test_nothing_can_be_taken_from_an_owner() -> None:
    assert scopes_of(Role.OWNER, {Scope.USERS_WRITE: False}) == frozenset(Scope)


def test_change_merges_and_null_goes_back_to_the_role() -> None:
    grant = Grant(Role.ADMIN, {Scope.CREDENTIALS_WRITE: False, Scope.AUDIT_READ: False})
    changed = merged(grant, Role.DEVELOPER, {Scope.AUDIT_READ: None, Scope.USERS_WRITE: True})
    assert changed == Grant(
        Role.DEVELOPER, {Scope.CREDENTIALS_WRITE: False, Scope.USERS_WRITE: True}
    )


def test_nobody_gives_more_than_they_have() -> None:
    giver = caller(Role.ADMIN, **{"credentials:write": False})
    with pytest.raises(GrantNotHeld, match="credentials:write"):
        check_grant(giver, by_owner=False, before=None, after=Grant(Role.ADMIN))


def test_what_one_lacks_may_be_left_alone_or_taken() -> None:
    giver = caller(Role.ADMIN, **{"credentials:write": False})
    check_grant(giver, by_owner=False, before=Grant(Role.ADMIN), after=Grant(Role.ADMIN))
    check_grant(giver, by_owner=False, before=Grant(Role.ADMIN), after=Grant(Role.VIEWER))


@pytest.mark.parametrize(
    ("before", "after"),
    [(None, Role.OWNER), (Role.OWNER, Role.ADMIN), (Role.ADMIN, Role.OWNER), (Role.OWNER, None)],
)
def test_only_owners_touch_owners(before: Role | None, after: Role | None) -> None:
    grants = [Grant(role) if role else None for role in (before, after)]
    admin = caller(Role.ADMIN)
    with pytest.raises(OwnersOnly):
        check_grant(admin, by_owner=False, before=grants[0], after=grants[1])
    check_grant(admin, by_owner=True, before=grants[0], after=grants[1])


def test_last_owner_stays() -> None:
    owner = Grant(Role.OWNER)
    for after in (None, Grant(Role.ADMIN)):
        with pytest.raises(LastOwner):
            check_owner_stays(owner, after, owners=1)
        check_owner_stays(owner, after, owners=2)
    check_owner_stays(owner, owner, owners=1)
