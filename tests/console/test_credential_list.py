"""The list of credentials in SQL says the same as what is shown of each credential."""

from dataclasses import dataclass

import pytest
from sqlalchemy import update

from hookline.accounts.model import Account
from hookline.api.pagination import CreatedPaging
from hookline.clock import DAY_MS, ManualClock
from hookline.console.credential_store import count_parts, list_part
from hookline.console.views.credentials import TITLES, CredentialView, credential_view
from hookline.credentials.issuing import Issue, issue_credential
from hookline.credentials.model import Rotation
from hookline.credentials.policy import change_policy
from hookline.credentials.revocation import revoke_credential
from hookline.credentials.rotation import rotate_credential
from hookline.credentials.store import from_row
from hookline.principal import Principal, Scope
from hookline.storage.schema import credential_tokens, credentials
from hookline.storage.store import Store
from hookline.storage.transaction import Transaction
from tests.services.store import owner_of

SCOPES = frozenset({Scope.MESSAGES_SEND})
WHOLE = CreatedPaging(limit=100)
PART_OF = {
    "active": lambda view: not view.is_ended,
    "attention": lambda view: view.needs_attention,
    "rotating": lambda view: view.grace is not None,
    "revoked": lambda view: view.is_ended,
}


@dataclass
class Desk:
    """An account's credentials, made over a year."""

    store: Store
    owner: Principal

    async def make(self, description: str, days: int | None = None) -> str:
        command = Issue(description, SCOPES, expires_in_days=days)
        issued = await self.store.commit(
            lambda tx: issue_credential(tx, self.store, self.owner, command)
        )
        return issued.credential.id

    async def rotate(self, credential_id: str, *, used_after_ms: int | None) -> None:
        rotation = Rotation(30 * 86_400)
        await self.store.commit(
            lambda tx: rotate_credential(tx, self.store, self.owner, credential_id, rotation)
        )
        if used_after_ms is not None:
            used = (
                update(credential_tokens)
                .where(credential_tokens.c.credential_id == credential_id)
                .where(credential_tokens.c.status == "rotated")
                .values(last_used_at=self.store.now() + used_after_ms)
            )
            await self.store.commit(lambda tx: tx.changed(used))

    async def part(self, part: str, text: str = "", paging: CreatedPaging = WHOLE) -> list[str]:
        found = list_part(self.owner, self.store.now(), part, text, paging)
        return [row.id for row in await self.store.read(found)]

    async def views(self) -> list[CredentialView]:
        now = self.store.now()
        ids = await self.part("active") + await self.part("revoked")
        assert len(ids) == len(set(ids))
        rows = [
            row
            for part in ("active", "revoked")
            for row in await self.store.read(list_part(self.owner, now, part, "", WHOLE))
        ]
        return [credential_view(from_row(row), now) for row in rows]


@pytest.fixture
def desk(store: Store, account: Account) -> Desk:
    return Desk(store, owner_of(account))


async def test_each_part_has_what_its_views_say(desk: Desk, clock: ManualClock) -> None:
    store, owner = desk.store, desk.owner
    await store.commit(lambda tx: change_policy(tx, owner, {"rotation_days": 60}))
    made = {"overdue": await desk.make("overdue"), "ended": await desk.make("ended", days=20)}
    clock.advance(seconds=DAY_MS / 1_000)
    made["day"] = await desk.make("due today")
    clock.advance(seconds=14 * DAY_MS / 1_000)
    made["soon"] = await desk.make("due in 14 days, but for a moment")
    made["revoked"] = await desk.make("revoked")
    made["quiet"], made["used"] = await desk.make("quiet"), await desk.make("used")
    clock.advance(seconds=46 * DAY_MS / 1_000)
    made["expiring"] = await desk.make("expiring", days=14)
    made["fresh"] = await desk.make("fresh", days=15)
    made["idle"] = await desk.make("idle")
    await store.commit(lambda tx: revoke_credential(tx, store, owner, made["revoked"]))
    await desk.rotate(made["quiet"], used_after_ms=None)
    await desk.rotate(made["used"], used_after_ms=1)

    async def disable(tx: Transaction) -> None:
        await tx.changed(
            update(credentials)
            .where(credentials.c.id == made["idle"])
            .values(status="disabled_idle")
        )

    await store.commit(disable)
    views = await desk.views()
    counts = (await store.read(count_parts(owner, store.now())))[0]._asdict()
    for part in TITLES:
        expected = {view.id for view in views if PART_OF[part](view)}
        assert set(await desk.part(part)) == expected, part
        assert counts[part] == len(expected)
    living = [view for view in views if not view.is_ended]
    assert counts["overdue"] == sum(view.age.state == "overdue" for view in living)
    assert counts["due"] == sum(view.is_due for view in living)
    assert made["overdue"] in await desk.part("attention")
    assert made["used"] in await desk.part("attention")
    assert made["quiet"] not in await desk.part("attention")


async def test_every_word_must_be_found_somewhere(desk: Desk) -> None:
    wanted = await desk.make("CRM, Zürich_1 100%")
    await desk.make("Till")
    token = (
        await desk.store.read(list_part(desk.owner, desk.store.now(), "active", "crm", WHOLE))
    )[0]
    for text in ("crm OWNER@example", "messages:send zürich", f"{token.prefix}…{token.last4}",
                 wanted, "zürich_1", "100% crm"):  # fmt: skip
        assert await desk.part("active", text) == [wanted], text
    for text in ("crm nobody", "zürich%1", "crm_"):
        assert await desk.part("active", text) == [], text


async def test_pages_follow_each_other(desk: Desk) -> None:
    made = [await desk.make(f"{number}") for number in range(5)]
    first = await desk.part("active", paging=CreatedPaging(limit=2))
    assert first == made[:1:-1]
    second = await desk.part("active", paging=CreatedPaging(limit=2, cursor=first[1]))
    assert second == made[2::-1]
