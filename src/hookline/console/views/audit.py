"""Entries of the audit log as pages show them: who, what, and what has changed."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from hookline.audit.model import Entry, Facts, Verification, VerificationStatus
from hookline.console.navigation import ACCOUNT, AUDIT, page_about
from hookline.principal import PrincipalKind

GROUPS = {
    "credential.*": "Credentials",
    "credential_policy.*": "Credential policy",
    "user.*": "People",
    "invitation.*": "Invitations",
    "account.*": "Account",
    "carrier.*": "Carriers",
    "number.*": "Numbers",
    "webhook.*": "Webhooks",
    "delivery.*": "Deliveries",
    "message.*": "Messages",
    "opt_out.*": "Opt-outs",
    "recording.*": "Recordings",
    "erasure.*": "Erasures",
    "audit.*": "Audit log",
}
"""What the list can be narrowed to, by kind of what was acted on."""
_KINDS = {
    PrincipalKind.USER.value: "Person",
    PrincipalKind.CREDENTIAL.value: "Credential",
    PrincipalKind.SYSTEM.value: "System",
}


@dataclass(frozen=True, slots=True)
class EntryRow:
    """One line of the list."""

    id: str
    number: int
    at: int
    actor: str
    actor_kind: str
    actor_id: str
    actor_url: str | None
    action: str
    resource: str
    resource_url: str | None
    ip: str | None


@dataclass(frozen=True, slots=True)
class Change:
    """One field: `added`, `removed`, `changed` or `same`."""

    field: str
    kind: str
    before: str
    after: str


def entry_row(entry: Entry) -> EntryRow:
    return EntryRow(
        id=entry.id,
        number=entry.number,
        at=entry.at,
        actor=entry.actor_label or entry.actor_id,
        actor_kind=_KINDS.get(entry.actor_kind, entry.actor_kind),
        actor_id=entry.actor_id,
        actor_url=page_about(entry.actor_id),
        action=entry.action,
        resource=entry.resource_id,
        resource_url=resource_url(entry),
        ip=entry.ip,
    )


def resource_url(entry: Entry) -> str | None:
    """The page about what was acted on, also where it has gone since."""
    if entry.resource_id.startswith("acc_"):
        return ACCOUNT
    if entry.resource_id.startswith("avf_"):
        return AUDIT
    return page_about(entry.resource_id)


def changes(before: Facts, after: Facts) -> list[Change]:
    """What differs, field by field; what is the same comes last."""
    old, new = dict(_flat(before)), dict(_flat(after))
    found = [_change(field, old, new) for field in sorted(old.keys() | new.keys())]
    return sorted(found, key=lambda change: change.kind == "same")


def _change(field: str, old: Mapping[str, str], new: Mapping[str, str]) -> Change:
    if field not in old:
        return Change(field, "added", "", new[field])
    if field not in new:
        return Change(field, "removed", old[field], "")
    kind = "same" if old[field] == new[field] else "changed"
    return Change(field, kind, old[field], new[field])


def _flat(facts: object, path: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(facts, Mapping):
        for name, value in facts.items():
            yield from _flat(value, f"{path}.{name}" if path else str(name))
    elif facts is not None or path:
        yield path or "content", _text(facts)


def _text(value: Any) -> str:  # Any: JSON
    if isinstance(value, str):
        return value or "(empty)"
    if value is None or isinstance(value, bool):
        return {None: "(none)", True: "yes", False: "no"}[value]
    if isinstance(value, list) and all(isinstance(one, str) for one in value):
        return ", ".join(value) or "(none)"
    return msgspec.json.encode(value).decode()


@dataclass(frozen=True, slots=True)
class ChainView:
    """What is known of the chain of hashes."""

    status: str
    """`unknown`, `running`, `intact` or `broken`."""
    rows: int
    percent: int
    at: int | None
    head: str
    found: str
    broken_at: int | None


def chain_view(latest: Verification | None) -> ChainView:
    """The latest verification, if there was one."""
    if latest is None:
        return ChainView("unknown", 0, 0, None, "", "", None)
    is_open = latest.status.is_open
    status = VerificationStatus.RUNNING.value if is_open else latest.status.value
    found = latest.found
    return ChainView(
        status,
        latest.head.number,
        latest.percent,
        latest.finished_at,
        str(latest.head),
        found.detail if found else "",
        found.number if found else None,
    )
