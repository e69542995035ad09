"""Accounts' streams and the events in them, for tests."""

from collections.abc import Mapping, Sequence

from sqlalchemy import select

from hookline.clock import UnixMs
from hookline.events.append import append
from hookline.events.model import Draft, Event, EventType
from hookline.ids import AccountId
from hookline.principal import Mode
from hookline.storage.database import Database
from hookline.storage.schema import account_streams, events
from hookline.storage.sets import Insert
from hookline.storage.transaction import Rows, Transaction
from hookline.storage.writer import Writer

NOW = UnixMs(1_780_000_000_000)
OPEN = Insert(account_streams, ("account_id",))


class FanOutLog:
    """Stands where `webhooks` fans out: writes down what it is given."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.versions: dict[AccountId, int] = {}

    async def fan_out(
        self, tx: Transaction, events: Sequence[Event], endpoint_versions: Mapping[AccountId, int]
    ) -> None:
        self.events.extend(events)
        self.versions.update(endpoint_versions)


async def open_streams(writer: Writer, *accounts: AccountId) -> None:
    async def use_case(tx: Transaction) -> None:
        await tx.insert(OPEN, [(account,) for account in accounts])

    await writer.run(use_case)


def draft(
    account: AccountId, resource_id: str, data: bytes = b"{}", sequence: int | None = None
) -> Draft:
    kind = EventType.CREDENTIAL_UPDATED
    return Draft(account, kind, Mode.LIVE, resource_id, data, NOW, sequence)


async def append_all(writer: Writer, *drafts: Draft) -> None:
    """One use case that appends them all."""

    async def use_case(tx: Transaction) -> None:
        for one in drafts:
            append(tx, one)

    await writer.run(use_case)


async def stored(database: Database, account: AccountId, after: int = 0) -> Rows:
    """The account's events as readers get them, by position."""
    return await database.read(
        select(events)
        .where(events.c.account_id == account, events.c.position > after)
        .order_by(events.c.position)
    )
