"""Idempotency-Key: the claim, the effect and the answer are one transaction.

So a repeated request finds either nothing or the whole answer, also after a crash; there is no
state between. An answer with a secret is sealed with a key that only the caller's
Idempotency-Key yields, and is wiped after minutes.
"""

import hashlib
import re
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated, Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from fastapi import Depends
from pydantic import BaseModel
from sqlalchemy import delete, select, update
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Scope

from hookline.api.context import context_in
from hookline.clock import HOUR_MS, MINUTE_MS
from hookline.errors import Conflict, Invalid
from hookline.storage.schema import idempotency
from hookline.storage.sets import Insert
from hookline.storage.store import Store
from hookline.storage.transaction import Transaction

HEADER = "idempotency-key"
REPLAYED = "Idempotency-Replayed"
_KEY = re.compile(r"[A-Za-z0-9_:-]{1,255}\Z")
_NONCE_BYTES = 12

CLAIM = Insert(
    idempotency,
    ("digest", "request_digest", "status", "body", "sealed", "created_at"),
    conflict=("digest",),
)


class KeyReused(Invalid):
    """The Idempotency-Key was used with another body before. Make a new key for a new request."""

    code = "idempotency_key_reused"
    title = "The Idempotency-Key belongs to another request"


class AnswerGone(Conflict):
    """The request was done before, and its answer held a secret that is no longer kept."""

    code = "idempotent_answer_gone"
    title = "The answer can no longer be repeated"


@dataclass(frozen=True, slots=True)
class Claim:
    """One use of an Idempotency-Key."""

    key: str
    digest: bytes
    request_digest: bytes


def claim_of(request: Request, key: str | None, body: bytes) -> Claim | None:
    """The claim that this request makes, if it has a key. Raises Invalid for a malformed one."""
    return claim_in(request.scope, key, body)


def claim_in(scope: Scope, key: str | None, body: bytes) -> Claim | None:
    """The same, for those who have only the ASGI scope."""
    if key is None:
        return None
    key = key.strip('"')
    if not _KEY.match(key):
        raise Invalid.at(
            "header:Idempotency-Key",
            "invalid_idempotency_key",
            "Idempotency-Key takes 1 to 255 letters, digits, and the characters _ : -",
        )
    principal = context_in(scope).principal
    assert principal is not None
    named = f"{principal.account_id} {principal.mode}\n{scope['method']} {scope['path']}\n{key}"
    return Claim(key, hashlib.sha256(named.encode()).digest(), hashlib.sha256(body).digest())


class Keeping(Protocol):
    """What of an answer is kept, where it is not all of it, and how that becomes the answer again."""

    def kept(self, body: bytes) -> bytes: ...

    async def repeated(self, tx: Transaction, body: bytes) -> bytes: ...


class Once:
    """Commits the effect of a request at most once, and answers it."""

    def __init__(self, store: Store, claim: Claim | None) -> None:
        self._store = store
        self._claim = claim

    async def commit(
        self,
        use_case: Callable[[Transaction], Awaitable[BaseModel | bytes]],
        *,
        status: int = 201,
        secret: bool = False,
        keeping: Keeping | None = None,
    ) -> Response:
        """Run the use case, or repeat the answer of the first time. `secret`: never kept in clear."""
        claim = self._claim
        if claim is None:
            return _answer(await self._store.commit(use_case), status)

        async def guarded(tx: Transaction) -> Response:
            if not await self._win(tx, claim, secret=secret):
                return await self._replay(tx, claim, keeping)
            answer = _answer(await use_case(tx), status)
            body = bytes(answer.body) if keeping is None else keeping.kept(bytes(answer.body))
            await tx.changed(
                update(idempotency)
                .where(idempotency.c.digest == claim.digest)
                .values(status=status, body=seal(claim, body) if secret else body)
            )
            return answer

        return await self._store.commit(guarded)

    async def _win(self, tx: Transaction, claim: Claim, *, secret: bool) -> bool:
        now = self._store.now()
        oldest = now - self._store.settings.idempotency_hours * HOUR_MS
        await tx.changed(
            delete(idempotency).where(
                idempotency.c.digest == claim.digest, idempotency.c.created_at < oldest
            )
        )
        row = (claim.digest, claim.request_digest, 0, None, int(secret), now)
        return (await tx.insert(CLAIM, [row]))[0]

    async def _replay(self, tx: Transaction, claim: Claim, keeping: Keeping | None) -> Response:
        row = (await tx.execute(select(idempotency).where(idempotency.c.digest == claim.digest)))[0]
        sealed_until = row.created_at + self._store.settings.secret_answer_minutes * MINUTE_MS
        is_gone = row.sealed and self._store.now() >= sealed_until
        body = repeated_body(claim, row.request_digest, None if is_gone else row.body, row.sealed)
        return Response(
            body if keeping is None else await keeping.repeated(tx, body),
            status_code=row.status,
            headers={REPLAYED: "true"},
            media_type="application/json",
        )


def repeated_body(claim: Claim, request_digest: bytes, body: bytes | None, sealed: int) -> bytes:
    """The answer kept for a claim. Raises KeyReused, AnswerGone."""
    if bytes(request_digest) != claim.request_digest:
        raise KeyReused(
            "This Idempotency-Key came with another body before. Use a new key for a new request."
        )
    if body is None:
        raise AnswerGone(
            "This request was done before; its answer held a secret and is no longer kept. "
            "List what exists, and rotate the credential if its token was lost."
        )
    return unseal(claim, body) if sealed else bytes(body)


def _answer(shape: BaseModel | bytes, status: int) -> Response:
    body = shape if isinstance(shape, bytes) else shape.model_dump_json(by_alias=True).encode()
    return Response(body, status_code=status, media_type="application/json")


def seal(claim: Claim, body: bytes) -> bytes:
    """The body, readable only with the Idempotency-Key itself."""
    nonce = secrets.token_bytes(_NONCE_BYTES)
    return nonce + AESGCM(_key(claim)).encrypt(nonce, body, claim.digest)


def unseal(claim: Claim, sealed: bytes) -> bytes:
    try:
        return AESGCM(_key(claim)).decrypt(
            bytes(sealed[:_NONCE_BYTES]), bytes(sealed[_NONCE_BYTES:]), claim.digest
        )
    except InvalidTag as error:
        raise AnswerGone("The kept answer cannot be opened.") from error


def _key(claim: Claim) -> bytes:
    return HKDF(SHA256(), 32, claim.digest, b"idempotent answer").derive(claim.key.encode())


async def _once(request: Request) -> Once:
    store: Store = request.app.state.store
    return Once(store, claim_of(request, request.headers.get(HEADER), await request.body()))


CommitOnce = Annotated[Once, Depends(_once)]
"""A route's way to commit what creates something."""
