"""HTTP routes of how people get in: invitations, sessions, second factors of others."""

from typing import Annotated

from fastapi import Query
from starlette.requests import Request
from starlette.responses import Response

from hookline.accounts import invitations, user_access
from hookline.accounts.errors import (
    GrantNotHeld,
    InvitationExists,
    InvitationNotFound,
    OwnersOnly,
    SecondFactorOff,
    SessionNotFound,
    SharedUser,
    UserExists,
    UserNotFound,
)
from hookline.accounts.invitations import NewInvitation
from hookline.accounts.listing import list_invitations
from hookline.accounts.roles import Grant
from hookline.accounts.schemas import (
    EndedSessions,
    Invitation,
    InvitationCreate,
    InvitationWithLink,
    UserSessions,
    invitation_shape,
    invited_shape,
    session_shape,
)
from hookline.api.idempotency import CommitOnce
from hookline.api.pagination import CreatedPaging
from hookline.api.routing import Caller, Routes, Storage
from hookline.api.wire import Page
from hookline.outbound.sealing import SecretBox
from hookline.principal import LiveModeNeeded, Scope
from hookline.storage.store import Store
from hookline.storage.transaction import Transaction

_READ, _WRITE = Scope.USERS_READ, Scope.USERS_WRITE


def invitation_routes(box: SecretBox) -> Routes:
    """Invitations: make, list, read, send again, revoke."""
    router = Routes("/v1/invitations", "Users")
    _reading(router)
    _inviting(router, box)
    return router


def user_access_routes() -> Routes:
    """Sessions and second factors of users."""
    router = Routes("/v1/users/{id}", "Users")

    @router.on("GET", "/sessions", scope=_READ, answer=UserSessions, problems=[UserNotFound])
    async def list_user_sessions(caller: Caller, store: Storage, id: str) -> UserSessions:
        """The user's sessions in this account, the latest used first."""
        found = await user_access.list_sessions(store, caller, id)
        return UserSessions(data=[session_shape(one) for one in found])

    @router.on(
        "DELETE", "/sessions", scope=_WRITE, answer=EndedSessions,
        problems=[UserNotFound, OwnersOnly, LiveModeNeeded],
    )  # fmt: skip
    async def end_user_sessions(caller: Caller, store: Storage, id: str) -> EndedSessions:
        """End the user's sessions in this account; their next request is refused, on every node."""
        count = await store.commit(lambda tx: user_access.end_sessions(tx, caller, id))
        return EndedSessions(count=count)

    @router.on(
        "DELETE", "/sessions/{session_id}", scope=_WRITE, answer=None, status=204,
        problems=[UserNotFound, SessionNotFound, OwnersOnly, LiveModeNeeded],
    )  # fmt: skip
    async def end_user_session(caller: Caller, store: Storage, id: str, session_id: str) -> None:
        """End one session of the user in this account."""
        await store.commit(lambda tx: user_access.end_session(tx, caller, id, session_id))

    @router.on(
        "DELETE", "/second_factor", scope=_WRITE, answer=None, status=204,
        problems=[UserNotFound, SecondFactorOff, SharedUser, OwnersOnly, LiveModeNeeded],
    )  # fmt: skip
    async def reset_user_second_factor(caller: Caller, store: Storage, id: str) -> None:
        """Take the second factor away from a user who has lost it; their sessions end."""
        await store.commit(lambda tx: user_access.reset_second_factor(tx, store, caller, id))

    return router


def _reading(router: Routes) -> None:
    @router.on("GET", "", scope=_READ, answer=Page[Invitation])
    async def get_invitations(
        caller: Caller, store: Storage, paging: Annotated[CreatedPaging, Query()]
    ) -> Page[Invitation]:
        """The account's open and expired invitations, newest first."""
        return await list_invitations(store, caller, paging)

    @router.on("GET", "/{id}", scope=_READ, answer=Invitation, problems=[InvitationNotFound])
    async def get_invitation(caller: Caller, store: Storage, id: str) -> Invitation:
        """One invitation."""
        return invitation_shape(await invitations.get_invitation(store, caller, id), store.now())


def _inviting(router: Routes, box: SecretBox) -> None:
    @router.on(
        "POST", "", scope=_WRITE, answer=InvitationWithLink, status=201,
        problems=[UserExists, InvitationExists, OwnersOnly, GrantNotHeld, LiveModeNeeded],
        idempotent=True,
    )  # fmt: skip
    async def create_invitation(
        caller: Caller, store: Storage, once: CommitOnce, request: Request, body: InvitationCreate
    ) -> Response:
        """Invite somebody. The link works once; it is sent by e-mail, or is in this answer."""
        new = NewInvitation(body.email, Grant(body.role, body.permissions), _origin(store, request))

        async def make(tx: Transaction) -> InvitationWithLink:
            invited = await invitations.invite(tx, store, box, caller, new)
            return invited_shape(invited, store.now())

        return await once.commit(make, secret=True)

    @router.on(
        "POST", "/{id}/resend", scope=_WRITE, answer=InvitationWithLink,
        problems=[InvitationNotFound, OwnersOnly, GrantNotHeld, LiveModeNeeded],
    )  # fmt: skip
    async def resend_invitation(
        caller: Caller, store: Storage, request: Request, id: str
    ) -> InvitationWithLink:
        """Send it again, with a new link and a whole life; the link before stops."""
        origin = _origin(store, request)

        async def renew(tx: Transaction) -> InvitationWithLink:
            invited = await invitations.resend(tx, store, box, caller, id, origin)
            return invited_shape(invited, store.now())

        return await store.commit(renew)

    @router.on(
        "DELETE", "/{id}", scope=_WRITE, answer=None, status=204,
        problems=[InvitationNotFound, LiveModeNeeded],
    )  # fmt: skip
    async def revoke_invitation(caller: Caller, store: Storage, id: str) -> None:
        """Take the invitation back: its link stops at once."""
        await store.commit(lambda tx: invitations.revoke_invitation(tx, caller, id))


def _origin(store: Store, request: Request) -> str:
    """How people reach this server; the edge has checked the host that the request names."""
    return store.settings.public_url or f"{request.url.scheme}://{request.headers.get('host', '')}"
