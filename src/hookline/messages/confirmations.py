"""Tells a person that STOP or START was heard, or answers HELP: an ordinary message from the number they wrote to.

It is made in the transaction of their message, so that it is neither lost nor sent twice, and does not ask the opt-out,
which it confirms. Only a telephone number is answered, in a country that the account reaches; and so seldom that two
programs which answer each other fall silent.
"""

import msgspec

from hookline.accounts import store as account_sql
from hookline.accounts.model import Countries
from hookline.carriers.encoding import segment
from hookline.clock import DAY_MS, HOUR_MS, MINUTE_MS
from hookline.ids import AccountId, first_of, time_of
from hookline.messages import opt_out_store as sql
from hookline.messages import store as message_sql
from hookline.messages.hand_over import work_topic
from hookline.messages.keywords import Found, Keyword
from hookline.messages.model import COLUMNS, Message, Status, timeline_line
from hookline.messages.opt_out_rules import Rules
from hookline.numbers.e164 import country_of
from hookline.storage.store import Store
from hookline.storage.transaction import Transaction
from hookline.telemetry import metrics

TAG = "opt_out_confirmation"
_TAGS = msgspec.json.encode([TAG]).decode()
HELP_EVERY_MS = 10 * MINUTE_MS
A_DAY_MAX = 6
"""From one number to one person, whatever they write."""


async def confirm(
    tx: Transaction, store: Store, rules: Rules, message: Message, found: Found
) -> None:
    """Answer the inbound message, if it can and should be answered."""
    rows = await tx.execute(account_sql.account(AccountId(message.account_id)))
    account = account_sql.account_from_row(rows[0])
    if not _can_be_answered(message, account.allowed_countries):
        return
    if await _is_enough(tx, message, found.keyword):
        return
    text = rules.text(found.keyword, found.language, account.name)
    answer = _answer(store, message, found.keyword, text)
    tx.add(message_sql.INSERT, tuple(getattr(answer, name) for name in COLUMNS))
    tx.notify(work_topic(answer.carrier_id or ""))
    tx.after_commit(metrics.ACCEPTED.labels(answer.mode).inc)


def _can_be_answered(message: Message, countries: Countries) -> bool:
    person = message.sender
    if not person.startswith("+") or person == message.recipient:
        return False  # a name or a short code, which nobody can write to
    return countries is None or country_of(person) in countries


async def _is_enough(tx: Transaction, message: Message, keyword: Keyword) -> bool:
    """The conversation's row is locked already, so that no other node answers meanwhile."""
    await tx.flush()
    person = {
        "account_id": message.account_id,
        "mode": message.mode,
        "sender": message.recipient,
        "recipient": message.sender,
    }
    first_id = first_of("msg", message.created_at - DAY_MS)
    found = await tx.execute(sql.confirmed_since(person, _TAGS, first_id, A_DAY_MAX))
    latest = [
        time_of(row.id)
        for row in found
        if row.metadata and msgspec.json.decode(row.metadata).get("keyword") == keyword.value
    ]
    if keyword is Keyword.HELP and latest and message.created_at - latest[0] < HELP_EVERY_MS:
        return True
    return len(found) >= A_DAY_MAX


def _answer(store: Store, message: Message, keyword: Keyword, text: str) -> Message:
    segmentation = segment(text)
    now = message.created_at
    facts = {"keyword": keyword.value, "in_reply_to": message.id}
    return Message(
        id=store.ids.new("msg"),
        account_id=message.account_id,
        mode=message.mode,
        direction="outbound",
        sender=message.recipient,
        recipient=message.sender,
        text=text,
        encoding=segmentation.encoding.value,
        segments=segmentation.segments,
        status=Status.QUEUED.value,
        error_code=None,
        carrier_code=None,
        carrier_id=message.carrier_id,
        credential_id=None,
        tags=_TAGS,
        metadata=msgspec.json.encode(facts).decode(),
        status_url=None,
        status_events=None,
        created_at=now,
        updated_at=now,
        send_at=None,
        valid_until=now + store.settings.message_validity_hours * HOUR_MS,
        sent_at=None,
        delivered_at=None,
        sequence=0,
        timeline=timeline_line(Status.QUEUED, now),
        owner=None,
    )
