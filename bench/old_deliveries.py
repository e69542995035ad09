"""Old deliveries by the million for `bench.lists`: what lists, single ones and claims take among them."""

import time
from functools import partial
from typing import Any

from sqlalchemy import text

from hookline.app import Server
from hookline.clock import DAY_MS
from hookline.ids import EndpointId
from hookline.principal import Principal, PrincipalKind, Scope
from hookline.webhooks import ledger
from hookline.webhooks.endpoints import NewEndpoint, create_endpoint

ENDPOINTS = 100
_CHUNK = 100_000
_DAYS = 28
_PENDING = 1_000
"""Of one endpoint, long due and nobody's: what a claim finds."""

_SERIES = {
    "sqlite": "WITH RECURSIVE n(i) AS (SELECT :first UNION ALL SELECT i + 1 FROM n WHERE i < :last) ",
    "postgresql": "WITH n(i) AS (SELECT generate_series(CAST(:first AS bigint), CAST(:last AS bigint))) ",
}
_PADDED = {"sqlite": "printf('%026d', i)", "postgresql": "lpad(i::text, 26, '0')"}
_BODY = {"sqlite": "x'6f6b'", "postgresql": "'\\x6f6b'::bytea"}


class OldDeliveries:
    """Fills, and says what is to be asked for."""

    def __init__(self, server: Server, count: int) -> None:
        self._store = server.core.store
        self._box = server.core.box
        self._node = server.core.leases.node
        self._dialect = server.core.database.dialect
        self._count = count
        self._endpoints: list[str] = []

    async def fill(self, account_id: Any) -> None:  # Any: an account's id
        owner = Principal(account_id, PrincipalKind.SYSTEM, "bench", frozenset(Scope))

        async def add(tx: Any) -> None:  # Any: a transaction
            for place in range(ENDPOINTS):
                new = NewEndpoint(url=f"https://example.com/{place}", events=("message.*",))
                made, _ = await create_endpoint(tx, self._store, self._box, owner, new)
                self._endpoints.append(made.id)

        await self._store.commit(add)
        for first in range(1, self._count + 1, _CHUNK):
            last = min(self._count, first + _CHUNK - 1)
            await self._store.commit(
                partial(self._insert, account_id=account_id, first=first, last=last)
            )

    async def _insert(self, tx: Any, *, account_id: str, first: int, last: int) -> None:
        name = _PADDED[self._dialect]
        series = _SERIES[self._dialect]
        placed = (
            " JOIN (SELECT id, row_number() OVER (ORDER BY id) - 1 AS place FROM endpoints) e"
            f" ON e.place = i % {ENDPOINTS}"
        )
        values = {
            "first": first, "last": last, "account": account_id,
            "began": self._store.now() - _DAYS * DAY_MS, "step": _DAYS * DAY_MS // self._count,
        }  # fmt: skip
        await tx.execute(
            text(
                f"INSERT INTO deliveries (id, account_id, mode, endpoint_id, event_id, event_type,"
                f" resource_id, status, attempts, created_at, finished_at, last_status) {series}"
                f"SELECT 'dlv_' || {name}, :account, 'live', e.id, 'evt_' || {name}, 'message.sent',"
                f" 'msg_' || {name}, CASE WHEN i % 41 = 0 THEN 'failed' ELSE 'delivered' END, 1,"
                f" :began + i * :step, :began + i * :step, 200 FROM n{placed}"
            ).bindparams(**values)
        )
        more = {key: values[key] for key in ("first", "last", "began", "step")}
        await tx.execute(
            text(
                f"INSERT INTO attempts (delivery_id, number, attempted_at, url, status, elapsed_ms,"
                f" response_headers, response_body) {series}SELECT 'dlv_' || {name}, 1,"
                f" :began + i * :step, 'https://example.com/', 200, 12, '[]', {_BODY[self._dialect]} FROM n"
            ).bindparams(**more)
        )

    def lists(self) -> list[str]:
        """What is asked for over the API."""
        some = f"{self._count // 2:026d}"
        own = f"/v1/webhooks/{self._endpoints[7]}/deliveries?limit=100"
        every = "/v1/deliveries?limit=100"
        return [
            "/v1/webhooks", own, f"{own}&cursor=dlv_{some}", f"{own}&status=failed", f"{own}&status=pending",
            f"{own}&event_type=call.answered", every, f"{every}&cursor=dlv_{some}",
            f"{every}&status=failed", f"{every}&resource_id=msg_{some}", f"{every}&event_id=evt_{some}",
            f"/v1/deliveries/dlv_{some}",
        ]  # fmt: skip

    async def time_claims(self, repeat: int) -> None:
        """Looking for what is due, and claiming a thousand of it."""
        endpoint_id = EndpointId(self._endpoints[7])
        await self._store.commit(lambda tx: self._make_due(tx, endpoint_id))
        looks, claims = [], []
        for _ in range(repeat + 1):
            began = time.perf_counter()
            await self._store.read(ledger.due_endpoints(self._store.now()))
            looks.append((time.perf_counter() - began) * 1_000)
            began = time.perf_counter()
            statement = ledger.claim(endpoint_id, self._node, self._store.now(), _PENDING)
            rows = await self._store.commit(partial(_execute, statement=statement))
            claims.append((time.perf_counter() - began) * 1_000)
            await self._store.commit(lambda tx: tx.changed(ledger.free_node(self._node)))
        print(f"  {min(looks[1:]):6.1f} ms to look for what is due")
        print(f"  {min(claims[1:]):6.1f} ms to claim {len(rows)} of it")

    async def _make_due(self, tx: Any, endpoint_id: str) -> None:
        await tx.changed(
            text(
                "UPDATE deliveries SET status = 'pending', next_attempt_at = created_at, finished_at = NULL"
                " WHERE id IN (SELECT id FROM deliveries WHERE endpoint_id = :endpoint"
                " ORDER BY id LIMIT :count)"
            ).bindparams(endpoint=endpoint_id, count=_PENDING)
        )


async def _execute(tx: Any, statement: Any) -> Any:  # Any: a transaction, a statement, its rows
    return await tx.execute(statement)
