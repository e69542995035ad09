"""Users, their sessions and invitations as lists show them; what each role may do."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from hookline.accounts.model import Invitation, ListedSession, Member
from hookline.accounts.roles import ROLE_SCOPES, Role
from hookline.console.views.scopes import TITLES
from hookline.principal import Scope

# In the order in which they are looked for: each one's agent names those after it, too.
_BROWSERS = (
    ("Edg", "Edge"),
    ("OPR", "Opera"),
    ("SamsungBrowser", "Samsung Internet"),
    ("Firefox", "Firefox"),
    ("FxiOS", "Firefox"),
    ("CriOS", "Chrome"),
    ("HeadlessChrome", "Chrome"),
    ("Chrome", "Chrome"),
    ("Safari", "Safari"),
)
_SYSTEMS = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("Mac OS X", "macOS"),
    ("CrOS", "ChromeOS"),
    ("Linux", "Linux"),
)
_PRODUCT = re.compile(r"[A-Za-z][A-Za-z0-9._-]{0,30}")
ROLE_TEXTS = {
    Role.VIEWER: "looks at everything and changes nothing",
    Role.DEVELOPER: "sends messages, places calls, sets up webhooks",
    Role.ADMIN: "does everything but change owners",
    Role.OWNER: "does everything",
}


@dataclass(frozen=True, slots=True)
class SessionView:
    """A session in words."""

    id: str
    browser: str
    account_name: str
    ip: str
    started_at: int
    last_seen_at: int
    is_this: bool


@dataclass(frozen=True, slots=True)
class UserView:
    """A user as the list and the detail page show them."""

    id: str
    name: str
    email: str
    role: str
    is_owner: bool
    may_credentials: bool
    differs: Sequence[str]
    """What differs from the role, in words."""
    has_second_factor: bool
    last_sign_in_at: int | None
    created_at: int
    disabled_at: int | None
    sessions: int
    is_self: bool


@dataclass(frozen=True, slots=True)
class InvitationView:
    """An invitation as the list shows it."""

    id: str
    email: str
    role: str
    invited_by: str
    created_at: int
    expires_at: int
    is_expired: bool


@dataclass(frozen=True, slots=True)
class RoleRow:
    """One scope, and which roles have it."""

    scope: str
    action: str
    by_role: Sequence[bool]


@dataclass(frozen=True, slots=True)
class RoleGroup:
    """The scopes on one resource."""

    title: str
    rows: Sequence[RoleRow]


def session_view(session: ListedSession, own_id: str = "") -> SessionView:
    return SessionView(
        session.id,
        browser_in_words(session.user_agent or ""),
        session.account_name,
        session.ip or "",
        session.started_at,
        session.last_seen_at,
        session.id == own_id,
    )


def user_view(member: Member, sessions: Mapping[str, int], own_id: str) -> UserView:
    return UserView(
        id=member.id,
        name=member.name,
        email=member.email,
        role=member.grant.role.value.capitalize(),
        is_owner=member.grant.role is Role.OWNER,
        may_credentials=Scope.CREDENTIALS_WRITE in member.scopes,
        differs=differences(member),
        has_second_factor=member.has_second_factor,
        last_sign_in_at=member.last_sign_in_at,
        created_at=member.created_at,
        disabled_at=member.disabled_at,
        sessions=sessions.get(member.id, 0),
        is_self=member.id == own_id,
    )


def differences(member: Member) -> list[str]:
    """What the user may do besides the role, and what they may not."""
    of_role = ROLE_SCOPES[member.grant.role]
    given = sorted(member.scopes - of_role)
    taken = sorted(of_role - member.scopes)
    return [*(f"with {scope}" for scope in given), *(f"without {scope}" for scope in taken)]


def invitation_view(invitation: Invitation, now: int) -> InvitationView:
    return InvitationView(
        invitation.id,
        invitation.email,
        invitation.grant.role.value.capitalize(),
        invitation.invited_by_label,
        invitation.created_at,
        invitation.expires_at,
        now >= invitation.expires_at,
    )


def role_grid() -> list[RoleGroup]:
    """Every scope by resource, and the roles that have it, from the table that decides it."""
    return [
        RoleGroup(
            title,
            [
                RoleRow(
                    scope.value,
                    scope.partition(":")[2].replace("_", " "),
                    [scope in ROLE_SCOPES[role] for role in Role],
                )
                for scope in Scope
                if scope.partition(":")[0] == resource
            ],
        )
        for resource, title in TITLES.items()
    ]


def browser_in_words(user_agent: str) -> str:
    """`Firefox on Linux`; a program's own name; `Unknown browser`."""
    browser = next((name for mark, name in _BROWSERS if mark in user_agent), "")
    system = next((name for mark, name in _SYSTEMS if mark in user_agent), "")
    if browser:
        return f"{browser} on {system}" if system else browser
    product = _PRODUCT.match(user_agent)
    return product[0] if product else "Unknown browser"
