"""The wire shapes of accounts and users."""

from typing import Annotated, Literal

from pydantic import Field, StrictBool

from hookline.accounts.model import Account as AccountModel
from hookline.accounts.model import Member
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
PersonName = Annotated[str, Field(max_length=NAME_MAX)]
_PERMISSIONS = "What differs from the role; `false` takes a right away, `true` gives one."


class AccountPatch(Body):
    """What to change; what is left out stays."""

    name: Name | None = None
    allowed_countries: Annotated[
        AllowedCountries | None, Field(description="`null` lifts the restriction.")
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


class SigningSecret(Shape):
    """The account's default signing secret."""

    object: Literal["signing_secret"] = "signing_secret"
    secret: Annotated[str, Field(description="Signs `status_url` and `answer_url` requests.")]


class UserFilter(CreatedPaging):
    """Which users to list."""

    role: Annotated[Role | None, Field(description="Only with this role.")] = None


class UserCreate(Body):
    """A user to add. Somebody who is in another account already keeps their password."""

    email: Annotated[
        str, Field(max_length=EMAIL_MAX, pattern=EMAIL_PATTERN, examples=["dana@example.com"])
    ]
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


class UserPatch(Body):
    """What to change; what is left out stays."""

    name: PersonName | None = None
    role: Role | None = None
    permissions: Annotated[
        dict[Scope, StrictBool | None] | None,
        Field(description=f"{_PERMISSIONS} `null` goes back to what the role says."),
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
    created_at: Timestamp
    last_sign_in_at: Timestamp | None


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
        created_at=to_rfc3339(member.created_at),
        last_sign_in_at=shown(member.last_sign_in_at),
    )


def added_user_shape(added: AddedUser) -> UserWithPassword:
    """The wire shape of a user who was just added."""
    return UserWithPassword(**dict(user_shape(added.member)), password=added.password)
