"""A message that tries a carrier out."""

from hashlib import sha256
from typing import Any

import pytest

from hookline.accounts.model import Account
from hookline.api.idempotency import Claim
from hookline.carriers.trial import Trial
from hookline.errors import Invalid
from hookline.ids import CarrierId
from hookline.messages.books import Books
from hookline.messages.hand_over import DispatchElsewhere
from hookline.messages.reading import find_message
from hookline.messages.submission import Submission
from hookline.messages.trial import Trials
from hookline.numbers.registration import Registration, add_number
from hookline.numbers.sandbox import furnish_sandbox
from hookline.storage.store import Store
from hookline.storage.wakeups import Wakeups
from tests.services.store import owner_of

TO = "+12025550110"


@pytest.fixture
async def home(store: Store, account: Account) -> CarrierId:
    return await store.commit(lambda tx: furnish_sandbox(tx, store, account.id))


@pytest.fixture
def trials(store: Store) -> Trials:
    wakeups = Wakeups(store.database, store.writer)
    return Trials(store, Submission(store, Books.open(store, wakeups), DispatchElsewhere()))


async def submitted(
    trials: Trials, account: Account, carrier_id: CarrierId, sender: str | None, **options: Any
) -> str:
    trial = Trial(TO, sender, "Hello")
    return await trials.submit(owner_of(account), carrier_id, trial, **options)


async def test_it_is_sent_from_the_carriers_first_number(
    trials: Trials, account: Account, home: CarrierId, store: Store
) -> None:
    message_id = await submitted(trials, account, home, None)
    message = await find_message(store, owner_of(account), message_id)
    assert (message.sender, message.carrier_id) == ("+12025550100", home)


async def test_it_is_sent_once_for_a_key(trials: Trials, account: Account, home: CarrierId) -> None:
    claim = Claim("k", sha256(b"k").digest(), sha256(b"body").digest())
    first = await submitted(trials, account, home, None, claim=claim)
    assert await submitted(trials, account, home, None, claim=claim) == first


async def test_a_number_elsewhere_or_nowhere_is_refused(
    trials: Trials, account: Account, home: CarrierId, store: Store
) -> None:
    other = CarrierId("car_00000000000000000000000009")
    for carrier_id, sender, code in (
        (other, None, "no_number_on_carrier"),
        (other, "+12025550100", "no_number_on_carrier"),
        (home, "+447700900999", "unknown_sender"),
        (home, "+1", "invalid_number"),
    ):
        with pytest.raises(Invalid) as refused:
            await submitted(trials, account, carrier_id, sender)
        (error,) = refused.value.errors
        assert (error.pointer, error.code) == ("/from", code)


async def test_a_registered_sender_will_do(
    trials: Trials, account: Account, home: CarrierId, store: Store
) -> None:
    wanted = Registration("Hookline", "sandbox")
    await store.commit(lambda tx: add_number(tx, store, owner_of(account), wanted))
    assert (await submitted(trials, account, home, "Hookline")).startswith("msg_")
