"""The SQL of pages that no room's use case answers. Every statement is scoped by account."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import Column, Select, Table, exists, func, literal, or_, select, union

from hookline.api.pagination import CreatedPaging, paged
from hookline.calls import store as call_sql
from hookline.ids import AccountId
from hookline.messages import store as message_sql
from hookline.numbers import store as number_sql
from hookline.principal import Mode, Principal
from hookline.storage.schema import (
    calls,
    credentials,
    deliveries,
    endpoints,
    events,
    messages,
    numbers,
    recordings,
    replays,
)
from hookline.webhooks import ledger
from hookline.webhooks import replay_store as replay_sql
from hookline.webhooks import store as endpoint_sql

DELIVERIES_ABOUT_MAX = 50
RECORDINGS_OF_CALL_MAX = 50
SENDERS_MAX = 200

Rows = Select[Any]  # Any: the room's own columns


def descriptions_of(principal: Principal, credential_ids: Collection[str]) -> Select[str, str]:
    """What these credentials of the account are called."""
    return select(credentials.c.id, credentials.c.description).where(
        credentials.c.account_id == principal.account_id, credentials.c.id.in_(credential_ids)
    )


def senders(account_id: AccountId) -> Rows:
    """What the account can send from, oldest first, as many as fit a list to choose from."""
    return number_sql.of_account(account_id).order_by(numbers.c.id).limit(SENDERS_MAX)


def own_numbers(account_id: AccountId) -> Rows:
    """The phone numbers among them."""
    return senders(account_id).where(numbers.c.kind == "number")


def callers(account_id: AccountId, mode: Mode) -> Rows:
    """What the account can call from in the mode, oldest first; the sandbox takes any number."""
    statement = own_numbers(account_id)
    return (
        statement if mode is Mode.TEST else statement.where(numbers.c.voice_carrier_id.is_not(None))
    )


def numbers_of(principal: Principal, paging: CreatedPaging) -> Rows:
    """A page of numbers, newest first."""
    mine = number_sql.of_account(principal.account_id)
    return paged(mine, numbers.c.id, paging, prefix="num")


def homes_of(account_id: AccountId) -> Select[str, int]:
    """How many numbers are at home on each carrier of the account, for messages or for calls."""
    mine = numbers.c.account_id == account_id
    homes = union(
        select(numbers.c.id, numbers.c.carrier_id).where(mine),
        select(numbers.c.id, numbers.c.voice_carrier_id).where(mine),
    ).subquery()
    return (
        select(homes.c.carrier_id, func.count().label("counted"))
        .where(homes.c.carrier_id.is_not(None))
        .group_by(homes.c.carrier_id)
    )


def messages_of(
    principal: Principal, paging: CreatedPaging, *, status: str, direction: str, number: str
) -> Rows:
    """A page of messages; empty filters let all pass. The number may be on either side."""
    statement = message_sql.of_account(principal.account_id, principal.mode)
    exact = {messages.c.status: status, messages.c.direction: direction}
    statement = _matching(statement, exact, (messages.c.recipient, messages.c.sender), number)
    return paged(statement, messages.c.id, paging, prefix="msg")


def calls_of(
    principal: Principal, paging: CreatedPaging, *, status: str, direction: str, number: str
) -> Rows:
    """A page of calls; empty filters let all pass. The number may be on any side."""
    statement = call_sql.of_account(principal.account_id, principal.mode)
    exact = {calls.c.status: status, calls.c.direction: direction}
    sides = (calls.c.recipient, calls.c.sender, calls.c.agent)
    statement = _matching(statement, exact, sides, number)
    return paged(statement, calls.c.id, paging, prefix="call")


def _matching(
    statement: Rows,
    exact: Mapping[Column[str], str],
    sides: Sequence[Column[str]],
    number: str,
) -> Rows:
    for column, wanted in exact.items():
        if wanted:
            statement = statement.where(column == wanted)
    return statement.where(or_(*(side == number for side in sides))) if number else statement


def has_any(traffic: Table, account_id: AccountId, mode: Mode) -> Select[bool]:
    """Whether the account has any message or any call in the mode."""
    mine = (traffic.c.account_id == account_id, traffic.c.mode == mode.value)
    return select(exists(select(literal(1)).select_from(traffic).where(*mine)))


def recorded(call_ids: Collection[str]) -> Select[str]:
    """Which of these calls have a recording that can be heard, or will have one."""
    return (
        select(recordings.c.call_id)
        .where(recordings.c.call_id.in_(call_ids))
        .where(recordings.c.status.in_(("in_progress", "completed")))
        .distinct()
    )


def recordings_of_call(principal: Principal, call_id: str) -> Rows:
    """A call's recordings, in the order in which they were made."""
    return (
        call_sql.recordings_of(principal.account_id, principal.mode)
        .where(recordings.c.call_id == call_id)
        .order_by(recordings.c.id)
        .limit(RECORDINGS_OF_CALL_MAX)
    )


def endpoints_of(principal: Principal, paging: CreatedPaging) -> Rows:
    """A page of webhooks, newest first."""
    mine = endpoint_sql.of_account(principal.account_id, principal.mode)
    return paged(mine, endpoints.c.id, paging, prefix="whk")


def latest_replay(principal: Principal, endpoint_id: str) -> Rows:
    """The newest replay of a webhook."""
    mine = replay_sql.of_account(principal.account_id, principal.mode)
    of_endpoint = mine.where(replays.c.endpoint_id == endpoint_id)
    return of_endpoint.order_by(replays.c.id.desc()).limit(1)


def deliveries_about(principal: Principal, *resource_ids: str) -> Rows:
    """The deliveries of events about a message, or a call and its recordings, newest first."""
    return (
        ledger.of_account(principal.account_id, principal.mode)
        .where(deliveries.c.resource_id.in_(resource_ids))
        .order_by(deliveries.c.id.desc())
        .limit(DELIVERIES_ABOUT_MAX)
    )


def first_steps(account_id: AccountId) -> Select[bool, bool, bool]:
    """Whether the account has a credential, a message that it sent, a webhook; in any mode."""
    return select(
        exists().where(credentials.c.account_id == account_id).label("credential"),
        exists()
        .where(messages.c.account_id == account_id, messages.c.direction == "outbound")
        .label("message"),
        exists().where(endpoints.c.account_id == account_id).label("webhook"),
    )


def kinds_after(account_id: AccountId, position: int) -> Select[str]:
    """Which types of events came behind a position."""
    return (
        select(events.c.type)
        .where(events.c.account_id == account_id, events.c.position > position)
        .distinct()
    )
