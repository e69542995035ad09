"""The SQL of pages that no room's use case answers. Every statement is scoped by account."""

from collections.abc import Collection
from typing import Any

from sqlalchemy import Select, case, exists, func, literal, or_, select, union

from hookline.api.pagination import CreatedPaging, paged
from hookline.calls import store as call_sql
from hookline.calls.model import LIVE
from hookline.clock import UnixMs
from hookline.credentials import store as credential_sql
from hookline.ids import AccountId
from hookline.messages import store as message_sql
from hookline.numbers import store as number_sql
from hookline.principal import Mode, Principal
from hookline.storage.schema import (
    calls,
    carriers,
    credentials,
    deliveries,
    endpoints,
    events,
    legs,
    messages,
    numbers,
    recordings,
)
from hookline.voice.engines import SANDBOX
from hookline.webhooks import ledger
from hookline.webhooks import store as endpoint_sql

CREDENTIALS_MAX = 500
"""More than a person can look through; the API pages."""
DELIVERIES_ABOUT_MAX = 50
RECORDINGS_OF_CALL_MAX = 50
PHONE_CALLS_MAX = 20
SENDERS_MAX = 200

Rows = Select[Any]  # Any: the room's own columns


def all_credentials(principal: Principal, now: UnixMs) -> Rows:
    """The account's credentials, newest first."""
    statement = credential_sql.visible_to(principal, now)
    return statement.order_by(credentials.c.id.desc()).limit(CREDENTIALS_MAX)


def senders(account_id: AccountId) -> Rows:
    """What the account can send from, oldest first, as many as fit a list to choose from."""
    return number_sql.of_account(account_id).order_by(numbers.c.id).limit(SENDERS_MAX)


def callers(account_id: AccountId, mode: Mode) -> Rows:
    """What the account can call from in the mode, oldest first; the sandbox takes any number."""
    statement = senders(account_id).where(numbers.c.kind == "number")
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
    if status:
        statement = statement.where(messages.c.status == status)
    if direction:
        statement = statement.where(messages.c.direction == direction)
    if number:
        either = or_(messages.c.recipient == number, messages.c.sender == number)
        statement = statement.where(either)
    return paged(statement, messages.c.id, paging, prefix="msg")


def has_messages(account_id: AccountId, mode: Mode) -> Select[bool]:
    """Whether the account has any message in the mode."""
    return select(
        exists(
            select(literal(1))
            .select_from(messages)
            .where(messages.c.account_id == account_id, messages.c.mode == mode.value)
        )
    )


def calls_of(
    principal: Principal, paging: CreatedPaging, *, status: str, direction: str, number: str
) -> Rows:
    """A page of calls; empty filters let all pass. The number may be on any side."""
    statement = call_sql.of_account(principal.account_id, principal.mode)
    if status:
        statement = statement.where(calls.c.status == status)
    if direction:
        statement = statement.where(calls.c.direction == direction)
    if number:
        sides = (calls.c.recipient, calls.c.sender, calls.c.agent)
        statement = statement.where(or_(*(side == number for side in sides)))
    return paged(statement, calls.c.id, paging, prefix="call")


def has_calls(account_id: AccountId, mode: Mode) -> Select[bool]:
    """Whether the account has any call in the mode."""
    mine = (calls.c.account_id == account_id, calls.c.mode == mode.value)
    return select(exists(select(literal(1)).select_from(calls).where(*mine)))


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


def calls_of_legs(principal: Principal, leg_ids: Collection[str]) -> Select[str, str]:
    """Which call each of these legs is part of, as far as it is of the caller's mode."""
    return (
        select(legs.c.id, legs.c.call_id)
        .join(calls, calls.c.id == legs.c.call_id)
        .where(calls.c.account_id == principal.account_id, calls.c.mode == principal.mode.value)
        .where(legs.c.id.in_(leg_ids))
    )


def node_of_leg(account_id: AccountId, leg_id: str) -> Rows:
    """Which node runs the call of a leg, while it is live."""
    return (
        select(calls.c.owner)
        .join(legs, calls.c.id == legs.c.call_id)
        .where(calls.c.account_id == account_id, legs.c.id == leg_id)
        .where(calls.c.status.in_(sorted(LIVE)))
    )


def phone_calls_elsewhere(account_id: AccountId, phones: Collection[str], node: str) -> Rows:
    """Live sandbox legs of virtual phones that other nodes run."""
    party = case((legs.c.role == "caller", legs.c.sender), else_=legs.c.recipient)
    other = case((legs.c.role == "caller", legs.c.recipient), else_=legs.c.sender)
    is_sandbox = or_(legs.c.carrier_id == SANDBOX, carriers.c.kind == "sandbox")
    return (
        select(legs.c.id, legs.c.call_id, party.label("phone"), other.label("other"), calls.c.owner)
        .join(calls, calls.c.id == legs.c.call_id)
        .join(carriers, carriers.c.id == legs.c.carrier_id, isouter=True)
        .where(calls.c.account_id == account_id, calls.c.owner != node, is_sandbox)
        .where(calls.c.status.in_(sorted(LIVE)), legs.c.status.in_(("ringing", "in_progress")))
        .where(party.in_(phones))
        .order_by(legs.c.id)
        .limit(PHONE_CALLS_MAX)
    )


def endpoints_of(principal: Principal, paging: CreatedPaging) -> Rows:
    """A page of webhooks, newest first."""
    mine = endpoint_sql.of_account(principal.account_id, principal.mode)
    return paged(mine, endpoints.c.id, paging, prefix="whk")


def deliveries_of_endpoint(
    principal: Principal, paging: CreatedPaging, endpoint_id: str, status: str
) -> Rows:
    """A page of one webhook's deliveries, newest first; an empty status lets all pass."""
    statement = ledger.of_account(principal.account_id, principal.mode)
    statement = statement.where(deliveries.c.endpoint_id == endpoint_id)
    if status:
        statement = statement.where(deliveries.c.status == status)
    return paged(statement, deliveries.c.id, paging, prefix="dlv")


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
