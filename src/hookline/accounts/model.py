"""What accounts, users and sessions are."""

from dataclasses import dataclass, field
from uuid import UUID

from hookline.accounts.roles import Grant, Role
from hookline.clock import DAY_MS, HOUR_MS, MINUTE_MS, UnixMs
from hookline.ids import AccountId, InvitationId, SessionId, UserId, to_uuid
from hookline.principal import Principal, PrincipalKind, Scope

SESSION_MAX_MS = 7 * DAY_MS
TOUCH_EVERY_MS = MINUTE_MS


Countries = tuple[str, ...] | None


@dataclass(frozen=True, slots=True)
class Account:
    """A tenant: everything else belongs to one."""

    id: AccountId
    name: str
    created_at: UnixMs
    allowed_countries: Countries = None
    """Where its messages and calls may go, as ISO 3166 codes; None: everywhere."""
    second_factor_required: bool = False
    """Whoever has no second factor must set one up before anything else."""
    event_retention_days: int | None = None
    """How long its events and deliveries are kept; None: as long as the server's."""

    @property
    def client_id(self) -> UUID:
        """What `X-Client-Id` holds."""
        return to_uuid(self.id)


@dataclass(frozen=True, slots=True)
class Member:
    """A user as a member of one account."""

    id: UserId
    account_id: AccountId
    email: str
    name: str
    grant: Grant
    created_at: UnixMs
    last_sign_in_at: UnixMs | None
    disabled_at: UnixMs | None = None
    has_second_factor: bool = False

    @property
    def scopes(self) -> frozenset[Scope]:
        return self.grant.scopes


@dataclass(frozen=True, slots=True)
class Invitation:
    """An open invitation to an account."""

    id: InvitationId
    account_id: AccountId
    email: str
    grant: Grant
    invited_by: str
    invited_by_kind: PrincipalKind
    invited_by_label: str
    created_at: UnixMs
    expires_at: UnixMs


@dataclass(frozen=True, slots=True)
class Session:
    """A signed-in user in one of their accounts."""

    digest: bytes = field(repr=False)
    id: SessionId
    user_id: UserId
    email: str
    user_name: str
    account_id: AccountId
    account_name: str
    grant: Grant
    csrf_token: str = field(repr=False)
    created_at: UnixMs
    authenticated_at: UnixMs
    last_seen_at: UnixMs
    expires_at: UnixMs
    has_second_factor: bool
    second_factor_required: bool

    @property
    def must_set_up(self) -> bool:
        """Whether the account asks for a second factor that the user does not have."""
        return self.second_factor_required and not self.has_second_factor

    @property
    def role(self) -> Role:
        return self.grant.role

    @property
    def scopes(self) -> frozenset[Scope]:
        return self.grant.scopes

    def is_alive(self, now: UnixMs, idle_hours: int) -> bool:
        """Whether it is neither too old nor too long unused."""
        return now < self.expires_at and now < self.last_seen_at + idle_hours * HOUR_MS

    def is_recent(self, now: UnixMs, minutes: int) -> bool:
        """Whether the user has proved who they are within so many minutes."""
        return now < self.authenticated_at + minutes * MINUTE_MS

    def principal(
        self, ip: str | None = None, user_agent: str | None = None, request_id: str | None = None
    ) -> Principal:
        """The user as the caller of use cases."""
        return Principal(
            self.account_id,
            PrincipalKind.USER,
            self.user_id,
            self.scopes,
            label=self.email,
            ip=ip,
            user_agent=user_agent,
            request_id=request_id,
        )


@dataclass(frozen=True, slots=True)
class Pending:
    """A sign-in that waits for a code, and the text for its cookie."""

    token: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class ListedSession:
    """A session as lists show it."""

    id: SessionId
    account_id: AccountId
    account_name: str
    started_at: UnixMs
    last_seen_at: UnixMs
    expires_at: UnixMs
    ip: str | None
    user_agent: str | None


@dataclass(frozen=True, slots=True)
class NewSession:
    """A session and the text for its cookie, which nothing else holds."""

    session: Session
    token: str = field(repr=False)
