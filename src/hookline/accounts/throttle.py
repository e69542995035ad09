"""Slows down guessing: failed sign-ins are counted in the database, per address, user, and both.

An attempt is counted before the password is looked at, and forgiven when it was right, so that
many at once cannot slip through. An address and a user alone have more room than the two
together: neither a shared office nor the victim of a guesser is locked out soon.

Codes of a second factor are counted apart, so that a right password forgives no guessed code. Who
gets that far knows the password, so there the user alone has no more room than the pair.
"""

import hashlib
from ipaddress import IPv6Address, ip_address, ip_network

from hookline.accounts import store as sql
from hookline.accounts.errors import TooManySignIns
from hookline.clock import MINUTE_MS, SECOND_MS
from hookline.storage.store import Store
from hookline.storage.transaction import Transaction

WINDOW_MS = 15 * MINUTE_MS
ADDRESS_FACTOR = 5
USER_FACTOR = 10
_IPV6_SITE_BITS = 64


class Attempt:
    """The counters that one sign-in counts on."""

    user_factor = USER_FACTOR
    kind = ""

    def __init__(self, email: str, ip: str) -> None:
        address = _site(ip)
        self.pair = _key(f"{self.kind}pair", address, email)
        self.address = _key(f"{self.kind}address", address)
        self.user = _key(f"{self.kind}user", email)

    def limits(self, attempts_max: int) -> dict[str, int]:
        return {
            self.pair: attempts_max,
            self.address: attempts_max * ADDRESS_FACTOR,
            self.user: attempts_max * self.user_factor,
        }


class CodeAttempt(Attempt):
    """The counters that one code of a second factor counts on."""

    user_factor = 1
    kind = "code-"


async def count_attempt(tx: Transaction, store: Store, attempt: Attempt) -> None:
    """Count it as failed. Raises TooManySignIns, which leaves the counters as they were."""
    now = store.now()
    limits = attempt.limits(store.settings.sign_in_attempts)
    keys = sorted(limits)  # one order everywhere: no deadlock between nodes
    await tx.insert(sql.INSERT_FAILURES, [(key, now, 0) for key in keys])
    counted = await tx.update(sql.COUNT_FAILURE, [(key, now, now - WINDOW_MS) for key in keys])
    for key, row in zip(keys, counted, strict=True):
        failures, started_at = (int(str(value)) for value in row or (0, now))
        if failures > limits[key]:
            raise TooManySignIns(max(1, -(-(started_at + WINDOW_MS - now) // SECOND_MS)))


async def forgive(tx: Transaction, store: Store, attempt: Attempt) -> None:
    """The password was right: this attempt counts for nothing, nor do the pair's earlier ones."""
    await tx.changed(sql.forget_failures(attempt.pair))
    await tx.changed(sql.forgive_one_failure(*sorted((attempt.address, attempt.user))))
    await tx.changed(sql.forget_failures_before(store.now() - WINDOW_MS))


def _site(ip: str) -> str:
    """Who rules one IPv6 address rules its /64."""
    try:
        address = ip_address(ip)
    except ValueError:
        return ip[:64]
    if isinstance(address, IPv6Address):
        return str(ip_network((address, _IPV6_SITE_BITS), strict=False))
    return str(address)


def _key(kind: str, *parts: str) -> str:
    digest = hashlib.sha256("\n".join(parts).encode(errors="replace"))
    return f"{kind}:{digest.hexdigest()}"
