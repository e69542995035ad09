"""Takes a code of a user's second factor, once: neither it nor an older one counts again."""

from enum import Enum

from hookline.accounts import second_factor_store as sql
from hookline.accounts.one_time_codes import is_timed, matching_step, recovery_digest, tidy
from hookline.ids import UserId
from hookline.outbound.sealing import SecretBox
from hookline.storage.store import Store
from hookline.storage.transaction import Transaction


class Spent(Enum):
    """What a code was."""

    NOTHING = "nothing"
    TIMED = "timed"
    RECOVERY = "recovery"


def purpose(user_id: UserId) -> str:
    """What a second factor's secret is sealed for: it opens for no other user."""
    return f"user.second_factor.{user_id}"


async def spend_code(
    tx: Transaction, store: Store, box: SecretBox, user_id: UserId, text: str
) -> Spent:
    """Whether the code is right, and of which kind. The same code at once elsewhere loses."""
    code = tidy(text)
    found = await tx.execute(sql.factor(user_id))
    if not found:
        return Spent.NOTHING
    if not is_timed(code):
        digest = recovery_digest(user_id, code)
        is_right = await tx.changed(sql.spend_recovery(user_id, digest)) == 1
        return Spent.RECOVERY if is_right else Spent.NOTHING
    secret = box.open(purpose(user_id), found[0].secret)
    step = matching_step(secret, code, store.now())
    if step is None or await tx.changed(sql.spend_step(user_id, step)) == 0:
        return Spent.NOTHING
    return Spent.TIMED
