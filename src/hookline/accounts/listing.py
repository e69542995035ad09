"""Lists an account's users, and whom it has invited."""

from hookline.accounts import invitation_store
from hookline.accounts import store as sql
from hookline.accounts.schemas import (
    Invitation,
    User,
    UserFilter,
    invitation_shape,
    user_shape,
)
from hookline.api.pagination import CreatedPaging, created_within, page, paged
from hookline.api.wire import Page
from hookline.principal import Principal, Scope
from hookline.storage.schema import invitations, memberships, users
from hookline.storage.store import Store


async def list_users(store: Store, principal: Principal, paging: UserFilter) -> Page[User]:
    """One page of the account's users, newest first."""
    principal.require(Scope.USERS_READ)
    statement = sql.members(principal.account_id)
    if paging.role is not None:
        statement = statement.where(memberships.c.role == paging.role.value)
    statement = statement.where(*created_within(memberships.c.created_at, paging))
    rows = await store.read(paged(statement, users.c.id, paging, prefix="usr"))
    return page(rows, paging, lambda row: user_shape(sql.member_from_row(row)))


async def list_invitations(
    store: Store, principal: Principal, paging: CreatedPaging
) -> Page[Invitation]:
    """One page of the account's open and expired invitations, newest first."""
    principal.require(Scope.USERS_READ)
    statement = invitation_store.of_account(principal.account_id)
    statement = statement.where(*created_within(invitations.c.created_at, paging))
    rows = await store.read(paged(statement, invitations.c.id, paging, prefix="inv"))
    now = store.now()
    return page(rows, paging, lambda row: invitation_shape(invitation_store.from_row(row), now))
