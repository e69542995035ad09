"""Issues a credential: a row, its first token, and the only time that the token is shown."""

from dataclasses import dataclass, field

from hookline.credentials import model
from hookline.credentials import store as sql
from hookline.credentials.announcement import announce
from hookline.credentials.lifetime import check_lifetime
from hookline.credentials.model import Actor, Credential, Status
from hookline.credentials.policy import policy_in
from hookline.credentials.restricting import Changes, restricted
from hookline.credentials.tokens import Token
from hookline.events.model import EventType
from hookline.ids import CredentialId
from hookline.principal import Mode, Principal, Scope
from hookline.restrictions import UNRESTRICTED
from hookline.storage.store import Store
from hookline.storage.transaction import Transaction


@dataclass(frozen=True, slots=True)
class Issue:
    """A credential to make."""

    description: str
    scopes: frozenset[Scope]
    mode: Mode = Mode.LIVE
    expires_in_days: int | None = None
    restrictions: Changes = field(default_factory=dict)
    """By name; those left out do not restrict."""


@dataclass(frozen=True, slots=True)
class Issued:
    """A credential and the text of its new token, which nothing else holds."""

    credential: Credential
    token: str = field(repr=False)


async def issue_credential(
    tx: Transaction, store: Store, principal: Principal, command: Issue
) -> Issued:
    """Make a credential.

    Raises InsufficientScope, ScopeNotHeld, OutlivesCaller, RestrictionWidened, Invalid.
    """
    principal.require(Scope.CREDENTIALS_WRITE)
    model.check_mode(principal, command.mode)
    model.check_scopes(principal, model.check_any_scope(command.scopes))
    restrictions = await restricted(tx, principal.account_id, UNRESTRICTED, command.restrictions)
    principal.require_within(restrictions)
    token, now = Token.new(command.mode), store.now()
    expires_at = model.expiry_in(command.expires_in_days, now)
    await check_lifetime(tx, principal, expires_at)
    credential = Credential(
        id=CredentialId(store.ids.new("crd")),
        account_id=principal.account_id,
        description=model.clean_description(command.description),
        mode=command.mode,
        scopes=command.scopes,
        restrictions=restrictions,
        status=Status.ACTIVE,
        prefix=token.prefix,
        last4=token.last4,
        created_by=Actor(principal.id, principal.label),
        created_at=now,
        updated_at=now,
        rotated_at=None,
        last_used=None,
        ended=None,
        expires_at=expires_at,
        rotation_days=(await policy_in(tx, principal.account_id)).rotation_days,
    )
    tx.add(sql.INSERT, sql.new_row(credential))
    tx.add(sql.INSERT_TOKEN, sql.new_token_row(credential, token, now))
    announce(tx, principal, EventType.CREDENTIAL_CREATED, credential)
    return Issued(credential, token.text)
