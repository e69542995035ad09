"""Opens sealed signing secrets and headers, once each, and keeps what it opened for a while."""

from collections import OrderedDict
from typing import Any

import msgspec

from hookline.accounts.tenancy import SIGNING_SECRET as ACCOUNT_SIGNING_SECRET
from hookline.clock import Clock
from hookline.ids import AccountId
from hookline.outbound.sealing import SecretBox
from hookline.storage.database import Database
from hookline.storage.lookup import Lookup
from hookline.webhooks.model import Endpoint
from hookline.webhooks.store import SIGNING_SECRET

ENDPOINT_SECRET = "endpoints.secret"  # noqa: S105 - what it is sealed for
ENDPOINT_HEADERS = "endpoints.headers"
_OPENED_MAX = 20_000
_ACCOUNTS_MAX = 10_000
_ACCOUNT_SECRET_TTL_S = 5.0

Headers = tuple[tuple[str, str], ...]


class Keyring:
    """What signs and dresses the requests of one process."""

    def __init__(self, database: Database, box: SecretBox, clock: Clock) -> None:
        self._box = box
        self._clock = clock
        self._accounts = Lookup(database, SIGNING_SECRET)
        # By sealed text, which is another one each time, so that a change is never overlooked.
        self._opened: OrderedDict[tuple[str, str], str] = OrderedDict()
        self._headers: OrderedDict[str, Headers] = OrderedDict()
        self._account_secrets: OrderedDict[AccountId, tuple[float, str]] = OrderedDict()

    def of_endpoint(self, endpoint: Endpoint, now: int) -> list[str]:
        """The secrets that sign: the current one, and during a rotation the one before.

        Raises SecretUnreadable.
        """
        secrets = [self._open(ENDPOINT_SECRET, endpoint.secret)]
        until = endpoint.previous_secret_until
        if endpoint.previous_secret is not None and until is not None and now < until:
            secrets.append(self._open(ENDPOINT_SECRET, endpoint.previous_secret))
        return secrets

    def headers_of(self, endpoint: Endpoint) -> Headers:
        """The endpoint's own headers. Raises SecretUnreadable."""
        if endpoint.headers is None:
            return ()
        known = self._headers.get(endpoint.headers)
        if known is None:
            known = tuple(open_headers(self._box, endpoint.headers).items())
            self._headers[endpoint.headers] = known
            _trim(self._headers, _OPENED_MAX)
        return known

    async def of_account(self, account_id: AccountId) -> list[str]:
        """The secret that signs `status_url` requests; a change counts within seconds.

        Raises SecretUnreadable, DatabaseUnavailable, LookupError.
        """
        now_s = self._clock.monotonic_s()
        known = self._account_secrets.get(account_id)
        if known is None or now_s - known[0] >= _ACCOUNT_SECRET_TTL_S:
            rows = await self._accounts.find(account_id)
            if not rows:
                raise LookupError(f"there is no account {account_id}")
            known = (now_s, self._open(ACCOUNT_SIGNING_SECRET, str(rows[0][0])))
            self._account_secrets[account_id] = known
            _trim(self._account_secrets, _ACCOUNTS_MAX)
        return [known[1]]

    def _open(self, purpose: str, sealed: str) -> str:
        known = self._opened.get((purpose, sealed))
        if known is None:
            known = self._opened[purpose, sealed] = self._box.open(purpose, sealed)
            _trim(self._opened, _OPENED_MAX)
        return known


def seal_headers(box: SecretBox, headers: dict[str, str]) -> str | None:
    """Headers as they are stored: sealed, for they often hold the receiver's password."""
    return box.seal(ENDPOINT_HEADERS, msgspec.json.encode(headers)) if headers else None


def open_headers(box: SecretBox, sealed: str | None) -> dict[str, str]:
    """Headers as they were given. Raises SecretUnreadable."""
    if sealed is None:
        return {}
    return msgspec.json.decode(box.open_bytes(ENDPOINT_HEADERS, sealed), type=dict[str, str])


def _trim(kept: OrderedDict[Any, Any], most: int) -> None:  # Any: whatever it keeps
    while len(kept) > most:
        kept.popitem(last=False)
