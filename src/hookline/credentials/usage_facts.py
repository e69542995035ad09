"""What is known of a credential's use: requests by day, addresses, and scopes that it does without."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from hookline.clock import DAY_MS, UnixMs
from hookline.credentials import usage_store as sql
from hookline.credentials.model import Credential
from hookline.principal import Scope
from hookline.storage.store import Store
from hookline.storage.transaction import Rows

SHOWN_DAYS = 90
UNUSED_DAYS = 90
"""A scope that was granted and not used for so long is one that the credential can do without."""


@dataclass(frozen=True, slots=True)
class DayUse:
    """The requests of one UTC day."""

    day: int
    """Since 1970."""
    requests: int = 0
    errors: int = 0
    skipped: int = 0
    """Of the requests, those that the request log does not have."""


@dataclass(frozen=True, slots=True)
class AddressUse:
    """From where it was used."""

    ip: str
    first_used_at: UnixMs
    last_used_at: UnixMs


@dataclass(frozen=True, slots=True)
class ScopeUse:
    """When a scope was granted, and last needed; None: never."""

    granted_at: UnixMs
    last_used_at: UnixMs | None

    def is_unused(self, now: int) -> bool:
        """Whether it has been there for long enough, and was not used in that time."""
        return now - max(self.granted_at, self.last_used_at or 0) >= UNUSED_DAYS * DAY_MS

    def is_too_early(self, now: int) -> bool:
        """Whether nobody can say yet that it is not needed."""
        return self.last_used_at is None and now - self.granted_at < UNUSED_DAYS * DAY_MS

    @property
    def known_from(self) -> int:
        """When it can be said, if it is not used until then."""
        return self.granted_at + UNUSED_DAYS * DAY_MS


@dataclass(frozen=True, slots=True)
class UsageFacts:
    """What is known of one credential's use; at most a second old, times of use a minute."""

    days: tuple[DayUse, ...]
    """The latest SHOWN_DAYS, oldest first, those without requests too."""
    addresses: tuple[AddressUse, ...]
    """The latest ones first."""
    scopes: Mapping[Scope, ScopeUse] = field(default_factory=dict)

    def unused_scopes(self, now: int) -> list[Scope]:
        """Those that were granted long enough ago and not used since, or for so long."""
        return sorted(scope for scope, use in self.scopes.items() if use.is_unused(now))

    def early_scopes(self, now: int) -> list[Scope]:
        """Those that were not used yet, and are too young to say more."""
        return sorted(scope for scope, use in self.scopes.items() if use.is_too_early(now))

    def can_say(self, now: int) -> bool:
        """Whether any scope is old enough to be called unused."""
        return any(now >= use.known_from for use in self.scopes.values())


async def usage_of(store: Store, credential: Credential) -> UsageFacts:
    """What is known of the credential, which the caller may see."""
    today = store.now() // DAY_MS
    first = today - SHOWN_DAYS + 1
    by_day = {
        row.day: DayUse(row.day, row.requests, row.errors, row.skipped)
        for row in await store.read(sql.days_from(credential.id, first))
    }
    addresses = await store.read(sql.latest_addresses(credential.id))
    return UsageFacts(
        tuple(by_day.get(day, DayUse(day)) for day in range(first, today + 1)),
        tuple(AddressUse(row.ip, row.first_used_at, row.last_used_at) for row in addresses),
        _scopes(credential, await store.read(sql.scopes_of(credential.id))),
    )


async def forget_old_days(store: Store) -> int:
    """Drop counters that nobody asks about any more, some at a time; how many went."""
    oldest = (await store.read(sql.first_day()))[0][0]
    if oldest is None or oldest > store.now() // DAY_MS - sql.KEPT_DAYS:
        return 0
    return await store.commit(lambda tx: tx.changed(sql.drop_day(oldest)))


def _scopes(credential: Credential, rows: Rows) -> dict[Scope, ScopeUse]:
    known = {row.scope: row for row in rows}
    uses = {}
    for scope in credential.scopes:
        row = known.get(scope.value)
        granted_at = credential.created_at if row is None else row.granted_at
        uses[scope] = ScopeUse(
            UnixMs(granted_at or credential.created_at), None if row is None else row.last_used_at
        )
    return uses
