"""Lists an account's users."""

from hookline.accounts import store as sql
from hookline.accounts.schemas import User, UserFilter, user_shape
from hookline.api.pagination import created_within, page, paged
from hookline.api.wire import Page
from hookline.principal import Principal, Scope
from hookline.storage.schema import memberships, users
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
