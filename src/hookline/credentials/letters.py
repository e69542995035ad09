"""What owners are told of credentials by e-mail. Never a token, only how it begins and ends."""

from hookline.clock import to_rfc3339
from hookline.credentials import policy_store as sql
from hookline.credentials.model import Credential
from hookline.outbound.mail import queue_mail
from hookline.storage.store import Store
from hookline.storage.transaction import Transaction

_PLACE = "/administration/integrations/config/credentials"


async def write_owners(
    tx: Transaction, store: Store, credential: Credential, subject: str, text: str
) -> None:
    """Queue an e-mail to each owner of the credential's account."""
    recipients = [row.email for row in await tx.execute(sql.owners(credential.account_id))]
    name = " ".join(credential.description.split())
    await queue_mail(
        tx,
        store,
        credential.account_id,
        recipients,
        subject=f"{subject}: {name}"[:200],
        text=f"{text}\n\n{_facts(store, credential)}",
    )


def expiring(days: int) -> tuple[str, str]:
    """Subject and text of the notice before an expiry."""
    within = "within a day" if days == 1 else f"within {days} days"
    text = (
        f"The credential below expires {within}. From then on its token is refused. "
        "Give it a new expiry, or create another credential."
    )
    return f"Credential expires {within}", text


def rotation_due(credential: Credential) -> tuple[str, str]:
    """Subject and text of the notice that rotation is due."""
    text = (
        f"The token of the credential below is {credential.rotation_days} days old. Rotate it; with "
        "a grace the old token goes on working until the new one is in place."
    )
    if credential.refused_from is not None:
        text += f" It is refused from {to_rfc3339(credential.refused_from)} on."
    return "Credential due for rotation", text


def idle(disabled_from: str) -> tuple[str, str]:
    """Subject and text of the warning that an idle credential will be disabled."""
    text = (
        f"Nobody has used the credential below for long. It is disabled from {disabled_from} on, "
        "unless it is used. An administrator can enable it again."
    )
    return "Idle credential will be disabled", text


def _facts(store: Store, credential: Credential) -> str:
    used = credential.last_used
    lines = [
        f"Credential:  {credential.description}",
        f"Id:          {credential.id}",
        f"Token:       {credential.prefix}…{credential.last4}",
        f"Last used:   {f'{to_rfc3339(used.at)} from {used.ip}' if used else 'never'}",
    ]
    if credential.expires_at is not None:
        lines.append(f"Expires:     {to_rfc3339(credential.expires_at)}")
    if store.settings.public_url:
        lines.append(f"{store.settings.public_url.rstrip('/')}{_PLACE}/{credential.id}")
    return "\n".join(lines) + "\n"
