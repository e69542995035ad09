"""The wire shapes of accounts and users."""

from typing import Annotated, Literal

from pydantic import Field, StrictBool, StrictInt

from hookline.accounts.invitations import Invited
from hookline.accounts.model import Account as AccountModel
from hookline.accounts.model import Invitation as InvitationModel
from hookline.accounts.model import ListedSession, Member
from hookline.accounts.passwords import LENGTH_MAX, LENGTH_MIN
from hookline.accounts.people import EMAIL_MAX, EMAIL_PATTERN, AddedUser
from hookline.accounts.roles import Role
from hookline.accounts.tenancy import NAME_MAX
from hookline.api.countries import AllowedCountries
from hookline.api.pagination import CreatedPaging
from hookline.api.wire import Body, Shape, Timestamp, shown
from hookline.clock import to_rfc3339
from hookline.principal import Scope

Name = Annotated[str, Field(min_length=1, max_length=NAME_MAX, pattern=r"\S")]
Email = Annotated[
    str, Field(max_length=EMAIL_MAX, pattern=EMAIL_PATTERN, examples=["dana@example.com"])
]
PersonName = Annotated[str, Field(max_length=NAME_MAX)]
_PERMISSIONS = "What differs from the role; `false` takes a right away, `true` gives one."


class AccountPatch(Body):
    """What to change; what is left out stays."""

    name: Name | None = None
    allowed_countries: Annotated[
        AllowedCountries | None, Field(description="`null` lifts the restriction.")
    ] = None
    second_factor_required: Annotated[
        StrictBool | None,
        Field(description="Whoever has no second factor must set one up before anything else."),
    ] = None
    event_retention_days: Annotated[
        StrictInt | None,
        Field(
            ge=1,
            le=36_500,
            description="How long events, deliveries and their attempts are kept. Less goes within "
            "minutes, for good. `null`: as long as the server keeps them.",
        ),
    ] = None


class Account(Shape):
    """The account that the caller belongs to."""

    id: str
    object: Literal["account"] = "account"
    client_id: Annotated[str, Field(description="The account's UUID, for `X-Client-Id`.")]
    name: str
    created_at: Timestamp
    allowed_countries: Annotated[
        list[str] | None,
        Field(
            description="Where messages and calls of the account may go, whoever asks for them; "
            "null: everywhere."
        ),
    ]
    second_factor_required: bool
    event_retention_days: Annotated[
        int | None, Field(description="null: as long as the server keeps them.")
    ]


class SigningSecret(Shape):
    """The account's default signing secret."""

    object: Literal["signing_secret"] = "signing_secret"
    secret: Annotated[str, Field(description="Signs `status_url` and `answer_url` requests.")]


class UserFilter(CreatedPaging):
    """Which users to list."""

    role: Annotated[Role | None, Field(description="Only with this role.")] = None


class UserCreate(Body):
    """A user to add. An address that is used on this server already is invited instead."""

    email: Email
    name: PersonName = ""
    role: Role
    permissions: Annotated[
        dict[Scope, StrictBool], Field(description=_PERMISSIONS, default_factory=dict)
    ]
    password: Annotated[
        str | None,
        Field(
            min_length=LENGTH_MIN,
            max_length=LENGTH_MAX,
            description="Generated, and shown once, when it is left out.",
        ),
    ] = None


class InvitationCreate(Body):
    """Whom to invite, and as what."""

    email: Email
    role: Role
    permissions: Annotated[
        dict[Scope, StrictBool], Field(description=_PERMISSIONS, default_factory=dict)
    ]


class Invitation(Shape):
    """An open or expired invitation; an accepted or revoked one is in the audit trail."""

    id: str
    object: Literal["invitation"] = "invitation"
    email: str
    role: Role
    permissions: Annotated[dict[Scope, bool], Field(description=_PERMISSIONS)]
    status: Literal["open", "expired"]
    invited_by: Annotated[str, Field(description="A user's or credential's id.")]
    created_at: Timestamp
    expires_at: Timestamp


class InvitationWithLink(Invitation):
    """The answer to inviting, or to sending again."""

    link: Annotated[
        str | None,
        Field(description="To hand over, shown once; null when it was sent by e-mail."),
    ]


class UserSession(Shape):
    """A session of a user in the console."""

    id: str
    object: Literal["session"] = "session"
    started_at: Timestamp
    last_seen_at: Timestamp
    expires_at: Timestamp
    ip: str | None
    user_agent: str | None


class UserSessions(Shape):
    """The living sessions, the latest used first."""

    object: Literal["list"] = "list"
    data: list[UserSession]
    has_more: Literal[False] = False
    next_cursor: None = None


class EndedSessions(Shape):
    """How many sessions have ended."""

    object: Literal["ended_sessions"] = "ended_sessions"
    count: int


class UserPatch(Body):
    """What to change; what is left out stays."""

    name: PersonName | None = None
    role: Role | None = None
    permissions: Annotated[
        dict[Scope, StrictBool | None] | None,
        Field(description=f"{_PERMISSIONS} `null` goes back to what the role says."),
    ] = None
    disabled: Annotated[
        StrictBool | None,
        Field(description="Close the account to them, or open it again; their sessions end."),
    ] = None


class User(Shape):
    """A user of the account."""

    id: str
    object: Literal["user"] = "user"
    email: str
    name: str
    role: Role
    permissions: Annotated[dict[Scope, bool], Field(description=_PERMISSIONS)]
    scopes: Annotated[list[Scope], Field(description="What role and permissions amount to.")]
    second_factor: Annotated[bool, Field(description="Whether they have a second factor.")]
    created_at: Timestamp
    last_sign_in_at: Timestamp | None
    disabled_at: Timestamp | None


class UserWithPassword(User):
    """The answer to adding a user."""

    password: Annotated[
        str | None,
        Field(description="The generated password, shown once; null when there is none."),
    ]


def account_shape(account: AccountModel) -> Account:
    """The wire shape of an account."""
    return Account(
        id=account.id,
        client_id=str(account.client_id),
        name=account.name,
        created_at=to_rfc3339(account.created_at),
        allowed_countries=(
            None if account.allowed_countries is None else list(account.allowed_countries)
        ),
        second_factor_required=account.second_factor_required,
        event_retention_days=account.event_retention_days,
    )


def user_shape(member: Member) -> User:
    """The wire shape of a user."""
    return User(
        id=member.id,
        email=member.email,
        name=member.name,
        role=member.grant.role,
        permissions=dict(member.grant.permissions),
        scopes=sorted(member.scopes),
        second_factor=member.has_second_factor,
        created_at=to_rfc3339(member.created_at),
        last_sign_in_at=shown(member.last_sign_in_at),
        disabled_at=shown(member.disabled_at),
    )


def added_user_shape(added: AddedUser) -> UserWithPassword:
    """The wire shape of a user who was just added."""
    return UserWithPassword(**dict(user_shape(added.member)), password=added.password)


def invitation_shape(invitation: InvitationModel, now: int) -> Invitation:
    """The wire shape of an invitation."""
    return Invitation(
        id=invitation.id,
        email=invitation.email,
        role=invitation.grant.role,
        permissions=dict(invitation.grant.permissions),
        status="open" if now < invitation.expires_at else "expired",
        invited_by=invitation.invited_by,
        created_at=to_rfc3339(invitation.created_at),
        expires_at=to_rfc3339(invitation.expires_at),
    )


def invited_shape(invited: Invited, now: int) -> InvitationWithLink:
    """The wire shape of an invitation that was just made or renewed."""
    return InvitationWithLink(**dict(invitation_shape(invited.invitation, now)), link=invited.link)


def session_shape(session: ListedSession) -> UserSession:
    """The wire shape of a session."""
    return UserSession(
        id=session.id,
        started_at=to_rfc3339(session.started_at),
        last_seen_at=to_rfc3339(session.last_seen_at),
        expires_at=to_rfc3339(session.expires_at),
        ip=session.ip,
        user_agent=session.user_agent,
    )
