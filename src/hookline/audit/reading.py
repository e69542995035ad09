"""Reads the audit log as the caller may see it."""

import re
from typing import Any

from sqlalchemy import ColumnElement, Select, func, or_

from hookline.api.pagination import Paging, created_within, party
from hookline.api.wire import Page
from hookline.audit import store as sql
from hookline.audit.errors import EntryNotFound
from hookline.audit.model import Entry, EntryKey, entry_of
from hookline.audit.schemas import AuditEntry, EntryFilter, EntryPaging, entry_shape
from hookline.errors import Invalid
from hookline.principal import LiveModeNeeded, Mode, Principal, PrincipalKind, Scope
from hookline.storage.schema import audit
from hookline.storage.store import Store

_ID = re.compile(r"[a-z]+_[0-9a-z]{26}\Z")
Rows = Select[Any]  # Any: the table's own columns


def require_reader(principal: Principal) -> None:
    """Raise InsufficientScope, or LiveModeNeeded: the log tells of live things and of test ones."""
    principal.require(Scope.AUDIT_READ)
    if principal.kind is PrincipalKind.CREDENTIAL and principal.mode is not Mode.LIVE:
        raise LiveModeNeeded(
            "The audit log tells of live things too, so a test credential cannot read it."
        )


async def list_entries(store: Store, principal: Principal, paging: EntryPaging) -> Page[AuditEntry]:
    """One page of the account's audit log, newest first. Raises Invalid."""
    found, has_more = await read_page(store, principal, paging)
    return Page(
        data=[entry_shape(entry) for entry in found],
        has_more=has_more,
        next_cursor=found[-1].id if has_more else None,
    )


async def read_page(
    store: Store, principal: Principal, paging: EntryPaging
) -> tuple[list[Entry], bool]:
    """What is on the page, and whether more follows. Raises Invalid."""
    require_reader(principal)
    statement = _paged(matching(sql.of_account(principal.account_id), paging), paging)
    rows = await store.read(statement)
    return [entry_of(row) for row in rows[: paging.limit]], len(rows) > paging.limit


async def get_entry(store: Store, principal: Principal, entry_id: str) -> Entry:
    """One entry. Raises EntryNotFound."""
    require_reader(principal)
    key = EntryKey.parse(entry_id)
    rows = await store.read(sql.one(principal.account_id, key.number)) if key else []
    if key is None or not rows or not key.fits(rows[0].hash):
        raise EntryNotFound(f"There is no audit entry {entry_id!r:.80} in this account.")
    return entry_of(rows[0])


def matching(statement: Rows, wanted: EntryFilter) -> Rows:
    """The entries that the filter lets pass."""
    exact = {"resource_id": party(wanted.resource), "ip": wanted.ip}
    for name, value in exact.items():
        if value is not None:
            statement = statement.where(audit.c[name] == value)
    if wanted.actor is not None:
        statement = statement.where(_is_actor(wanted.actor))
    if wanted.action is not None:
        statement = statement.where(_is_action(wanted.action))
    if wanted.q is not None:
        statement = sql.containing(statement, wanted.q)
    return statement.where(*created_within(audit.c.at, wanted))


def _is_actor(text: str) -> ColumnElement[bool]:
    is_id = audit.c.actor_id == text
    if _ID.match(text):  # of which an index knows
        return is_id
    return or_(is_id, func.lower(audit.c.actor_label) == text.lower())


def _is_action(pattern: str) -> ColumnElement[bool]:
    stem, star, rest = pattern.partition("*")
    if star and (rest or not stem.endswith(".")):
        raise Invalid.at("?action", "invalid_action", "Write an action, or its group: `user.*`.")
    return audit.c.action.startswith(stem, autoescape=True) if star else audit.c.action == pattern


def _paged(statement: Rows, paging: Paging) -> Rows:
    if paging.cursor is not None:
        key = EntryKey.parse(paging.cursor)
        if key is None:
            raise Invalid.at("?cursor", "invalid_cursor", "Take next_cursor of the page before.")
        is_ahead = audit.c.number > key.number
        is_behind = audit.c.number < key.number
        statement = statement.where(is_ahead if paging.order == "asc" else is_behind)
    ordered = audit.c.number.asc() if paging.order == "asc" else audit.c.number.desc()
    return statement.order_by(ordered).limit(paging.limit + 1)
