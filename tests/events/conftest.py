"""Callers of the account, and a way to append events."""

from collections.abc import Awaitable, Callable

import pytest

from hookline.accounts.model import Account
from hookline.events.append import append
from hookline.events.model import Draft, EventType
from hookline.principal import Mode, Principal, PrincipalKind, Scope
from hookline.storage.store import Store
from hookline.storage.transaction import Transaction

Appending = Callable[..., Awaitable[None]]


@pytest.fixture
def reader(account: Account) -> Principal:
    """A credential that may read events and messages, and nothing else."""
    scopes = frozenset({Scope.EVENTS_READ, Scope.MESSAGES_READ})
    return Principal(account.id, PrincipalKind.CREDENTIAL, "crd_reader", scopes)


@pytest.fixture
def tell(store: Store, account: Account) -> Appending:
    """Append events of the account, in one batch."""

    async def append_all(*types: EventType, mode: Mode = Mode.LIVE, about: str = "msg_1") -> None:
        async def act(tx: Transaction) -> None:
            for kind in types:
                draft = Draft(account.id, kind, mode, about, b'{"text":"Hello"}', store.now())
                append(tx, draft)

        await store.commit(act)

    return append_all
