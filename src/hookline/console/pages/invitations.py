"""Inviting people, sending an invitation again, and taking it back."""

from dataclasses import dataclass

from starlette.responses import Response

from hookline.accounts.invitations import (
    Invited,
    NewInvitation,
    get_invitation,
    invite,
    resend,
    revoke_invitation,
)
from hookline.accounts.roles import Grant, Role
from hookline.console.forms import NOTHING_WRONG, Form, Refusal, refusal_of
from hookline.console.navigation import USERS
from hookline.console.pages.people import (
    REFUSED,
    Typed,
    credentials_permission,
    role_choices,
)
from hookline.console.routing import Page
from hookline.console.visit import Visit
from hookline.principal import Scope

_LIST = f"{USERS}?show=invitations"
_FIELDS = ("email", "role", "permissions")


@dataclass(frozen=True, slots=True)
class TypedInvitation:
    """What the form holds."""

    email: str
    role: str
    may_credentials: bool


async def show_invite(visit: Visit) -> Response:
    choices = [role for role, _ in role_choices(visit)]
    chosen = Role.DEVELOPER.value if Role.DEVELOPER.value in choices else Role.VIEWER.value
    return await _form(visit, TypedInvitation("", chosen, may_credentials=False), NOTHING_WRONG)


async def send(visit: Visit) -> Response:
    """Invite somebody, and show the link, once, unless it went out by e-mail."""
    typed = _typed(visit.typed)
    differs = credentials_permission(Typed("", typed.role, typed.may_credentials))
    permissions = {scope: has for scope, has in differs.items() if has is not None}
    new = NewInvitation(typed.email, Grant(Role(typed.role), permissions), visit.guest.origin)
    try:
        invited = await visit.commit(
            lambda tx: invite(tx, visit.store, visit.console.box, visit.principal, new)
        )
    except REFUSED as error:
        return await _form(visit, typed, refusal_of(error, _FIELDS), status_code=422)
    return await _done(visit, invited)


async def send_again(visit: Visit) -> Response:
    """Another link; the one before stops."""
    known, origin = visit.guest.path("id"), visit.guest.origin
    invited = await visit.commit(
        lambda tx: resend(tx, visit.store, visit.console.box, visit.principal, known, origin)
    )
    return await _done(visit, invited)


async def show_revoke(visit: Visit) -> Response:
    found = await get_invitation(visit.store, visit.principal, visit.guest.path("id"))
    heading = "Revoke this invitation?"
    return await visit.dialog(
        "people/confirm.html",
        heading,
        action=f"{USERS}/invitations/{found.id}/revoke",
        back=_LIST,
        heading=heading,
        subject=found.email,
        text="Its link stops at once. You can invite the address again.",
        verb="Revoke",
        error="",
    )


async def revoke(visit: Visit) -> Response:
    """Take it back."""
    known = visit.guest.path("id")
    await visit.commit(lambda tx: revoke_invitation(tx, visit.principal, known))
    return visit.stay("Invitation revoked", _LIST)


async def _done(visit: Visit, invited: Invited) -> Response:
    if invited.link is None:
        return visit.stay(f"Invitation sent to {invited.invitation.email}", _LIST)
    response = await visit.dialog(
        "people/link.html",
        "Invitation link",
        back=_LIST,
        link=invited.link,
        email=invited.invitation.email,
        expires_at=invited.invitation.expires_at,
    )
    response.headers["HX-Trigger"] = "refresh"
    return response


def _typed(form: Form) -> TypedInvitation:
    role = form.text("role")
    known = role if role in set(Role) else Role.VIEWER.value
    return TypedInvitation(form.text("email"), known, bool(form.text("may_credentials")))


async def _form(
    visit: Visit, typed: TypedInvitation, refusal: Refusal, status_code: int = 200
) -> Response:
    return await visit.dialog(
        "people/invite.html",
        "Invite somebody",
        status_code=status_code,
        action=f"{USERS}/invite",
        back=USERS,
        values=typed,
        roles=role_choices(visit),
        days=visit.store.settings.invitation_days,
        is_mailed=bool(visit.store.settings.smtp_host),
        may_give_credentials=visit.may(Scope.CREDENTIALS_WRITE),
        errors=refusal.fields,
        error=refusal.whole,
    )


_WRITE = Scope.USERS_WRITE
_ONE = f"{USERS}/invitations/{{id}}"
PAGES = (
    Page("GET", f"{USERS}/invite", show_invite, _WRITE),
    Page("POST", f"{USERS}/invite", send, _WRITE, recent=True),
    Page("POST", f"{_ONE}/resend", send_again, _WRITE, recent=True),
    Page("GET", f"{_ONE}/revoke", show_revoke, _WRITE),
    Page("POST", f"{_ONE}/revoke", revoke, _WRITE),
)
