from dataclasses import replace

import pytest
from sqlalchemy import select

from hookline.accounts.model import Account
from hookline.clock import ManualClock
from hookline.outbound import mail
from hookline.outbound.sealing import SecretBox
from hookline.storage.schema import mails
from hookline.storage.store import Store
from tests.services.mail import MailServer
from tests.services.ports import find_free_port

TEXT = "The token of “Zürich” is due."


@pytest.fixture
def mailing(store: Store, mail_server: MailServer) -> Store:
    """A store whose settings name the mail server."""
    return replace(store, settings=mail_server.settings(store.settings))


async def queue(store: Store, account: Account, *recipients: str) -> None:
    await store.commit(
        lambda tx: mail.queue_mail(tx, store, account.id, recipients, subject="Due", text=TEXT)
    )


async def test_email_reaches_each_recipient_once(
    mailing: Store, account: Account, mail_server: MailServer, box: SecretBox
) -> None:
    await queue(mailing, account, "mara@example.com", "dana@example.com")
    await mail.send_due(mailing, box)
    await mail.send_due(mailing, box)
    assert [recipient for recipient, _ in mail_server.taken] == [
        "mara@example.com",
        "dana@example.com",
    ]
    message = mail_server.taken[0][1]
    assert (message["Subject"], message["From"]) == ("Due", "Hookline <hookline@example.com>")
    assert message["To"] == "mara@example.com"
    assert message.get_content().strip() == TEXT


async def test_without_a_mail_server_nothing_is_queued(store: Store, account: Account) -> None:
    await queue(store, account, "mara@example.com")
    assert await store.read(select(mails)) == []


async def test_refused_email_is_tried_again_later(
    mailing: Store,
    account: Account,
    mail_server: MailServer,
    clock: ManualClock,
    box: SecretBox,
) -> None:
    await queue(mailing, account, "mara@example.com")
    mail_server.refusal = "451 Later"
    await mail.send_due(mailing, box)
    mail_server.refusal = ""
    await mail.send_due(mailing, box)
    assert mail_server.taken == []
    clock.advance(seconds=60)
    await mail.send_due(mailing, box)
    assert len(mail_server.taken) == 1
    row = (await mailing.read(select(mails)))[0]
    assert (row.attempts, row.next_attempt_at, row.problem) == (2, None, None)


async def test_email_is_given_up_after_the_last_attempt(
    mailing: Store, account: Account, clock: ManualClock, box: SecretBox
) -> None:
    settings = mailing.settings.model_copy(update={"smtp_port": find_free_port()})
    unreachable = replace(mailing, settings=settings)
    await queue(unreachable, account, "mara@example.com")
    for _ in range(settings.smtp_attempts_max + 1):
        await mail.send_due(unreachable, box)
        clock.advance(seconds=86_400)
    row = (await mailing.read(select(mails)))[0]
    assert (row.attempts, row.next_attempt_at) == (settings.smtp_attempts_max, None)
    assert "onnect" in row.problem


async def test_node_that_died_while_sending_leaves_it_to_another(
    mailing: Store,
    account: Account,
    mail_server: MailServer,
    clock: ManualClock,
    box: SecretBox,
) -> None:
    await queue(mailing, account, "mara@example.com")
    row = (await mailing.read(select(mails)))[0]
    assert await mail._claim(mailing, row)
    assert not await mail._claim(mailing, row)
    await mail.send_due(mailing, box)
    assert mail_server.taken == []
    clock.advance(seconds=600)
    await mail.send_due(mailing, box)
    assert len(mail_server.taken) == 1


async def test_mail_server_is_checked(mailing: Store) -> None:
    await mail.check_mail_server(mailing.settings)
    nobody = mailing.settings.model_copy(update={"smtp_port": find_free_port()})
    with pytest.raises(mail.MailServerUnusable):
        await mail.check_mail_server(nobody)


async def test_old_emails_are_forgotten(
    mailing: Store, account: Account, clock: ManualClock, box: SecretBox
) -> None:
    await queue(mailing, account, "mara@example.com")
    await mail.send_due(mailing, box)
    clock.advance(seconds=31 * 86_400)
    await mail.send_due(mailing, box)
    assert await mailing.read(select(mails)) == []


async def test_secret_is_sealed_until_it_was_sent_and_then_forgotten(
    mailing: Store, account: Account, mail_server: MailServer, box: SecretBox
) -> None:
    sealed = mail.seal_for_mail(box, "https://here/secret-link")
    text = f"Open {mail.PLACE_OF_SECRET} soon."
    await mailing.commit(
        lambda tx: mail.queue_mail(
            tx, mailing, account.id, ["mara@example.com"], subject="x", text=text, sealed=sealed
        )
    )
    assert "secret-link" not in repr(await mailing.read(select(mails)))
    await mail.send_due(mailing, box)
    assert mail_server.taken[0][1].get_content().strip() == "Open https://here/secret-link soon."
    assert (await mailing.read(select(mails)))[0].secret is None


async def test_email_whose_key_is_gone_is_given_up(
    mailing: Store, account: Account, mail_server: MailServer, box: SecretBox
) -> None:
    sealed = mail.seal_for_mail(SecretBox(["another key, also of 32 characters"]), "x")
    await mailing.commit(
        lambda tx: mail.queue_mail(
            tx, mailing, account.id, ["mara@example.com"], subject="x", text="y", sealed=sealed
        )
    )
    await mail.send_due(mailing, box)
    row = (await mailing.read(select(mails)))[0]
    assert (mail_server.taken, row.next_attempt_at, row.secret) == ([], None, None)
