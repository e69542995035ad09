"""All SQL of credentials.

A credential's token rows repeat its account, mode, description, scopes and restrictions, so every change
of those is made to both tables in one transaction.
"""

from collections.abc import Collection
from typing import Any

from sqlalchemy import Row, Select, Update, func, select, update

from hookline.clock import UnixMs
from hookline.credentials.model import (
    Actor,
    Credential,
    Ending,
    LastUse,
    Status,
    restrictions_from_text,
    restrictions_text,
    scopes_from_text,
    scopes_text,
)
from hookline.credentials.tokens import Token
from hookline.ids import AccountId, CredentialId
from hookline.principal import Mode, Principal
from hookline.storage import sets
from hookline.storage.schema import credential_tokens as tokens
from hookline.storage.schema import credentials, numbers

Credentials = Select[Any]  # Any: the columns that `from_row` reads
CredentialRow = Row[Any]

INSERT = sets.Insert(
    credentials,
    (
        "id", "account_id", "mode", "description", "scopes", "status", "created_by",
        "created_by_label", "created_at", "updated_at", "restrictions",
    ),
)  # fmt: skip
INSERT_TOKEN = sets.Insert(
    tokens,
    (
        "digest", "credential_id", "account_id", "mode", "description", "scopes", "prefix",
        "last4", "status", "created_at", "restrictions",
    ),
)  # fmt: skip
OF_DIGEST = sets.Select(
    tokens,
    key=("digest",),
    columns=(
        "credential_id", "account_id", "mode", "description", "scopes", "status", "ended_at",
        "restrictions",
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
        restrictions_text(credential.restrictions),
    )  # fmt: skip


def new_token_row(credential: Credential, token: Token, now: UnixMs) -> tuple[object, ...]:
    """The values of INSERT_TOKEN: the digest, never the text."""
    return (
        token.digest, credential.id, credential.account_id, credential.mode.value,
        credential.description, scopes_text(credential.scopes), token.prefix, token.last4,
        "active", now, restrictions_text(credential.restrictions),
    )  # fmt: skip


def visible_to(principal: Principal) -> Credentials:
    """The account's credentials with their present token; in test mode only test ones."""
    present = (tokens.c.credential_id == credentials.c.id) & (tokens.c.status != "rotated")
    columns = (
        *credentials.c,
        tokens.c.prefix,
        tokens.c.last4,
        tokens.c.last_used_at,
        tokens.c.last_used_ip,
        tokens.c.last_used_user_agent,
        tokens.c.last_used_route,
    )
    statement = (
        select(*columns)
        .join_from(credentials, tokens, present)
        .where(credentials.c.account_id == principal.account_id)
    )
    if principal.mode is Mode.TEST:
        statement = statement.where(credentials.c.mode == Mode.TEST.value)
    return statement


def by_id(principal: Principal, credential_id: str) -> Credentials:
    return visible_to(principal).where(credentials.c.id == credential_id)


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


def change(after: Credential) -> tuple[Update, Update]:
    """Make description, scopes and restrictions those of `after`, also for its tokens."""
    values = {
        "description": after.description,
        "scopes": scopes_text(after.scopes),
        "restrictions": restrictions_text(after.restrictions),
    }
    return (
        update(credentials)
        .where(credentials.c.id == after.id)
        .values(**values, updated_at=after.updated_at),
        update(tokens).where(tokens.c.credential_id == after.id).values(**values),
    )


def numbers_among(account_id: AccountId, wanted: Collection[str]) -> Select[tuple[str]]:
    """Those of the account's numbers and senders that are wanted."""
    return select(numbers.c.number).where(
        numbers.c.account_id == account_id, numbers.c.number.in_(wanted)
    )


def restrictions(credential_id: str) -> Select[tuple[str]]:
    return select(credentials.c.restrictions).where(credentials.c.id == credential_id)


def mark_rotated(credential_id: CredentialId, now: UnixMs) -> Update:
    return (
        update(credentials)
        .where(credentials.c.id == credential_id)
        .values(rotated_at=now, updated_at=now)
    )


def end_token(credential_id: CredentialId, status: str, now: UnixMs) -> Update:
    """End the present token: it is refused from the commit on."""
    return (
        update(tokens)
        .where(tokens.c.credential_id == credential_id, tokens.c.status == "active")
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


def token_state(digest: bytes) -> Select[tuple[str, int]]:
    return select(tokens.c.status, tokens.c.ended_at).where(tokens.c.digest == digest)


def from_row(row: CredentialRow) -> Credential:
    """A row of `visible_to` as a credential."""
    return Credential(
        id=CredentialId(row.id),
        account_id=AccountId(row.account_id),
        description=row.description,
        mode=Mode(row.mode),
        scopes=scopes_from_text(row.scopes),
        restrictions=restrictions_from_text(row.restrictions),
        status=Status(row.status),
        prefix=row.prefix,
        last4=row.last4,
        created_by=Actor(row.created_by, row.created_by_label),
        created_at=row.created_at,
        updated_at=row.updated_at,
        rotated_at=row.rotated_at,
        last_used=_last_use(row),
        ended=_ending(row),
    )


def _last_use(row: CredentialRow) -> LastUse | None:
    if row.last_used_at is None:
        return None
    return LastUse(
        row.last_used_at,
        row.last_used_ip or "",
        row.last_used_user_agent or "",
        row.last_used_route or "",
    )


def _ending(row: CredentialRow) -> Ending | None:
    if row.ended_at is None:
        return None
    by = Actor(row.ended_by or "", row.ended_by_label or "")
    return Ending(row.ended_at, by, row.ended_reason or "")
