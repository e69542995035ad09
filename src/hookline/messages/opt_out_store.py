"""All SQL of opt-outs but what acceptance asks, and of the accounts' settings about them."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import ColumnElement, Delete, Update, delete, select, tuple_, update
from sqlalchemy import Select as Query

from hookline.ids import AccountId
from hookline.principal import Mode, Principal
from hookline.storage.schema import messages, numbers, opt_out_settings, opt_outs
from hookline.storage.sets import Insert

Rows = Query[Any]  # Any: the statement's own columns
_o = opt_outs.c

INSERT_SETTINGS = Insert(opt_out_settings, ("account_id",), conflict=("account_id",))


def of_account(principal: Principal) -> Rows:
    """The opt-outs that the caller sees."""
    return select(opt_outs).where(
        _o.account_id == principal.account_id, _o.mode == principal.mode.value
    )


def after(key: tuple[str, str], *, ascending: bool) -> ColumnElement[bool]:
    """Those behind this recipient and sender."""
    columns = tuple_(_o.recipient, _o.sender)
    return columns > key if ascending else columns < key


def begins_with(number: str) -> ColumnElement[bool]:
    return _o.recipient.startswith(number, autoescape=True)


def remove(account_id: AccountId, mode: Mode, recipient: str, *senders: str) -> Delete:
    """The person's opt-outs; with senders, only those that name one of them."""
    mine = delete(opt_outs).where(
        _o.account_id == account_id, _o.mode == mode.value, _o.recipient == recipient
    )
    return mine.where(_o.sender.in_(senders)) if senders else mine


def settings_of(account_id: AccountId) -> Rows:
    return select(opt_out_settings).where(opt_out_settings.c.account_id == account_id)


def change_settings(account_id: AccountId, values: Mapping[str, object]) -> Update:
    mine = opt_out_settings.c.account_id == account_id
    return update(opt_out_settings).where(mine).values(**values)


def own_senders(account_id: AccountId) -> Query[tuple[str]]:
    """Every number and sender of the account."""
    return select(numbers.c.number).where(numbers.c.account_id == account_id)


def confirmed_since(person: Mapping[str, str], tags: str, first_id: str, limit: int) -> Rows:
    """The newest confirmations to a person from one number. `person`: account_id, mode, sender, recipient."""
    match = [messages.c[name] == value for name, value in person.items()]
    return (
        select(messages.c.id, messages.c.metadata)
        .where(*match, messages.c.id >= first_id)
        .where(messages.c.tags == tags, messages.c.credential_id.is_(None))
        .order_by(messages.c.id.desc())
        .limit(limit)
    )
