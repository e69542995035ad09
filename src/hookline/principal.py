"""Who is calling, and what they may do. Every use case takes a Principal; none looks at a token."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from hookline.errors import FieldError, Forbidden
from hookline.ids import AccountId
from hookline.restrictions import UNRESTRICTED, Restrictions


class Scope(StrEnum):
    """One permission. The names are the public contract."""

    MESSAGES_SEND = "messages:send"
    MESSAGES_READ = "messages:read"
    CALLS_CREATE = "calls:create"
    CALLS_READ = "calls:read"
    RECORDINGS_READ = "recordings:read"
    RECORDINGS_DELETE = "recordings:delete"
    WEBHOOKS_READ = "webhooks:read"
    WEBHOOKS_WRITE = "webhooks:write"
    EVENTS_READ = "events:read"
    NUMBERS_READ = "numbers:read"
    NUMBERS_WRITE = "numbers:write"
    OPT_OUTS_READ = "opt_outs:read"
    OPT_OUTS_WRITE = "opt_outs:write"
    CARRIERS_READ = "carriers:read"
    CARRIERS_WRITE = "carriers:write"
    USERS_READ = "users:read"
    USERS_WRITE = "users:write"
    AUDIT_READ = "audit:read"
    REQUESTS_READ = "requests:read"
    CREDENTIALS_READ = "credentials:read"
    CREDENTIALS_WRITE = "credentials:write"
    CREDENTIALS_ROTATE_SELF = "credentials:rotate_self"
    ACCOUNT_READ = "account:read"
    ACCOUNT_SECRETS = "account:secrets"


class Mode(StrEnum):
    """Live objects and test objects never meet; a test credential never reaches a real carrier."""

    LIVE = "live"
    TEST = "test"


class PrincipalKind(StrEnum):
    """What stands behind the request."""

    CREDENTIAL = "credential"
    USER = "user"
    SYSTEM = "system"


@dataclass(frozen=True, slots=True)
class Principal:
    """The caller of a use case, as the edge has established it."""

    account_id: AccountId
    kind: PrincipalKind
    id: str
    """`crd_…`, `usr_…`, or the name of a part of the system."""
    scopes: frozenset[Scope]
    mode: Mode = Mode.LIVE
    label: str = ""
    """What a person reads in the audit log: a description or an e-mail address."""
    ip: str | None = None
    user_agent: str | None = None
    request_id: str | None = None
    restrictions: Restrictions = UNRESTRICTED
    """A person has none."""
    exercised: set[Scope] = field(default_factory=set, compare=False, repr=False)
    """The scopes that this request needed or that widened its answer, and that the caller has."""

    def require(self, scope: Scope) -> None:
        """Raise InsufficientScope unless the caller has the scope."""
        if scope not in self.scopes:
            raise InsufficientScope(scope)
        self.exercised.add(scope)

    def require_live(self, why: str) -> None:
        """Raise LiveModeNeeded for a test credential: what it would change is not of one mode.

        `why` begins the sentence. A person who looks at test data keeps their rights.
        """
        if self.kind is PrincipalKind.CREDENTIAL and self.mode is not Mode.LIVE:
            raise LiveModeNeeded(f"{why}, so a test credential cannot change this.")

    def require_within(self, wanted: Restrictions) -> None:
        """Raise RestrictionWidened where `wanted` would allow more than the caller may."""
        wider = tuple(wanted.wider_than(self.restrictions))
        if wider:
            raise RestrictionWidened(wider)

    def may(self, scope: Scope) -> bool:
        if scope not in self.scopes:
            return False
        self.exercised.add(scope)
        return True


class InsufficientScope(Forbidden):
    """The credential or the user's role lacks a scope. Ask an administrator to add the one named."""

    code = "insufficient_scope"
    title = "A scope is missing"

    def __init__(self, scope: Scope) -> None:
        self.scope = scope
        super().__init__(
            f"This needs the scope {scope}. An administrator can add it to the credential.",
            headers={
                "WWW-Authenticate": (
                    f'Bearer realm="hookline", error="insufficient_scope", scope="{scope}"'
                )
            },
        )


class RestrictionWidened(Forbidden):
    """One is restricted oneself, and cannot hand out more than one has. Give each restriction named
    a value within one's own (`GET /v1/credentials/self` shows them), or ask who is not restricted."""

    code = "restriction_widened"
    title = "The restriction is not yours to lift"

    def __init__(self, wider: Sequence[str]) -> None:
        names = ", ".join(wider)
        super().__init__(
            f"This would allow more than your own restrictions do: {names}.",
            errors=[
                FieldError(f"/{name}", self.code, "This is wider than your own.") for name in wider
            ],
        )


class LiveModeNeeded(Forbidden):
    """A test credential cannot change what live traffic uses: users, numbers, the account."""

    code = "live_mode_needed"
    title = "This needs a live credential"


def parse_scopes(names: Iterable[str]) -> frozenset[Scope]:
    """Scopes by their public names; ValueError names the first that does not exist."""
    return frozenset(Scope(name) for name in names)


def system(account_id: AccountId, name: str) -> Principal:
    """The principal of work that nobody asked for by hand: bootstrap, retention, inbound traffic."""
    return Principal(account_id, PrincipalKind.SYSTEM, name, frozenset(Scope), label=name)
