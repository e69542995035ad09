"""An account's policy for its credentials: when rotation is due, what happens to the overdue and idle."""

from dataclasses import dataclass, replace

from hookline.audit.append import record
from hookline.credentials import policy_store as sql
from hookline.credentials.model import ROTATION_DAYS
from hookline.errors import Invalid
from hookline.ids import AccountId
from hookline.principal import Principal, Scope
from hookline.storage.store import Store
from hookline.storage.transaction import Rows, Transaction

ROTATION_DAYS_MAX = 730
NOTICE_DAYS_MIN = 1
NOTICE_DAYS_MAX = 90
IDLE_DAYS_MIN = 14
IDLE_DAYS_MAX = 730


@dataclass(frozen=True, slots=True)
class Policy:
    """The policy of one account; None: that does not happen."""

    rotation_days: int = ROTATION_DAYS
    refuse_overdue_after_days: int | None = None
    """How long after the notice an overdue token is refused."""
    disable_idle_after_days: int | None = None

    def check(self) -> None:
        """Raise Invalid for what is out of bounds."""
        _check("rotation_days", self.rotation_days, 1, ROTATION_DAYS_MAX)
        refuse, idle = self.refuse_overdue_after_days, self.disable_idle_after_days
        if refuse is not None:
            _check("refuse_overdue_after_days", refuse, NOTICE_DAYS_MIN, NOTICE_DAYS_MAX)
        if idle is not None:
            _check("disable_idle_after_days", idle, IDLE_DAYS_MIN, IDLE_DAYS_MAX)

    @property
    def facts(self) -> dict[str, object]:
        return {
            "rotation_days": self.rotation_days,
            "refuse_overdue_after_days": self.refuse_overdue_after_days,
            "disable_idle_after_days": self.disable_idle_after_days,
        }


async def get_policy(store: Store, principal: Principal) -> Policy:
    """The policy of the caller's account."""
    principal.require(Scope.CREDENTIALS_READ)
    return _from(await store.read(sql.of_account(principal.account_id)))


async def policy_in(tx: Transaction, account_id: AccountId) -> Policy:
    """The account's policy, as the transaction sees it."""
    return _from(await tx.execute(sql.of_account(account_id)))


async def change_policy(
    tx: Transaction, principal: Principal, changes: dict[str, int | None]
) -> Policy:
    """Change what is named. Whom it makes overdue or idle gets the whole notice first.

    Raises InsufficientScope, LiveModeNeeded, Invalid.
    """
    principal.require(Scope.CREDENTIALS_WRITE)
    principal.require_live("The policy counts for live credentials, too")
    before = await policy_in(tx, principal.account_id)
    after = replace(before, **changes)  # type: ignore[arg-type]  # checked by the next line
    after.check()
    if after == before:
        return before
    await tx.insert(sql.INSERT, [(principal.account_id,)])
    await tx.changed(sql.change(principal.account_id, after.facts))
    if replace(after, disable_idle_after_days=None) != replace(
        before, disable_idle_after_days=None
    ):
        await tx.changed(sql.forgive_overdue(principal.account_id))
    record(
        tx, principal, "credential_policy.update", principal.account_id,
        before=before.facts, after=after.facts,
    )  # fmt: skip
    return after


def _from(rows: Rows) -> Policy:
    if not rows:
        return Policy()
    row = rows[0]
    return Policy(row.rotation_days, row.refuse_overdue_after_days, row.disable_idle_after_days)


def _check(name: str, days: int, least: int, most: int) -> None:
    if not least <= days <= most:
        raise Invalid.at(f"/{name}", "invalid_days", f"It can be {least} to {most} days.")
