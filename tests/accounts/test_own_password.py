"""Changing one's own password."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from hookline.accounts.errors import TooManySignIns
from hookline.accounts.model import Account, NewSession
from hookline.accounts.own_password import Change, change_own_password
from hookline.accounts.passwords import Passwords
from hookline.accounts.sessions import find_session
from hookline.errors import Invalid
from hookline.storage.store import Store
from tests.accounts.cast import PASSWORD, add, enter

NEW = "an entirely new password"


@pytest.fixture
def passwords() -> Iterator[Passwords]:
    made = Passwords()
    yield made
    made.close()


@pytest.fixture
async def here(store: Store, account: Account, passwords: Passwords) -> NewSession:
    await add(store, account, "kim@example.com", password=await passwords.choose(PASSWORD))
    return await enter(store, passwords, "kim@example.com")


async def change(store: Store, passwords: Passwords, here: NewSession, typed: Change) -> NewSession:
    principal = here.session.principal("192.0.2.9")
    return await change_own_password(store, passwords, here.session, principal, typed)


async def test_other_sessions_end_and_this_one_goes_on_under_a_new_token(
    store: Store, passwords: Passwords, here: NewSession
) -> None:
    elsewhere = await enter(store, passwords, "kim@example.com")
    renewed = await change(store, passwords, here, Change(PASSWORD, NEW))
    assert await find_session(store, elsewhere.token) is None
    assert await find_session(store, here.token) is None
    assert await find_session(store, renewed.token) == renewed.session
    assert (await enter(store, passwords, "kim@example.com", NEW)).token


async def test_the_present_password_is_needed(
    store: Store, passwords: Passwords, here: NewSession
) -> None:
    with pytest.raises(Invalid) as refused:
        await change(store, passwords, here, Change("a guess of mine", NEW))
    assert refused.value.errors[0].pointer == "/current"


async def test_guessing_it_is_slowed_down(
    store: Store, passwords: Passwords, here: NewSession
) -> None:
    throttled = replace(store, settings=store.settings.model_copy(update={"sign_in_attempts": 1}))
    with pytest.raises(Invalid):
        await change(throttled, passwords, here, Change("a guess of mine", NEW))
    with pytest.raises(TooManySignIns):
        await change(throttled, passwords, here, Change(PASSWORD, NEW))
