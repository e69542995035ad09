"""Proving again who one is."""

from dataclasses import replace

import pytest

from hookline.accounts.errors import CodeRefused, TooManySignIns
from hookline.accounts.model import Account, NewSession
from hookline.accounts.passwords import Passwords
from hookline.accounts.reauthentication import Proof, reauthenticate
from hookline.accounts.sessions import find_session
from hookline.clock import ManualClock
from hookline.errors import Invalid
from hookline.outbound.sealing import SecretBox
from hookline.storage.store import Store
from tests.accounts.cast import IP, PASSWORD, add, code_of, enter, set_up

MINUTES = 10


@pytest.fixture
async def here(store: Store, account: Account, passwords: Passwords) -> NewSession:
    await add(store, account, "kim@example.com", password=await passwords.choose(PASSWORD))
    return await enter(store, passwords, "kim@example.com")


async def prove(
    store: Store, box: SecretBox, passwords: Passwords, here: NewSession, proof: Proof
) -> NewSession:
    by = here.session.principal(IP)
    return await reauthenticate(store, passwords, box, here.session, by, proof)


async def test_sign_in_is_recent_for_a_while(
    store: Store, here: NewSession, clock: ManualClock
) -> None:
    clock.advance(seconds=MINUTES * 60 - 1)
    assert here.session.is_recent(store.now(), MINUTES)
    clock.advance(seconds=1)
    assert not here.session.is_recent(store.now(), MINUTES)
    assert not here.session.is_recent(here.session.authenticated_at, 0)


async def test_password_makes_it_recent_again_under_a_new_token(
    store: Store, box: SecretBox, passwords: Passwords, here: NewSession, clock: ManualClock
) -> None:
    clock.advance(seconds=3_600)
    renewed = await prove(store, box, passwords, here, Proof(PASSWORD))
    assert await find_session(store, here.token) is None
    session = await find_session(store, renewed.token)
    assert session
    assert session.is_recent(store.now(), MINUTES)
    assert (session.id, session.csrf_token) == (here.session.id, here.session.csrf_token)


async def test_a_wrong_password_proves_nothing_and_is_throttled(
    store: Store, box: SecretBox, passwords: Passwords, here: NewSession
) -> None:
    throttled = replace(store, settings=store.settings.model_copy(update={"sign_in_attempts": 1}))
    with pytest.raises(Invalid) as refused:
        await prove(throttled, box, passwords, here, Proof("a guess of mine"))
    assert refused.value.errors[0].pointer == "/password"
    with pytest.raises(TooManySignIns):
        await prove(throttled, box, passwords, here, Proof(PASSWORD))
    assert await find_session(store, here.token)


async def test_with_a_second_factor_the_code_is_needed_too(
    store: Store, box: SecretBox, passwords: Passwords, here: NewSession, clock: ManualClock
) -> None:
    secret, turned = await set_up(store, box, here)
    clock.advance(seconds=3_600)
    for code in ("", "000000"):
        with pytest.raises(CodeRefused):
            await prove(store, box, passwords, turned.session, Proof(PASSWORD, code))
    code = code_of(store, secret)
    renewed = await prove(store, box, passwords, turned.session, Proof(PASSWORD, code))
    with pytest.raises(CodeRefused):
        await prove(store, box, passwords, renewed, Proof(PASSWORD, code))
    assert await prove(store, box, passwords, renewed, Proof(PASSWORD, turned.recovery_codes[0]))


async def test_guessing_codes_behind_a_right_password_is_throttled(
    store: Store, box: SecretBox, passwords: Passwords, here: NewSession
) -> None:
    _, turned = await set_up(store, box, here)
    for _ in range(store.settings.sign_in_attempts):
        with pytest.raises(CodeRefused):
            await prove(store, box, passwords, turned.session, Proof(PASSWORD, "000000"))
    with pytest.raises(TooManySignIns):
        await prove(store, box, passwords, turned.session, Proof(PASSWORD, "000000"))
