"""What a row says of an act that no request can bring about by itself."""

import msgspec
from sqlalchemy import select

from hookline.accounts.model import Account
from hookline.clock import DAY_MS, ManualClock
from hookline.credentials.enabling import enable_credential
from hookline.credentials.notices import look
from hookline.credentials.policy import change_policy
from hookline.principal import Scope
from hookline.storage.schema import audit
from hookline.storage.store import Store
from tests.credentials.issued import issue
from tests.services.store import owner_of


async def test_disabling_and_enabling_an_idle_credential_are_rows_with_facts(
    store: Store, account: Account, clock: ManualClock
) -> None:
    owner = owner_of(account)
    known = (await issue(store, owner, scopes=frozenset({Scope.MESSAGES_READ}))).credential.id
    days = {"disable_idle_after_days": 30}
    await store.commit(lambda tx: change_policy(tx, owner, days))
    for _ in range(3):  # it is warned of first
        clock.advance(seconds=30 * DAY_MS / 1_000)
        await look(store)
    await store.commit(lambda tx: enable_credential(tx, store, owner, known))
    rows = await store.read(
        select(audit.c.action, audit.c.before, audit.c.after)
        .where(audit.c.resource_id == known)
        .order_by(audit.c.number)
    )
    told = {
        row.action: tuple(msgspec.json.decode(one)["status"] for one in row[1:] if one)
        for row in rows
    }
    assert told["credential.disable_idle"] == ("active", "disabled_idle")
    assert told["credential.enable"] == ("disabled_idle", "active")
