"""The SQL of a token that is rotated out, and of the grace that it may have."""

from typing import Any

from sqlalchemy import ColumnElement, Update, update

from hookline.clock import UnixMs
from hookline.ids import CredentialId
from hookline.storage.schema import credential_tokens as tokens


def rotate_out(credential_id: CredentialId, now: UnixMs, ends_at: UnixMs) -> Update:
    """Replace the present token: it is refused from `ends_at` on."""
    return (
        update(tokens)
        .where(tokens.c.credential_id == credential_id, tokens.c.status == "active")
        .values(
            status="rotated",
            rotated_at=now,
            ended_at=ends_at,
            first_use_grace_ms=None,
            grace_uses=0,
        )
    )


def set_grace_end(
    credential_id: CredentialId, now: UnixMs, ends_at: UnixMs, *, is_extended: int = 0
) -> Update:
    """Move the end of the grace that runs now, if any."""
    return (
        update(tokens)
        .where(tokens.c.credential_id == credential_id, is_in_grace(tokens.c, now))
        .values(ended_at=ends_at, grace_extended=is_extended)
    )


def cut_grace(credential_id: str, ends_at: UnixMs) -> Update:
    """Have the grace end at `ends_at` where it would end later."""
    return (
        update(tokens)
        .where(tokens.c.credential_id == credential_id, is_in_grace(tokens.c, ends_at))
        .values(ended_at=ends_at)
    )


def note_first_use(digest: bytes) -> Update:
    """Take the note that this token's first use ends a grace; nobody else then finds it."""
    return (
        update(tokens)
        .where(tokens.c.digest == digest, tokens.c.status == "active")
        .where(tokens.c.first_use_grace_ms.is_not(None))
        .values(first_use_grace_ms=None)
    )


def forget_first_use(credential_id: str) -> Update:
    """The present token's first use ends no grace any more."""
    return (
        update(tokens)
        .where(tokens.c.credential_id == credential_id, tokens.c.status == "active")
        .where(tokens.c.first_use_grace_ms.is_not(None))
        .values(first_use_grace_ms=None)
    )


def cancel_present(credential_id: CredentialId, now: UnixMs) -> Update:
    return (
        update(tokens)
        .where(tokens.c.credential_id == credential_id, tokens.c.status == "active")
        .values(status="canceled", ended_at=now, first_use_grace_ms=None)
    )


def restore_previous(credential_id: CredentialId, now: UnixMs) -> Update:
    """The token in its grace is the present one again; cancel the present one before."""
    return (
        update(tokens)
        .where(tokens.c.credential_id == credential_id, is_in_grace(tokens.c, now))
        .values(
            status="active", ended_at=None, rotated_at=None, refused_from=None, grace_extended=0
        )
    )


def is_in_grace(columns: Any, now: UnixMs) -> ColumnElement[bool]:  # Any: of tokens or an alias
    """Whether the token was rotated out and still works."""
    condition: ColumnElement[bool] = (columns.status == "rotated") & (columns.ended_at > now)
    return condition
