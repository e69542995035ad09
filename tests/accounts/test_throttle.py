import asyncio

import pytest

from hookline.accounts.errors import TooManySignIns
from hookline.accounts.throttle import ADDRESS_FACTOR, USER_FACTOR, Attempt, count_attempt, forgive
from hookline.clock import ManualClock
from hookline.settings import Settings
from hookline.storage.store import Store
from tests.storage.databases import settings_for

LIMIT = 3


@pytest.fixture
def settings(migrated_url: str) -> Settings:
    return settings_for(migrated_url, sign_in_attempts=LIMIT)


async def fail(store: Store, email: str = "a@example.com", ip: str = "192.0.2.1") -> None:
    await store.commit(lambda tx: count_attempt(tx, store, Attempt(email, ip)))


async def test_one_address_and_user_have_so_many_attempts(store: Store) -> None:
    for _ in range(LIMIT):
        await fail(store)
    with pytest.raises(TooManySignIns) as refused:
        await fail(store)
    assert refused.value.headers["Retry-After"] == "900"
    await fail(store, email="b@example.com")


async def test_window_ends(store: Store, clock: ManualClock) -> None:
    for _ in range(LIMIT):
        await fail(store)
    clock.advance(seconds=899)
    with pytest.raises(TooManySignIns, match="in 1 second"):
        await fail(store)
    clock.advance(seconds=1)
    await fail(store)


async def test_attempts_at_once_do_not_slip_through(store: Store) -> None:
    tries = [fail(store) for _ in range(LIMIT * 4)]
    outcomes = await asyncio.gather(*tries, return_exceptions=True)
    assert [type(outcome) for outcome in outcomes].count(TooManySignIns) == LIMIT * 3


async def test_one_address_with_many_users_is_slowed_down(store: Store) -> None:
    for number in range(LIMIT * ADDRESS_FACTOR):
        await fail(store, email=f"user{number}@example.com")
    with pytest.raises(TooManySignIns):
        await fail(store, email="another@example.com")


async def test_one_user_from_many_addresses_is_slowed_down(store: Store) -> None:
    for number in range(LIMIT * USER_FACTOR):
        await fail(store, ip=f"198.51.100.{number}")
    with pytest.raises(TooManySignIns):
        await fail(store, ip="203.0.113.1")


async def test_addresses_of_one_ipv6_site_count_together(store: Store) -> None:
    for number in range(LIMIT):
        await fail(store, ip=f"2001:db8::{number}")
    with pytest.raises(TooManySignIns):
        await fail(store, ip="2001:db8::ffff:1")
    await fail(store, ip="2001:db8:0:1::1")


async def test_right_password_clears_the_pair(store: Store) -> None:
    for _ in range(LIMIT):
        await fail(store)
    attempt = Attempt("a@example.com", "192.0.2.1")
    await store.commit(lambda tx: forgive(tx, store, attempt))
    for _ in range(LIMIT):
        await fail(store)
