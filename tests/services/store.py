"""A running store on each database in turn, with a fan-out that only remembers, and an account.

The audit trail and the event log are the real ones. The clock stands still until a test moves it.
"""

from collections.abc import AsyncIterator, Mapping, Sequence

import pytest

from hookline.accounts.model import Account
from hookline.accounts.tenancy import create_account
from hookline.audit.append import AuditTrail
from hookline.clock import ManualClock
from hookline.events.append import EventLog
from hookline.events.model import Event
from hookline.ids import AccountId, IdSource
from hookline.outbound.sealing import SecretBox
from hookline.principal import Principal, PrincipalKind, Scope
from hookline.settings import Settings
from hookline.storage.database import Database
from hookline.storage.store import Store
from hookline.storage.transaction import Transaction
from tests.storage.databases import (
    database,
    kept_postgres_url,
    migrated_postgres_url,
    migrated_sqlite_url,
    migrated_url,
    postgres_template,
    running_writer,
    settings,
    sqlite_template,
)

__all__ = [
    "RecordingFanOut",
    "account",
    "box",
    "clock",
    "database",
    "fan_out",
    "kept_postgres_url",
    "migrated_postgres_url",
    "migrated_sqlite_url",
    "migrated_url",
    "other_account",
    "owner_of",
    "postgres_template",
    "settings",
    "sqlite_template",
    "store",
]


class RecordingFanOut:
    """Stands at the port where webhooks will be; keeps the events in the order of their commit."""

    def __init__(self) -> None:
        self.events: list[Event] = []

    async def fan_out(
        self,
        tx: Transaction,
        events: Sequence[Event],
        endpoint_versions: Mapping[AccountId, int],
    ) -> None:
        seen = list(events)
        tx.after_commit(lambda: self.events.extend(seen))

    @property
    def types(self) -> list[str]:
        return [event.draft.type.value for event in self.events]


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def fan_out() -> RecordingFanOut:
    return RecordingFanOut()


@pytest.fixture
def box() -> SecretBox:
    return SecretBox(["a key that only tests use, 32 characters"])


@pytest.fixture
async def store(
    database: Database, settings: Settings, clock: ManualClock, fan_out: RecordingFanOut
) -> AsyncIterator[Store]:
    """What use cases need, on each database in turn."""
    ids = IdSource(clock)
    finishers = (AuditTrail(clock), EventLog(ids, fan_out))
    async with running_writer(database, settings, *finishers) as writer:
        yield Store(database, writer, ids, clock, settings)


@pytest.fixture
async def account(store: Store, box: SecretBox) -> Account:
    return await store.commit(lambda tx: create_account(tx, store, box, name="Acme"))


@pytest.fixture
async def other_account(store: Store, box: SecretBox) -> Account:
    return await store.commit(lambda tx: create_account(tx, store, box, name="Outsiders"))


def owner_of(account: Account, *without: Scope) -> Principal:
    """A signed-in user of the account who may do everything but what is named."""
    return Principal(
        account.id,
        PrincipalKind.USER,
        "usr_00000000000000000000000001",
        frozenset(Scope) - set(without),
        label="owner@example.com",
        ip="192.0.2.1",
    )
