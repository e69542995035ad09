"""What owners are told of webhooks by e-mail: for whoever gets no events any more."""

from hookline.clock import to_rfc3339
from hookline.credentials.policy_store import owners
from hookline.outbound.mail import queue_mail
from hookline.storage.store import Store
from hookline.storage.transaction import Transaction
from hookline.webhooks.model import DisabledReason, Endpoint
from hookline.webhooks.retry import FAILING_MAX_MS

_PLACE = "/webhooks"
_REASONS = {
    DisabledReason.GONE: "It answered 410 Gone.",
    DisabledReason.BY_RECEIVER: "It asked for that in an answer, with `webhook-delivery: disable`.",
    DisabledReason.FAILING: "Nothing has got through to it for five days.",
}


async def write_owners(tx: Transaction, store: Store, endpoint: Endpoint) -> None:
    """Queue an e-mail to each owner of the account: it fails, or is disabled."""
    subject, text = _disabled(endpoint) if not endpoint.is_enabled else _failing(endpoint)
    recipients = [row.email for row in await tx.execute(owners(endpoint.account_id))]
    await queue_mail(
        tx,
        store,
        endpoint.account_id,
        recipients,
        subject=f"{subject}: {endpoint.url}"[:200],
        text=f"{text}\n\n{_facts(store, endpoint)}",
    )


def _failing(endpoint: Endpoint) -> tuple[str, str]:
    since = endpoint.first_failure_at or endpoint.updated_at
    text = (
        f"Nothing has got through to the webhook below since {to_rfc3339(since)}. Unless something "
        f"does, it is disabled at {to_rfc3339(since + FAILING_MAX_MS)}. Mend the receiver and send a "
        "test event; what it missed can be replayed."
    )
    return "Webhook is failing", text


def _disabled(endpoint: Endpoint) -> tuple[str, str]:
    reason = _REASONS.get(endpoint.disabled_reason or DisabledReason.FAILING, "")
    text = (
        f"The webhook below was disabled. {reason} Nothing is sent to it until somebody enables it "
        "again; what happens meanwhile can be replayed."
    )
    return "Webhook was disabled", text


def _facts(store: Store, endpoint: Endpoint) -> str:
    lines = [
        f"Address:      {endpoint.url}",
        f"Description:  {endpoint.description or '–'}",
        f"Id:           {endpoint.id}",
    ]
    if store.settings.public_url:
        lines.append(f"{store.settings.public_url.rstrip('/')}{_PLACE}/{endpoint.id}")
    return "\n".join(lines) + "\n"
