"""E-mail over SMTP: queued in the transaction of what it tells of, sent after its commit.

Any node sends. A row is claimed for longer than an attempt can take, so a node that dies leaves it
to the next; an e-mail may then come twice, with the same Message-ID. Without a mail server in the
settings nothing is queued.

A text may have one secret, such as a link: it is sealed in the row, and forgotten once it was sent.
"""

import asyncio
from collections.abc import Sequence
from email.message import EmailMessage
from email.utils import format_datetime

import aiosmtplib
from sqlalchemy import Row, delete, insert, select, update

from hookline.clock import DAY_MS, HOUR_MS, MINUTE_MS, UnixMs, to_datetime
from hookline.errors import HooklineError
from hookline.ids import AccountId
from hookline.outbound.errors import SecretUnreadable
from hookline.outbound.sealing import SecretBox
from hookline.settings import Settings
from hookline.storage.schema import mails
from hookline.storage.store import Store
from hookline.storage.transaction import Transaction
from hookline.telemetry.logs import get_logger

log = get_logger(__name__)
RETRY_MS = (MINUTE_MS, 5 * MINUTE_MS, 30 * MINUTE_MS, HOUR_MS, 4 * HOUR_MS, 8 * HOUR_MS)
KEPT_MS = 30 * DAY_MS
PLACE_OF_SECRET = "{secret}"  # noqa: S105 - a place, no secret
"""Where in a text the secret goes."""
_PURPOSE = "mail.secret"
_STEPS = 8  # connect, greet, encrypt, greet, sign in, from, to, text: each has its timeout
_PAGE = 50
_LOOK_EVERY_S = 5.0


class MailServerUnusable(HooklineError):
    """The mail server does not answer, or refuses us. Check HOOKLINE_SMTP_*."""

    code = "mail_server_unusable"
    status = 503
    permanent = False


async def queue_mail(
    tx: Transaction,
    store: Store,
    account_id: AccountId,
    recipients: Sequence[str],
    *,
    subject: str,
    text: str,
    sealed: str | None = None,
) -> None:
    """One e-mail to each recipient. They are never told of each other.

    `sealed`: by `seal_for_mail`, for `PLACE_OF_SECRET` in the text.
    """
    if not store.settings.smtp_host:
        return
    now = store.now()
    for recipient in recipients:
        row = {
            "id": store.ids.new("mail"), "account_id": account_id, "recipient": recipient,
            "subject": subject, "text": text, "created_at": now, "next_attempt_at": now,
            "secret": sealed,
        }  # fmt: skip
        await tx.changed(insert(mails).values(**row))


def seal_for_mail(box: SecretBox, secret: str) -> str:
    """The secret of an e-mail, as `queue_mail` takes it."""
    return box.seal(_PURPOSE, secret)


async def run(store: Store, box: SecretBox) -> None:
    """Send for ever what is due."""
    if not store.settings.smtp_host:
        return
    while True:
        await send_due(store, box)
        await asyncio.sleep(_LOOK_EVERY_S)


async def send_due(store: Store, box: SecretBox) -> None:
    """Send what is due now, one after the other; forget what was dealt with long ago."""
    now = store.now()
    due = select(mails).where(mails.c.next_attempt_at <= now).order_by(mails.c.id).limit(_PAGE)
    for row in await store.read(due):
        if await _claim(store, row):
            await _attempt(store, box, row)

    async def forget(tx: Transaction) -> None:
        is_old = mails.c.created_at < now - KEPT_MS
        await tx.changed(delete(mails).where(is_old, mails.c.next_attempt_at.is_(None)))

    await store.commit(forget)


async def check_mail_server(settings: Settings) -> None:
    """Connect and sign in, as for sending. Raises MailServerUnusable."""
    try:
        async with _client(settings):
            return
    except (aiosmtplib.SMTPException, OSError) as error:
        raise MailServerUnusable(_problem(error)) from error


async def _claim(store: Store, row: Row) -> bool:  # type: ignore[type-arg]  # a row of mails
    """Whether this node may attempt it now."""
    until = store.now() + int(_STEPS * store.settings.smtp_timeout_s * 1_000) + MINUTE_MS

    async def claim(tx: Transaction) -> bool:
        mine = mails.c.id == row.id, mails.c.next_attempt_at == row.next_attempt_at
        values = {"next_attempt_at": until, "attempts": row.attempts + 1}
        return await tx.changed(update(mails).where(*mine).values(**values)) == 1

    return await store.commit(claim)


async def _attempt(store: Store, box: SecretBox, row: Row) -> None:  # type: ignore[type-arg]  # a row of mails
    try:
        message = _message(store.settings, row, _text(box, row))
    except SecretUnreadable as error:  # its key is gone for good
        log.warning("mail_given_up", mail=row.id, problem=_problem(error))
        await _note(store, row.id, next_attempt_at=None, problem=_problem(error), secret=None)
        return
    try:
        async with _client(store.settings) as client:
            await client.send_message(message)
    except (aiosmtplib.SMTPException, OSError) as error:
        problem = _problem(error)
        log.warning("mail_not_sent", mail=row.id, attempts=row.attempts + 1, problem=problem)
        next_at = _retry_at(store, row.attempts + 1)
        kept = row.secret if next_at is not None else None
        await _note(store, row.id, next_attempt_at=next_at, problem=problem, secret=kept)
    else:
        await _note(
            store, row.id, next_attempt_at=None, sent_at=store.now(), problem=None, secret=None
        )


async def _note(store: Store, mail_id: str, **values: object) -> None:
    async def note(tx: Transaction) -> None:
        await tx.changed(update(mails).where(mails.c.id == mail_id).values(**values))

    await store.commit(note)


def _retry_at(store: Store, attempts: int) -> UnixMs | None:
    if attempts >= store.settings.smtp_attempts_max:
        return None
    return UnixMs(store.now() + RETRY_MS[min(attempts, len(RETRY_MS)) - 1])


def _client(settings: Settings) -> aiosmtplib.SMTP:
    password = settings.smtp_password
    return aiosmtplib.SMTP(
        hostname=settings.smtp_host,
        port=settings.smtp_port,
        username=settings.smtp_user or None,
        password=password.get_secret_value() if password and settings.smtp_user else None,
        use_tls=settings.smtp_security == "tls",
        start_tls=settings.smtp_security == "starttls",
        timeout=settings.smtp_timeout_s,
    )


def _text(box: SecretBox, row: Row) -> str:  # type: ignore[type-arg]  # a row of mails
    text: str = row.text
    return text.replace(PLACE_OF_SECRET, box.open(_PURPOSE, row.secret)) if row.secret else text


def _message(settings: Settings, row: Row, text: str) -> EmailMessage:  # type: ignore[type-arg]  # a row of mails
    sender = settings.smtp_from or settings.smtp_user
    message = EmailMessage()
    message["From"] = f"Hookline <{sender}>"
    message["To"] = row.recipient
    message["Subject"] = row.subject
    message["Date"] = format_datetime(to_datetime(row.created_at))
    message["Message-ID"] = f"<{row.id}@{sender.rpartition('@')[2] or 'localhost'}>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(text)
    return message


def _problem(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"[:300]
