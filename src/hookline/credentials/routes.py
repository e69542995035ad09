"""HTTP routes of credentials. Answers with a token are never kept in clear, nor cached."""

import hashlib
from dataclasses import replace
from typing import Annotated

from fastapi import Depends, Query
from starlette.requests import Request
from starlette.responses import Response

from hookline.api.idempotency import HEADER, Once, claim_of
from hookline.api.routing import Caller, Routes, Storage
from hookline.api.wire import Page
from hookline.credentials import reading
from hookline.credentials.changing import Change, patch_credential
from hookline.credentials.errors import (
    CredentialEnded,
    CredentialNotFound,
    NotACredential,
    NotOnItself,
    ScopeNotHeld,
)
from hookline.credentials.issuing import Issue, issue_credential
from hookline.credentials.revocation import revoke_credential, revoke_own
from hookline.credentials.rotation import rotate_credential, rotate_own
from hookline.credentials.schemas import (
    Credential,
    CredentialCreate,
    CredentialEnd,
    CredentialFilter,
    CredentialPatch,
    CredentialRotate,
    CredentialWithToken,
    credential_shape,
    credential_with_token,
    restriction_changes,
)
from hookline.credentials.tokens import digest_of
from hookline.principal import RestrictionWidened, Scope
from hookline.storage.transaction import Transaction

_AT_ONCE = CredentialRotate()


async def _presented(request: Request) -> bytes:
    """The digest of the token that the edge has let in."""
    return digest_of(request.headers["authorization"].partition(" ")[2].strip())


async def _once_for_caller(request: Request, caller: Caller, store: Storage) -> Once:
    """A token is repeated only to the caller that it was made for.

    Keys are shared by an account's credentials, and `self` is another one for each of them.
    """
    claim = claim_of(request, request.headers.get(HEADER), await request.body())
    if claim is not None:
        digest = hashlib.sha256(claim.digest + caller.id.encode()).digest()
        claim = replace(claim, digest=digest)
    return Once(store, claim)


OnceForCaller = Annotated[Once, Depends(_once_for_caller)]
Presented = Annotated[bytes, Depends(_presented)]
Ending = Annotated[CredentialEnd, Query()]


def routes() -> Routes:
    """Credentials: create, list, read, change, rotate, delete; and the calling credential itself."""
    router = Routes("/v1/credentials", "Credentials")
    _own(router)  # before `/{id}`, which would take `self` for an id
    _reading(router)
    _making(router)
    _changing(router)
    return router


def _own(router: Routes) -> None:
    @router.on("GET", "/self", scope=None, answer=Credential, problems=[NotACredential])
    async def get_own_credential(caller: Caller, store: Storage) -> Credential:
        """The credential whose token makes this request. Any valid token will do."""
        return credential_shape(await reading.get_own(store, caller))

    @router.on(
        "POST", "/self/rotate", scope=Scope.CREDENTIALS_ROTATE_SELF, answer=CredentialWithToken,
        problems=[NotACredential], idempotent=True,
    )  # fmt: skip
    async def rotate_own_credential(
        caller: Caller,
        store: Storage,
        once: OnceForCaller,
        presented: Presented,
        body: CredentialRotate = _AT_ONCE,
    ) -> Response:
        """Replace the token that makes this request. It is refused from the next request on."""

        async def rotate(tx: Transaction) -> CredentialWithToken:
            made = await rotate_own(tx, store, caller, presented, reason=body.reason)
            return credential_with_token(made.credential, made.token)

        return await once.commit(rotate, status=200, secret=True)

    @router.on("DELETE", "/self", scope=None, answer=Credential, problems=[NotACredential])
    async def delete_own_credential(caller: Caller, store: Storage, ending: Ending) -> Credential:
        """Stop the credential whose token makes this request. It stays listed as revoked."""

        async def revoke(tx: Transaction) -> Credential:
            return credential_shape(await revoke_own(tx, store, caller, reason=ending.reason))

        return await store.commit(revoke)


def _reading(router: Routes) -> None:
    @router.on("GET", "", scope=Scope.CREDENTIALS_READ, answer=Page[Credential])
    async def list_credentials(
        caller: Caller, store: Storage, paging: Annotated[CredentialFilter, Query()]
    ) -> Page[Credential]:
        """The account's credentials, newest first; those that have ended stay in the list."""
        return await reading.list_credentials(store, caller, paging)

    @router.on(
        "GET", "/{id}", scope=Scope.CREDENTIALS_READ, answer=Credential,
        problems=[CredentialNotFound],
    )  # fmt: skip
    async def get_credential(caller: Caller, store: Storage, id: str) -> Credential:
        """One credential. Its token cannot be shown again."""
        return credential_shape(await reading.get_credential(store, caller, id))


def _making(router: Routes) -> None:
    @router.on(
        "POST", "", scope=Scope.CREDENTIALS_WRITE, answer=CredentialWithToken, status=201,
        problems=[ScopeNotHeld, RestrictionWidened], idempotent=True,
    )  # fmt: skip
    async def create_credential(
        caller: Caller, store: Storage, once: OnceForCaller, body: CredentialCreate
    ) -> Response:
        """Make a credential. The answer is the only one that shows its token: copy it."""
        command = Issue(
            body.description, frozenset(body.scopes), body.mode, restriction_changes(body)
        )

        async def issue(tx: Transaction) -> CredentialWithToken:
            made = await issue_credential(tx, store, caller, command)
            return credential_with_token(made.credential, made.token)

        return await once.commit(issue, secret=True)

    @router.on(
        "POST", "/{id}/rotate", scope=Scope.CREDENTIALS_WRITE, answer=CredentialWithToken,
        problems=[CredentialNotFound, CredentialEnded, ScopeNotHeld, RestrictionWidened],
        idempotent=True,
    )  # fmt: skip
    async def rotate_credential_token(
        caller: Caller,
        store: Storage,
        once: OnceForCaller,
        id: str,
        body: CredentialRotate = _AT_ONCE,
    ) -> Response:
        """Make a new token and show it once. The old one is refused from the next request on."""

        async def rotate(tx: Transaction) -> CredentialWithToken:
            made = await rotate_credential(tx, store, caller, id, reason=body.reason)
            return credential_with_token(made.credential, made.token)

        return await once.commit(rotate, status=200, secret=True)


def _changing(router: Routes) -> None:
    @router.on(
        "PATCH", "/{id}", scope=Scope.CREDENTIALS_WRITE, answer=Credential,
        problems=[
            CredentialNotFound, CredentialEnded, ScopeNotHeld, RestrictionWidened, NotOnItself
        ],
    )  # fmt: skip
    async def update_credential(
        caller: Caller, store: Storage, id: str, body: CredentialPatch
    ) -> Credential:
        """Change description, scopes or restrictions, effective on the credential's next request."""
        scopes = None if body.scopes is None else frozenset(body.scopes)
        wanted = Change(body.description, scopes, restriction_changes(body))

        async def change(tx: Transaction) -> Credential:
            return credential_shape(await patch_credential(tx, store, caller, id, wanted))

        return await store.commit(change)

    @router.on(
        "DELETE", "/{id}", scope=Scope.CREDENTIALS_WRITE, answer=Credential,
        problems=[CredentialNotFound],
    )  # fmt: skip
    async def delete_credential(
        caller: Caller, store: Storage, id: str, ending: Ending
    ) -> Credential:
        """Stop a credential at once. It stays listed as revoked, with who, when and why."""

        async def revoke(tx: Transaction) -> Credential:
            made = await revoke_credential(tx, store, caller, id, reason=ending.reason)
            return credential_shape(made)

        return await store.commit(revoke)
