"""The SQL of pages that no room's use case answers. Every statement is scoped by account."""

from typing import Any

from sqlalchemy import Select, exists, func, literal, or_, select

from hookline.api.pagination import CreatedPaging, paged
from hookline.credentials import store as credential_sql
from hookline.ids import AccountId
from hookline.messages import store as message_sql
from hookline.numbers import store as number_sql
from hookline.principal import Mode, Principal
from hookline.storage.schema import credentials, deliveries, endpoints, events, messages, numbers
from hookline.webhooks import ledger
from hookline.webhooks import store as endpoint_sql

CREDENTIALS_MAX = 500
"""More than a person can look through; the API pages."""
DELIVERIES_OF_MESSAGE_MAX = 50
SENDERS_MAX = 200

Rows = Select[Any]  # Any: the room's own columns


def all_credentials(principal: Principal) -> Rows:
    """The account's credentials, newest first."""
    statement = credential_sql.visible_to(principal)
    return statement.order_by(credentials.c.id.desc()).limit(CREDENTIALS_MAX)


def senders(account_id: AccountId) -> Rows:
    """What the account can send from, oldest first, as many as fit a list to choose from."""
    return number_sql.of_account(account_id).order_by(numbers.c.id).limit(SENDERS_MAX)


def numbers_of(principal: Principal, paging: CreatedPaging) -> Rows:
    """A page of numbers, newest first."""
    mine = number_sql.of_account(principal.account_id)
    return paged(mine, numbers.c.id, paging, prefix="num")


def homes_of(account_id: AccountId) -> Rows:
    """How many numbers are at home on each carrier of the account."""
    return (
        select(numbers.c.carrier_id, func.count().label("counted"))
        .where(numbers.c.account_id == account_id)
        .group_by(numbers.c.carrier_id)
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


def deliveries_about(principal: Principal, resource_id: str) -> Rows:
    """The deliveries of one message's events, newest first."""
    return (
        ledger.of_account(principal.account_id, principal.mode)
        .where(deliveries.c.resource_id == resource_id)
        .order_by(deliveries.c.id.desc())
        .limit(DELIVERIES_OF_MESSAGE_MAX)
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
