"""Every table. Instants are whole milliseconds (UTC), flags are 0/1, lists and maps are JSON text:
the types that both databases keep alike, so that rows need no conversion on the way.

Hot tables carry no foreign keys: their rows are made and kept consistent by the writer's batches.
"""

from hookline.storage.schema.access import (
    invitations,
    pending_sign_ins,
    recovery_codes,
    second_factors,
)
from hookline.storage.schema.calls import (
    CALL_STATUSES,
    call_commands,
    calls,
    legs,
    phone_acts,
    phone_calls,
    recordings,
)
from hookline.storage.schema.columns import metadata
from hookline.storage.schema.knowing import (
    credential_addresses,
    credential_days,
    credential_scopes,
    requests,
)
from hookline.storage.schema.outbox import (
    attempts,
    deliveries,
    endpoints,
    events,
    resource_sequences,
)
from hookline.storage.schema.people import (
    account_streams,
    accounts,
    credential_notices,
    credential_policies,
    credential_tokens,
    credential_usage,
    credentials,
    memberships,
    sessions,
    sign_in_failures,
    users,
)
from hookline.storage.schema.traffic import (
    MESSAGE_STATUSES,
    carrier_links,
    carriers,
    inbound_parts,
    message_parts,
    messages,
    numbers,
    opt_outs,
    unacknowledged,
    unmatched_receipts,
    virtual_phones,
)
from hookline.storage.schema.upkeep import (
    audit,
    audit_verifications,
    idempotency,
    leases,
    mails,
)

__all__ = [
    "CALL_STATUSES",
    "MESSAGE_STATUSES",
    "account_streams",
    "accounts",
    "attempts",
    "audit",
    "audit_verifications",
    "call_commands",
    "calls",
    "carrier_links",
    "carriers",
    "credential_addresses",
    "credential_days",
    "credential_notices",
    "credential_policies",
    "credential_scopes",
    "credential_tokens",
    "credential_usage",
    "credentials",
    "deliveries",
    "endpoints",
    "events",
    "idempotency",
    "inbound_parts",
    "invitations",
    "leases",
    "legs",
    "mails",
    "memberships",
    "message_parts",
    "messages",
    "metadata",
    "numbers",
    "opt_outs",
    "pending_sign_ins",
    "phone_acts",
    "phone_calls",
    "recordings",
    "recovery_codes",
    "requests",
    "resource_sequences",
    "second_factors",
    "sessions",
    "sign_in_failures",
    "unacknowledged",
    "unmatched_receipts",
    "users",
    "virtual_phones",
]
