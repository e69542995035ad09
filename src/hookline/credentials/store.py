"""All SQL of credentials.

A credential's token rows repeat its account, mode, description, scopes and restrictions, so every change
of those is made to both tables in one transaction.
"""

from collections.abc import Collection
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, Update, case, func, select, update

from hookline.clock import UnixMs
from hookline.credentials.grace_store import is_in_grace
from hookline.credentials.model import (
    ROTATION_DAYS,
    Actor,
    Credential,
    Ending,
    LastUse,
    PreviousToken,
    Status,
    TokenVersion,
    restrictions_from_text,
    restrictions_text,
    scopes_from_text,
    scopes_text,
)
from hookline.credentials.tokens import Token
from hookline.ids import AccountId, CredentialId
from hookline.principal import Mode, Principal
from hookline.storage import sets
from hookline.storage.schema import credential_policies as policies
from hookline.storage.schema import credential_tokens as tokens
from hookline.storage.schema import credentials, numbers

VERSIONS_MAX = 100
"""More tokens than a person looks through."""
_PAST = ("rotated", "canceled")
_SHOWN = (
    "prefix", "last4", "last_used_at", "last_used_ip", "last_used_user_agent", "last_used_route",
)  # fmt: skip
_OF_GRACE = ("created_at", "rotated_at", "ended_at", "grace_extended", "grace_uses")
old_token = tokens.alias("old")
Credentials = Select[Any]  # Any: the columns that `from_row` reads
CredentialRow = Row[Any]

INSERT = sets.Insert(
    credentials,
    (
        "id", "account_id", "mode", "description", "scopes", "status", "created_by",
        "created_by_label", "created_at", "updated_at", "expires_at", "restrictions",
    ),
)  # fmt: skip
INSERT_TOKEN = sets.Insert(
    tokens,
    (
        "digest", "credential_id", "account_id", "mode", "description", "scopes", "prefix",
        "last4", "status", "created_at", "expires_at", "restrictions", "first_use_grace_ms",
    ),
)  # fmt: skip
OF_DIGEST = sets.Select(
    tokens,
    key=("digest",),
    columns=(
        "credential_id", "account_id", "description", "scopes", "restrictions", "status",
        "ended_at", "rotated_at", "expires_at", "refused_from", "first_use_grace_ms",
    ),
)  # fmt: skip
# Nodes write on their own time: an older use must not replace a newer one.
USED = sets.Update(
    tokens,
    key=("digest",),
    values=("last_used_at", "last_used_ip", "last_used_user_agent", "last_used_route"),
    changes={
        "last_used_at": "{last_used_at}",
        "last_used_ip": "{last_used_ip}",
        "last_used_user_agent": "{last_used_user_agent}",
        "last_used_route": "{last_used_route}",
    },
    guard="t.last_used_at IS NULL OR t.last_used_at < {last_used_at}",
)


def new_row(credential: Credential) -> tuple[object, ...]:
    """The values of INSERT."""
    return (
        credential.id, credential.account_id, credential.mode.value, credential.description,
        scopes_text(credential.scopes), credential.status.value, credential.created_by.id,
        credential.created_by.label, credential.created_at, credential.updated_at,
        credential.expires_at,
        restrictions_text(credential.restrictions),
    )  # fmt: skip


def new_token_row(credential: Credential, token: Token, now: UnixMs) -> tuple[object, ...]:
    """The values of INSERT_TOKEN: the digest, never the text."""
    return (
        token.digest, credential.id, credential.account_id, credential.mode.value,
        credential.description, scopes_text(credential.scopes), token.prefix, token.last4,
        "active", now, credential.expires_at, restrictions_text(credential.restrictions),
        credential.first_use_grace_ms,
    )  # fmt: skip


def visible_to(principal: Principal, now: UnixMs) -> Credentials:
    """The account's credentials with their present token, and the one that is in its grace.

    In test mode only test ones.
    """
    present = (tokens.c.credential_id == credentials.c.id) & tokens.c.status.not_in(_PAST)
    in_grace = (old_token.c.credential_id == credentials.c.id) & is_in_grace(old_token.c, now)
    columns = (
        *credentials.c,
        state_at(now).label("state"),
        *(tokens.c[name] for name in (*_SHOWN, "first_use_grace_ms", "refused_from")),
        func.coalesce(policies.c.rotation_days, ROTATION_DAYS).label("rotation_days"),
        *(old_token.c[name].label(f"old_{name}") for name in (*_SHOWN, *_OF_GRACE)),
    )
    statement = (
        select(*columns)
        .join_from(credentials, tokens, present)
        .outerjoin(old_token, in_grace)
        .outerjoin(policies, policies.c.account_id == credentials.c.account_id)
        .where(credentials.c.account_id == principal.account_id)
    )
    if principal.mode is Mode.TEST:
        statement = statement.where(credentials.c.mode == Mode.TEST.value)
    return statement


def state_at(now: UnixMs) -> ColumnElement[str]:
    """The status of a row of `visible_to`: what ends by itself needs nobody to write it down."""
    return case(
        (credentials.c.status != Status.ACTIVE.value, credentials.c.status),
        (credentials.c.expires_at <= now, Status.EXPIRED.value),
        (old_token.c.digest.is_not(None), Status.ROTATING.value),
        else_=Status.ACTIVE.value,
    )


def by_id(principal: Principal, credential_id: str, now: UnixMs) -> Credentials:
    return visible_to(principal, now).where(credentials.c.id == credential_id)


def versions(credential_id: str) -> Credentials:
    """A credential's tokens, the present one first."""
    return (
        select(tokens)
        .where(tokens.c.credential_id == credential_id)
        .order_by(tokens.c.created_at.desc(), tokens.c.ended_at.is_(None).desc())
        .limit(VERSIONS_MAX)
    )


def described(statement: Credentials, text: str) -> Credentials:
    """Those whose description has the text in it, in whatever case.

    SQLite folds the case of ASCII only, hence the second condition.
    """
    description = credentials.c.description
    return statement.where(
        func.lower(description).contains(text.lower(), autoescape=True)
        | description.contains(text, autoescape=True)
    )


def lock(account_id: AccountId, credential_id: str) -> Select[tuple[str]]:
    """Makes changes of one credential wait for each other, on every node."""
    return (
        select(credentials.c.id)
        .where(credentials.c.account_id == account_id, credentials.c.id == credential_id)
        .with_for_update()
    )


def expiry_of(credential_id: str) -> Select[int]:
    return select(credentials.c.expires_at).where(credentials.c.id == credential_id)


def change(after: Credential) -> tuple[Update, Update]:
    """Write what can be changed of a credential, here and in its tokens."""
    repeated = {
        "description": after.description,
        "scopes": scopes_text(after.scopes),
        "expires_at": after.expires_at,
        "restrictions": restrictions_text(after.restrictions),
    }
    return (
        update(credentials)
        .where(credentials.c.id == after.id)
        .values(**repeated, updated_at=after.updated_at),
        update(tokens).where(tokens.c.credential_id == after.id).values(**repeated),
    )


def touch(credential_id: CredentialId, now: UnixMs) -> Update:
    return update(credentials).where(credentials.c.id == credential_id).values(updated_at=now)


def numbers_among(account_id: AccountId, wanted: Collection[str]) -> Select[tuple[str]]:
    """Those of the account's numbers and senders that are wanted."""
    return select(numbers.c.number).where(
        numbers.c.account_id == account_id, numbers.c.number.in_(wanted)
    )


def restrictions(credential_id: str) -> Select[tuple[str]]:
    return select(credentials.c.restrictions).where(credentials.c.id == credential_id)


def mark_rotated(credential_id: CredentialId, rotated_at: UnixMs | None, now: UnixMs) -> Update:
    return (
        update(credentials)
        .where(credentials.c.id == credential_id)
        .values(rotated_at=rotated_at, updated_at=now)
    )


def disable_token(credential_id: CredentialId, now: UnixMs) -> Update:
    return (
        update(tokens)
        .where(tokens.c.credential_id == credential_id, tokens.c.status == "active")
        .values(status="disabled", ended_at=now)
    )


def enable_token(credential_id: CredentialId) -> Update:
    return (
        update(tokens)
        .where(tokens.c.credential_id == credential_id, tokens.c.status == "disabled")
        .values(status="active", ended_at=None)
    )


def set_status(credential_id: CredentialId, status: Status, now: UnixMs) -> Update:
    return (
        update(credentials)
        .where(credentials.c.id == credential_id)
        .values(status=status.value, updated_at=now)
    )


def end_present(credential_id: CredentialId, status: str, now: UnixMs) -> Update:
    """End the present token: it is refused from the commit on."""
    return (
        update(tokens)
        .where(tokens.c.credential_id == credential_id, tokens.c.status.in_(("active", "disabled")))
        .values(status=status, ended_at=now)
    )


def mark_ended(credential_id: CredentialId, status: Status, ending: Ending) -> Update:
    return (
        update(credentials)
        .where(credentials.c.id == credential_id)
        .values(
            status=status.value,
            updated_at=ending.at,
            ended_at=ending.at,
            ended_by=ending.by.id,
            ended_by_label=ending.by.label,
            ended_reason=ending.reason,
        )
    )


def owner_of_token(digest: bytes) -> Select[Any]:  # Any: what a leak report looks at
    names = ("credential_id", "account_id", "status", "ended_at", "prefix", "last4")
    return select(*(tokens.c[name] for name in names)).where(tokens.c.digest == digest)


def token_state(digest: bytes) -> Select[Any]:  # Any: the columns of a TokenState
    names = ("status", "ended_at", "rotated_at", "expires_at", "refused_from")
    columns = (tokens.c[name] for name in names)
    return select(*columns).where(tokens.c.digest == digest)


def from_row(row: CredentialRow) -> Credential:
    """A row of `visible_to` as a credential."""
    return Credential(
        id=CredentialId(row.id),
        account_id=AccountId(row.account_id),
        description=row.description,
        mode=Mode(row.mode),
        scopes=scopes_from_text(row.scopes),
        restrictions=restrictions_from_text(row.restrictions),
        status=Status(row.state),
        prefix=row.prefix,
        last4=row.last4,
        created_by=Actor(row.created_by, row.created_by_label),
        created_at=row.created_at,
        updated_at=row.updated_at,
        rotated_at=row.rotated_at,
        last_used=_last_use(row),
        ended=_ending(row),
        expires_at=row.expires_at,
        previous=_previous(row),
        first_use_grace_ms=row.first_use_grace_ms,
        rotation_days=row.rotation_days,
        refused_from=row.refused_from,
    )


def version_from_row(row: CredentialRow) -> TokenVersion:
    """A row of `versions`."""
    return TokenVersion(
        prefix=row.prefix,
        last4=row.last4,
        status=row.status,
        created_at=row.created_at,
        rotated_at=row.rotated_at,
        ended_at=row.ended_at,
        last_used=_last_use(row),
    )


def _previous(row: CredentialRow) -> PreviousToken | None:
    if row.old_prefix is None:
        return None
    return PreviousToken(
        prefix=row.old_prefix,
        last4=row.old_last4,
        created_at=row.old_created_at,
        rotated_at=row.old_rotated_at,
        grace_ends_at=row.old_ended_at,
        is_extended=bool(row.old_grace_extended),
        last_used=_last_use(row, "old_"),
        requests=row.old_grace_uses,
    )


def _last_use(row: CredentialRow, prefix: str = "") -> LastUse | None:
    at, ip, agent, route = (
        getattr(row, f"{prefix}last_used_{name}") for name in ("at", "ip", "user_agent", "route")
    )
    return None if at is None else LastUse(at, ip or "", agent or "", route or "")


def _ending(row: CredentialRow) -> Ending | None:
    if row.ended_at is None:
        return None
    by = Actor(row.ended_by or "", row.ended_by_label or "")
    return Ending(row.ended_at, by, row.ended_reason or "")
