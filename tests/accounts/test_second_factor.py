"""Setting a second factor up, signing in with it, and turning it off."""

import asyncio

import pytest
from sqlalchemy import select

from hookline.accounts.errors import (
    CodeRefused,
    SecondFactorOff,
    SecondFactorOn,
    SecondFactorRequired,
    SignInExpired,
    TooManySignIns,
)
from hookline.accounts.model import Account, Member, NewSession, Pending
from hookline.accounts.password_reset import reset_password
from hookline.accounts.passwords import Passwords
from hookline.accounts.second_factor import (
    begin_set_up,
    count_recovery_codes,
    renew_recovery_codes,
    turn_off,
    turn_on,
)
from hookline.accounts.sessions import find_session
from hookline.accounts.tenancy import require_second_factor
from hookline.clock import ManualClock
from hookline.errors import Invalid
from hookline.outbound.sealing import SecretBox
from hookline.principal import system
from hookline.storage.schema import audit, pending_sign_ins, recovery_codes, second_factors
from hookline.storage.store import Store
from tests.accounts.cast import (
    PASSWORD,
    add,
    code_of,
    enter,
    give_code,
    half_enter,
    set_up,
)

EMAIL = "dana@example.com"


@pytest.fixture
async def dana(store: Store, account: Account, passwords: Passwords) -> Member:
    return await add(store, account, EMAIL, password=await passwords.choose(PASSWORD))


@pytest.fixture
async def here(store: Store, dana: Member, passwords: Passwords) -> NewSession:
    return await enter(store, passwords, dana.email)


async def test_password_and_code_begin_a_session(
    store: Store, box: SecretBox, passwords: Passwords, here: NewSession, clock: ManualClock
) -> None:
    secret, _ = await set_up(store, box, here)
    clock.advance(seconds=30)
    pending = await half_enter(store, passwords, EMAIL)
    assert await find_session(store, pending.token) is None
    made = await give_code(store, box, pending, code_of(store, secret))
    found = await find_session(store, made.token)
    assert found
    assert found.has_second_factor


async def test_setting_up_ends_other_sessions_and_renews_this_one(
    store: Store, box: SecretBox, passwords: Passwords, here: NewSession
) -> None:
    elsewhere = await enter(store, passwords, EMAIL)
    _, turned = await set_up(store, box, here)
    assert await find_session(store, elsewhere.token) is None
    assert await find_session(store, here.token) is None
    assert await find_session(store, turned.session.token) == turned.session.session


async def test_secret_and_recovery_codes_are_not_readable_in_the_database(
    store: Store, box: SecretBox, here: NewSession
) -> None:
    secret, turned = await set_up(store, box, here)
    rows = [await store.read(select(table)) for table in (second_factors, recovery_codes, audit)]
    kept = repr(rows)
    assert secret not in kept
    assert not any(code in kept or code.replace("-", "") in kept for code in turned.recovery_codes)


async def test_a_wrong_code_turns_nothing_on(
    store: Store, box: SecretBox, here: NewSession
) -> None:
    draft = begin_set_up(store, box, here.session)
    for code in ("000000", "", "x" * 500):
        with pytest.raises(Invalid) as refused:
            await store.commit(
                lambda tx, code=code: turn_on(
                    tx, store, box, here.session, here.session.principal(),
                    sealed=draft.sealed, code=code,
                )
            )  # fmt: skip
        assert refused.value.errors[0].pointer == "/code"
    assert await store.read(select(second_factors)) == []


async def test_somebody_elses_or_an_old_form_is_refused(
    store: Store, box: SecretBox, passwords: Passwords, here: NewSession, clock: ManualClock
) -> None:
    sealed = begin_set_up(store, box, here.session).sealed
    other = await enter(store, passwords, EMAIL)
    for session, form in (
        (other.session, sealed),
        (here.session, sealed[:-4]),
        (here.session, "x"),
    ):
        with pytest.raises(Invalid, match="too old"):
            begin_set_up(store, box, session, form)
    clock.advance(seconds=3_601)
    with pytest.raises(Invalid, match="too old"):
        begin_set_up(store, box, here.session, sealed)


async def test_code_counts_once_only(
    store: Store, box: SecretBox, passwords: Passwords, here: NewSession, clock: ManualClock
) -> None:
    secret, _ = await set_up(store, box, here)
    used = code_of(store, secret)
    with pytest.raises(CodeRefused):  # it has turned the factor on
        await give_code(store, box, await half_enter(store, passwords, EMAIL), used)
    clock.advance(seconds=30)
    code, earlier = code_of(store, secret), code_of(store, secret, -1)
    await give_code(store, box, await half_enter(store, passwords, EMAIL), code)
    for old in (code, earlier):
        with pytest.raises(CodeRefused):
            await give_code(store, box, await half_enter(store, passwords, EMAIL), old)


async def test_one_code_at_once_in_two_places_counts_once(
    store: Store, box: SecretBox, passwords: Passwords, here: NewSession, clock: ManualClock
) -> None:
    secret, _ = await set_up(store, box, here)
    clock.advance(seconds=30)
    code = code_of(store, secret)
    pair = [await half_enter(store, passwords, EMAIL) for _ in range(2)]
    outcomes = await asyncio.gather(
        *(give_code(store, box, one, code) for one in pair), return_exceptions=True
    )
    assert sorted(type(one).__name__ for one in outcomes) == ["CodeRefused", "NewSession"]


async def test_recovery_code_works_once(
    store: Store, box: SecretBox, passwords: Passwords, here: NewSession
) -> None:
    _, turned = await set_up(store, box, here)
    code = turned.recovery_codes[3]
    made = await give_code(store, box, await half_enter(store, passwords, EMAIL), code)
    assert await count_recovery_codes(store, made.session) == 9
    with pytest.raises(CodeRefused):
        await give_code(store, box, await half_enter(store, passwords, EMAIL), code)
    assert await store.read(select(audit).where(audit.c.action == "user.use_recovery_code"))


async def test_new_recovery_codes_replace_the_old(
    store: Store, box: SecretBox, passwords: Passwords, here: NewSession
) -> None:
    _, turned = await set_up(store, box, here)
    session = turned.session.session
    codes = await store.commit(
        lambda tx: renew_recovery_codes(tx, store, session, session.principal())
    )
    with pytest.raises(CodeRefused):
        await give_code(
            store, box, await half_enter(store, passwords, EMAIL), turned.recovery_codes[0]
        )
    assert await give_code(store, box, await half_enter(store, passwords, EMAIL), codes[0])


async def test_guessing_codes_is_slowed_down_and_a_right_password_forgives_none(
    store: Store, box: SecretBox, passwords: Passwords, here: NewSession, clock: ManualClock
) -> None:
    secret, _ = await set_up(store, box, here)
    clock.advance(seconds=60)
    for number in range(store.settings.sign_in_attempts):
        pending = await half_enter(store, passwords, EMAIL, ip=f"192.0.2.{number}")
        with pytest.raises(CodeRefused):
            await give_code(store, box, pending, "000000", ip=f"192.0.2.{number}")
    pending = await half_enter(store, passwords, EMAIL, ip="198.51.100.1")
    with pytest.raises(TooManySignIns):
        await give_code(store, box, pending, code_of(store, secret), ip="198.51.100.1")


async def test_half_a_sign_in_does_not_last(
    store: Store, box: SecretBox, passwords: Passwords, here: NewSession, clock: ManualClock
) -> None:
    secret, _ = await set_up(store, box, here)
    pending = await half_enter(store, passwords, EMAIL)
    clock.advance(seconds=600)
    for token in (pending.token, "", "x" * 1_000):
        with pytest.raises(SignInExpired):
            await give_code(store, box, Pending(token), code_of(store, secret))


async def test_half_a_sign_in_ends_with_the_password(
    store: Store, box: SecretBox, passwords: Passwords, here: NewSession, clock: ManualClock
) -> None:
    secret, _ = await set_up(store, box, here)
    pending = await half_enter(store, passwords, EMAIL)
    clock.advance(seconds=30)
    await reset_password(store, passwords, EMAIL)
    with pytest.raises(SignInExpired):
        await give_code(store, box, pending, code_of(store, secret))


async def test_only_the_digest_of_half_a_sign_in_is_stored(
    store: Store, box: SecretBox, passwords: Passwords, here: NewSession
) -> None:
    await set_up(store, box, here)
    pending = await half_enter(store, passwords, EMAIL)
    assert pending.token not in repr(await store.read(select(pending_sign_ins))) + repr(pending)


async def test_it_is_set_up_once(store: Store, box: SecretBox, here: NewSession) -> None:
    _, turned = await set_up(store, box, here)
    with pytest.raises(SecondFactorOn):
        begin_set_up(store, box, turned.session.session)


async def test_turned_off_the_password_is_enough(
    store: Store, box: SecretBox, passwords: Passwords, here: NewSession
) -> None:
    _, turned = await set_up(store, box, here)
    session = turned.session.session
    await store.commit(lambda tx: turn_off(tx, session, session.principal()))
    assert await enter(store, passwords, EMAIL)
    assert await store.read(select(recovery_codes)) == []
    with pytest.raises(SecondFactorOff):
        await store.commit(lambda tx: turn_off(tx, session, session.principal()))


async def test_what_an_account_requires_stays_on(
    store: Store, box: SecretBox, account: Account, here: NewSession
) -> None:
    by = system(account.id, "tests")
    await store.commit(lambda tx: require_second_factor(tx, by, required=True))
    before = await find_session(store, here.token)
    assert before
    assert before.must_set_up
    _, turned = await set_up(store, box, here)
    session = turned.session.session
    assert not session.must_set_up
    with pytest.raises(SecondFactorRequired, match="Acme"):
        await store.commit(lambda tx: turn_off(tx, session, session.principal()))
