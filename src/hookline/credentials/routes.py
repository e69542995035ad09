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
from hookline.credentials import model, reading
from hookline.credentials.changing import Change, patch_credential
from hookline.credentials.enabling import enable_credential
from hookline.credentials.errors import (
    CredentialDisabled,
    CredentialEnded,
    CredentialNotFound,
    GraceExtended,
    NotACredential,
    NotOnItself,
    NotRotating,
    OutlivesCaller,
    RotationUnderWay,
    ScopeNotHeld,
)
from hookline.credentials.grace import cancel_rotation, end_grace, extend_grace
from hookline.credentials.issuing import Issue, issue_credential
from hookline.credentials.model import Rotation
from hookline.credentials.policy import change_policy, get_policy
from hookline.credentials.restriction_schemas import restriction_changes
from hookline.credentials.revocation import revoke_credential, revoke_own
from hookline.credentials.rotation import rotate_credential, rotate_own
from hookline.credentials.schemas import (
    Credential,
    CredentialCreate,
    CredentialEnd,
    CredentialFilter,
    CredentialPatch,
    CredentialPolicy,
    CredentialPolicyPatch,
    CredentialRotate,
    CredentialToken,
    CredentialWithToken,
    GraceExtension,
    credential_shape,
    credential_with_token,
    token_shape,
)
from hookline.credentials.tokens import digest_of
from hookline.credentials.usage_facts import usage_of
from hookline.credentials.usage_schemas import CredentialWithUsage, credential_with_usage
from hookline.principal import LiveModeNeeded, RestrictionWidened, Scope
from hookline.storage.store import Store
from hookline.storage.transaction import Transaction

_AT_ONCE = CredentialRotate()
_A_DAY = GraceExtension()
_NOT_NOW = (CredentialNotFound, CredentialEnded, CredentialDisabled)


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
    _policy(router)
    _reading(router)
    _making(router)
    _in_grace(router)
    _changing(router)
    return router


def _rotation(body: CredentialRotate) -> Rotation:
    return Rotation(body.grace_seconds, body.end_grace_after_first_use_seconds, body.reason)


async def _with_usage(store: Store, credential: model.Credential) -> CredentialWithUsage:
    return credential_with_usage(credential, await usage_of(store, credential), store.now())


def _own(router: Routes) -> None:
    @router.on("GET", "/self", scope=None, answer=CredentialWithUsage, problems=[NotACredential])
    async def get_own_credential(caller: Caller, store: Storage) -> CredentialWithUsage:
        """The credential whose token makes this request, and its use. Any valid token will do."""
        return await _with_usage(store, await reading.get_own(store, caller))

    @router.on(
        "POST", "/self/rotate", scope=Scope.CREDENTIALS_ROTATE_SELF, answer=CredentialWithToken,
        problems=[NotACredential, RotationUnderWay, CredentialEnded], idempotent=True,
    )  # fmt: skip
    async def rotate_own_credential(
        caller: Caller,
        store: Storage,
        once: OnceForCaller,
        presented: Presented,
        body: CredentialRotate = _AT_ONCE,
    ) -> Response:
        """Replace the token that makes this request, at once or with a grace.

        With an `Idempotency-Key` the request can be repeated for 10 minutes, with the token that it
        was made with, although that token is refused everywhere else.
        """

        async def rotate(tx: Transaction) -> CredentialWithToken:
            made = await rotate_own(tx, store, caller, presented, _rotation(body))
            return credential_with_token(made.credential, made.token)

        return await once.commit(rotate, status=200, secret=True)

    @router.on("DELETE", "/self", scope=None, answer=Credential, problems=[NotACredential])
    async def delete_own_credential(caller: Caller, store: Storage, ending: Ending) -> Credential:
        """Stop the credential whose token makes this request. It stays listed as revoked."""

        async def revoke(tx: Transaction) -> Credential:
            return credential_shape(await revoke_own(tx, store, caller, reason=ending.reason))

        return await store.commit(revoke)


def _policy(router: Routes) -> None:
    @router.on("GET", "/policy", scope=Scope.CREDENTIALS_READ, answer=CredentialPolicy)
    async def get_credential_policy(caller: Caller, store: Storage) -> CredentialPolicy:
        """What the account asks of its credentials."""
        return CredentialPolicy.model_validate((await get_policy(store, caller)).facts)

    @router.on(
        "PATCH", "/policy", scope=Scope.CREDENTIALS_WRITE, answer=CredentialPolicy,
        problems=[LiveModeNeeded],
    )  # fmt: skip
    async def update_credential_policy(
        caller: Caller, store: Storage, body: CredentialPolicyPatch
    ) -> CredentialPolicy:
        """Change when rotation is due, and what happens to overdue and to idle credentials."""
        wanted = body.model_dump(exclude_unset=True)

        async def change(tx: Transaction) -> CredentialPolicy:
            return CredentialPolicy.model_validate((await change_policy(tx, caller, wanted)).facts)

        return await store.commit(change)


def _reading(router: Routes) -> None:
    @router.on("GET", "", scope=Scope.CREDENTIALS_READ, answer=Page[Credential])
    async def list_credentials(
        caller: Caller, store: Storage, paging: Annotated[CredentialFilter, Query()]
    ) -> Page[Credential]:
        """The account's credentials, newest first; those that have ended stay in the list."""
        return await reading.list_credentials(store, caller, paging)

    @router.on(
        "GET", "/{id}", scope=Scope.CREDENTIALS_READ, answer=CredentialWithUsage,
        problems=[CredentialNotFound],
    )  # fmt: skip
    async def get_credential(caller: Caller, store: Storage, id: str) -> CredentialWithUsage:
        """One credential with what is known of its use. Its token cannot be shown again."""
        return await _with_usage(store, await reading.get_credential(store, caller, id))

    @router.on(
        "GET", "/{id}/tokens", scope=Scope.CREDENTIALS_READ, answer=Page[CredentialToken],
        problems=[CredentialNotFound],
    )  # fmt: skip
    async def list_credential_tokens(
        caller: Caller, store: Storage, id: str
    ) -> Page[CredentialToken]:
        """The credential's latest 100 tokens, the present one first: when each was made, last used,
        rotated out and refused.
        """
        found = await reading.list_versions(store, caller, id)
        return Page(
            data=[token_shape(version) for version in found], has_more=False, next_cursor=None
        )


def _making(router: Routes) -> None:
    @router.on(
        "POST", "", scope=Scope.CREDENTIALS_WRITE, answer=CredentialWithToken, status=201,
        problems=[ScopeNotHeld, RestrictionWidened, OutlivesCaller], idempotent=True,
    )  # fmt: skip
    async def create_credential(
        caller: Caller, store: Storage, once: OnceForCaller, body: CredentialCreate
    ) -> Response:
        """Make a credential. The answer is the only one that shows its token: copy it."""
        command = Issue(
            body.description,
            frozenset(body.scopes),
            body.mode,
            expires_in_days=body.expires_in_days,
            restrictions=restriction_changes(body),
        )

        async def issue(tx: Transaction) -> CredentialWithToken:
            made = await issue_credential(tx, store, caller, command)
            return credential_with_token(made.credential, made.token)

        return await once.commit(issue, secret=True)

    @router.on(
        "POST", "/{id}/rotate", scope=Scope.CREDENTIALS_WRITE, answer=CredentialWithToken,
        problems=[*_NOT_NOW, RotationUnderWay, ScopeNotHeld, RestrictionWidened], idempotent=True,
    )  # fmt: skip
    async def rotate_credential_token(
        caller: Caller,
        store: Storage,
        once: OnceForCaller,
        id: str,
        body: CredentialRotate = _AT_ONCE,
    ) -> Response:
        """Make a new token and show it once. The old one is refused from the next request on, or
        from the end of its grace.
        """

        async def rotate(tx: Transaction) -> CredentialWithToken:
            made = await rotate_credential(tx, store, caller, id, _rotation(body))
            return credential_with_token(made.credential, made.token)

        return await once.commit(rotate, status=200, secret=True)


def _in_grace(router: Routes) -> None:
    @router.on(
        "POST", "/{id}/rotate/cancel", scope=Scope.CREDENTIALS_WRITE, answer=Credential,
        problems=[*_NOT_NOW, NotRotating, ScopeNotHeld, RestrictionWidened],
    )  # fmt: skip
    async def cancel_credential_rotation(caller: Caller, store: Storage, id: str) -> Credential:
        """During a grace: the new token is refused from now on, the old one stays."""

        async def cancel(tx: Transaction) -> Credential:
            return credential_shape(await cancel_rotation(tx, store, caller, id))

        return await store.commit(cancel)

    @router.on(
        "POST", "/{id}/rotate/expire_now", scope=Scope.CREDENTIALS_WRITE, answer=Credential,
        problems=[*_NOT_NOW, NotRotating],
    )  # fmt: skip
    async def expire_old_token_now(caller: Caller, store: Storage, id: str) -> Credential:
        """During a grace: the old token is refused from now on."""

        async def end(tx: Transaction) -> Credential:
            return credential_shape(await end_grace(tx, store, caller, id))

        return await store.commit(end)

    @router.on(
        "POST", "/{id}/rotate/extend", scope=Scope.CREDENTIALS_WRITE, answer=Credential,
        problems=[*_NOT_NOW, NotRotating, GraceExtended, ScopeNotHeld, RestrictionWidened],
    )  # fmt: skip
    async def extend_credential_grace(
        caller: Caller, store: Storage, id: str, body: GraceExtension = _A_DAY
    ) -> Credential:
        """During a grace: the old token works longer, once, by a day unless said otherwise.

        The new token's first use does not end it early any more.
        """

        async def extend(tx: Transaction) -> Credential:
            return credential_shape(await extend_grace(tx, store, caller, id, body.grace_seconds))

        return await store.commit(extend)


def _changing(router: Routes) -> None:
    @router.on(
        "PATCH", "/{id}", scope=Scope.CREDENTIALS_WRITE, answer=Credential,
        problems=[*_NOT_NOW, ScopeNotHeld, RestrictionWidened, OutlivesCaller, NotOnItself],
    )  # fmt: skip
    async def update_credential(
        caller: Caller, store: Storage, id: str, body: CredentialPatch
    ) -> Credential:
        """Change description, scopes, expiry or restrictions, effective on the credential's next request."""
        wanted = Change(
            body.description,
            None if body.scopes is None else frozenset(body.scopes),
            expires_in_days=body.expires_in_days,
            lifts_expiry=body.lifts_expiry,
            restrictions=restriction_changes(body),
        )

        async def change(tx: Transaction) -> Credential:
            return credential_shape(await patch_credential(tx, store, caller, id, wanted))

        return await store.commit(change)

    @router.on(
        "POST", "/{id}/enable", scope=Scope.CREDENTIALS_WRITE, answer=Credential,
        problems=[CredentialNotFound, CredentialEnded, ScopeNotHeld, RestrictionWidened],
    )  # fmt: skip
    async def enable_idle_credential(caller: Caller, store: Storage, id: str) -> Credential:
        """Enable a credential that was disabled because nobody used it."""

        async def enable(tx: Transaction) -> Credential:
            return credential_shape(await enable_credential(tx, store, caller, id))

        return await store.commit(enable)

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
