"""Administration → Users and roles: who is in the account, and what each may do."""

from dataclasses import dataclass

from starlette.responses import Response

from hookline.accounts import invitation_store
from hookline.accounts import store as account_sql
from hookline.accounts.model import Member
from hookline.accounts.people import UserChange, change_user, get_user
from hookline.accounts.roles import ROLE_SCOPES, Role
from hookline.accounts.tenancy import get_account
from hookline.accounts.user_access import count_sessions, end_session, list_sessions
from hookline.api.pagination import paged
from hookline.console.forms import NOTHING_WRONG, Form, Refusal, refusal_of
from hookline.console.navigation import USERS
from hookline.console.routing import Page
from hookline.console.views import people as views
from hookline.console.visit import Values, Visit
from hookline.errors import Conflict, Forbidden, Invalid
from hookline.principal import Scope
from hookline.storage.schema import invitations, users

REFUSED = (Invalid, Conflict, Forbidden)
_FIELDS = ("name", "role", "permissions")
_PER_PAGE = 50
_PARTS = ("users", "invitations", "roles")


@dataclass(frozen=True, slots=True)
class Typed:
    """What the edit form holds."""

    name: str
    role: str
    may_credentials: bool


async def show_people(visit: Visit) -> Response:
    """Users, open invitations, or the grid of roles."""
    wanted = visit.guest.query("show")
    show = wanted if wanted in _PARTS else "users"
    shown = {"users": _users, "invitations": _invitations, "roles": _roles}[show]
    account = await get_account(visit.store, visit.principal)
    return await visit.page(
        "people/list.html",
        **_place(visit),
        show=show,
        is_required=account.second_factor_required,
        query=dict(visit.request.query_params),
        **await shown(visit),
    )


async def show_user(visit: Visit) -> Response:
    """One user: facts, sessions, and what can be done."""
    member = await get_user(visit.store, visit.principal, visit.guest.path("id"))
    counts = await count_sessions(visit.store, visit.principal)
    sessions = await list_sessions(visit.store, visit.principal, member.id)
    return await visit.page(
        "people/detail.html",
        **_place(visit),
        user=views.user_view(member, counts, visit.principal.id),
        sessions=[views.session_view(one, visit.session.id) for one in sessions],
        may_touch=_may_touch(visit, member),
    )


async def show_edit(visit: Visit) -> Response:
    member = await get_user(visit.store, visit.principal, visit.guest.path("id"))
    may = Scope.CREDENTIALS_WRITE in member.scopes
    typed = Typed(member.name, member.grant.role.value, may)
    return await _form(visit, member, typed, NOTHING_WRONG)


async def edit(visit: Visit) -> Response:
    """Change name, role and the permission to manage credentials."""
    member = await get_user(visit.store, visit.principal, visit.guest.path("id"))
    typed = _typed(visit.typed)
    change = UserChange(typed.name, Role(typed.role), credentials_permission(typed))
    try:
        await visit.commit(
            lambda tx: change_user(tx, visit.store, visit.principal, member.id, change)
        )
    except REFUSED as error:
        return await _form(visit, member, typed, refusal_of(error, _FIELDS), status_code=422)
    return visit.stay("User saved", f"{USERS}/{member.id}")


async def end_one_session(visit: Visit) -> Response:
    """End one session of a user."""
    known, session_id = visit.guest.path("id"), visit.guest.path("session")
    await visit.commit(lambda tx: end_session(tx, visit.principal, known, session_id))
    return visit.stay("Session ended", f"{USERS}/{known}")


def credentials_permission(typed: Typed) -> dict[Scope, bool | None]:
    """What differs from the role; None where nothing does."""
    of_role = Scope.CREDENTIALS_WRITE in ROLE_SCOPES[Role(typed.role)]
    return {
        Scope.CREDENTIALS_WRITE: None if typed.may_credentials == of_role else typed.may_credentials
    }


def role_choices(visit: Visit) -> list[tuple[str, str]]:
    """The roles that the person may give, the least first, with what each does."""
    held, is_owner = visit.principal.scopes, visit.session.role is Role.OWNER
    return [
        (role.value, views.ROLE_TEXTS[role])
        for role in Role
        if (is_owner or role is not Role.OWNER) and ROLE_SCOPES[role] <= held
    ]


async def _users(visit: Visit) -> dict[str, Values]:
    paging = visit.guest.paging(_PER_PAGE)
    statement = account_sql.members(visit.principal.account_id)
    rows = await visit.store.read(paged(statement, users.c.id, paging, prefix="usr"))
    counts = await count_sessions(visit.store, visit.principal)
    members = [account_sql.member_from_row(row) for row in rows[:_PER_PAGE]]
    return {
        "rows": [views.user_view(one, counts, visit.principal.id) for one in members],
        "next_cursor": members[-1].id if len(rows) > _PER_PAGE else None,
    }


async def _invitations(visit: Visit) -> dict[str, Values]:
    paging = visit.guest.paging(_PER_PAGE)
    statement = invitation_store.of_account(visit.principal.account_id)
    rows = await visit.store.read(paged(statement, invitations.c.id, paging, prefix="inv"))
    found = [invitation_store.from_row(row) for row in rows[:_PER_PAGE]]
    return {
        "rows": [views.invitation_view(one, visit.now) for one in found],
        "next_cursor": found[-1].id if len(rows) > _PER_PAGE else None,
    }


async def _roles(_visit: Visit) -> dict[str, Values]:
    return {
        "roles": [(role.value.capitalize(), views.ROLE_TEXTS[role]) for role in Role],
        "grid": views.role_grid(),
    }


def _place(visit: Visit) -> dict[str, Values]:
    return {"active": "users", "base": USERS, "may_write": visit.may(Scope.USERS_WRITE)}


def _may_touch(visit: Visit, member: Member) -> bool:
    """Only owners touch owners."""
    is_owner = visit.session.role is Role.OWNER
    return visit.may(Scope.USERS_WRITE) and (is_owner or member.grant.role is not Role.OWNER)


def _typed(form: Form) -> Typed:
    role = form.text("role")
    known = role if role in set(Role) else Role.VIEWER.value
    return Typed(form.text("name"), known, bool(form.text("may_credentials")))


async def _form(
    visit: Visit, member: Member, typed: Typed, refusal: Refusal, status_code: int = 200
) -> Response:
    choices = role_choices(visit)
    if member.grant.role.value not in dict(choices):
        choices.append((member.grant.role.value, views.ROLE_TEXTS[member.grant.role]))
    return await visit.dialog(
        "people/edit.html",
        "Edit user",
        status_code=status_code,
        action=f"{USERS}/{member.id}/edit",
        back=f"{USERS}/{member.id}",
        email=member.email,
        values=typed,
        roles=choices,
        may_give_credentials=visit.may(Scope.CREDENTIALS_WRITE),
        errors=refusal.fields,
        error=refusal.whole,
    )


_READ, _WRITE = Scope.USERS_READ, Scope.USERS_WRITE
_ONE = f"{USERS}/{{id}}"
PAGES = (
    Page("GET", USERS, show_people, _READ),
    Page("GET", _ONE, show_user, _READ),
    Page("GET", f"{_ONE}/edit", show_edit, _WRITE),
    Page("POST", f"{_ONE}/edit", edit, _WRITE, recent=True),
    Page("POST", f"{_ONE}/sessions/{{session}}/end", end_one_session, _WRITE),
)
