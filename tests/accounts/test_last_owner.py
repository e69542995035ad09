"""An account always has an owner who can sign in, whoever acts at the same moment."""

import asyncio
from itertools import permutations

import pytest

from hookline.accounts.errors import LastOwner, OwnersOnly
from hookline.accounts.listing import list_users
from hookline.accounts.model import Account, Member
from hookline.accounts.people import UserChange, change_user, remove_user
from hookline.accounts.roles import Role
from hookline.accounts.schemas import UserFilter
from hookline.principal import InsufficientScope, Principal, system
from hookline.storage.store import Store
from tests.accounts.cast import add, as_caller
from tests.accounts.test_user_access import another_node

ACTS = {
    "demote": UserChange(role=Role.ADMIN),
    "disable": UserChange(disabled=True),
    "remove": None,
}


async def act(store: Store, by: Principal, user_id: str, wanted: UserChange | None) -> None:
    if wanted is None:
        await store.commit(lambda tx: remove_user(tx, by, user_id))
    else:
        await store.commit(lambda tx: change_user(tx, store, by, user_id, wanted))


async def enabled_owners(store: Store, account: Account) -> int:
    found = await list_users(store, system(account.id, "tests"), UserFilter(role=Role.OWNER))
    return sum(one.disabled_at is None for one in found.data)


@pytest.fixture
async def pair(store: Store, account: Account) -> list[Member]:
    return [await add(store, account, f"{name}@example.com", Role.OWNER) for name in "ab"]


@pytest.mark.parametrize("how", list(ACTS))
async def test_last_owner_cannot_go(store: Store, account: Account, how: str) -> None:
    owner = await add(store, account, "o@example.com", Role.OWNER)
    with pytest.raises(LastOwner):
        await act(store, as_caller(owner), owner.id, ACTS[how])
    with pytest.raises(LastOwner):
        await act(store, system(account.id, "command_line"), owner.id, ACTS[how])


@pytest.mark.parametrize("how", list(ACTS))
async def test_disabled_owner_is_no_owner_that_stays(
    store: Store, account: Account, pair: list[Member], how: str
) -> None:
    first, second = pair
    await act(store, as_caller(first), second.id, ACTS["disable"])
    with pytest.raises(LastOwner):
        await act(store, as_caller(first), first.id, ACTS[how])
    await act(store, as_caller(first), second.id, ACTS[how])
    assert await enabled_owners(store, account) == 1


@pytest.mark.parametrize("how", list(permutations(ACTS, 2)) + [(one, one) for one in ACTS])
async def test_two_owners_who_act_on_each_other_at_once_leave_one(
    store: Store, account: Account, pair: list[Member], how: tuple[str, str]
) -> None:
    """On two nodes, so that both are in their transaction at the same moment."""
    first, second = pair
    async with another_node(store) as node:
        outcomes = await asyncio.gather(
            act(store, as_caller(first), second.id, ACTS[how[0]]),
            act(node, as_caller(second), first.id, ACTS[how[1]]),
            return_exceptions=True,
        )
    lost = [one for one in outcomes if one is not None]
    assert len(lost) == 1
    assert isinstance(lost[0], OwnersOnly | InsufficientScope)
    assert await enabled_owners(store, account) == 1


async def test_two_owners_who_leave_at_once_on_two_nodes_leave_one(
    store: Store, account: Account, pair: list[Member]
) -> None:
    first, second = pair
    async with another_node(store) as node:
        outcomes = await asyncio.gather(
            act(store, as_caller(first), first.id, ACTS["demote"]),
            act(node, as_caller(second), second.id, ACTS["remove"]),
            return_exceptions=True,
        )
    assert [type(one) for one in outcomes if one is not None] == [LastOwner]
    assert await enabled_owners(store, account) == 1
