"""Wire shapes of the audit log."""

from collections.abc import Callable
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field

from hookline.api.pagination import CreatedWithin, Paging
from hookline.api.wire import Body, Shape, Timestamp, shown
from hookline.audit.model import Anchor, Entry, Verification

TEXT_MAX = 200
_Text = Annotated[str | None, Field(max_length=TEXT_MAX)]


def _checked(parse: Callable[[str], object]) -> AfterValidator:
    def check(text: str) -> str:
        parse(text)
        return text

    return AfterValidator(check)


class EntryFilter(CreatedWithin):
    """Which entries are wanted; what is left out lets all pass."""

    actor: Annotated[_Text, Field(description="Id, e-mail address or description.")] = None
    action: Annotated[
        _Text, Field(description="`credential.rotate`, or `credential.*` for all of them.")
    ] = None
    resource: Annotated[_Text, Field(description="The id of what was acted on.")] = None
    ip: Annotated[_Text, Field(description="The address that the act came from.")] = None
    q: Annotated[_Text, Field(description="A text anywhere in the entry.")] = None


class EntryPaging(Paging, EntryFilter):
    """One page of the audit log."""


class ExportQuery(EntryFilter):
    """What to export. Entries come in the order in which they were written."""

    format: Annotated[
        Literal["csv", "jsonl"], Field(description="A table, or one JSON object a line.")
    ] = "jsonl"


class Actor(Shape):
    """Who acted."""

    kind: Literal["user", "credential", "system"] | str  # noqa: PYI051 - a row may say anything
    id: str
    label: str


class AuditEntry(Shape):
    """One administrative act. `hash` covers it and `previous_hash`."""

    id: str
    object: Literal["audit_entry"] = "audit_entry"
    number: int
    created_at: Timestamp
    actor: Actor
    ip: str | None
    user_agent: str | None
    request_id: str | None
    action: str
    resource_id: str
    before: dict[str, Any] | str | None  # Any: JSON
    after: dict[str, Any] | str | None  # Any: JSON
    previous_hash: str
    hash: str


class VerificationCreate(Body):
    """What to verify. Empty: the whole trail, up to its head."""

    known: Annotated[
        Annotated[str, _checked(Anchor.parse)] | None,
        Field(
            max_length=90,
            description="A head that was noted before, `NUMBER:HASH`: tells whether the end is missing.",
        ),
    ] = None


class ChainBreak(Shape):
    """The first row that is not what was written."""

    number: int
    kind: Literal["changed", "missing", "reordered", "added"]
    detail: str


class AuditVerification(Shape):
    """A run over the trail. `head` is what to note elsewhere, once it is `intact`."""

    id: str
    object: Literal["audit_verification"] = "audit_verification"
    status: Literal["queued", "running", "intact", "broken"]
    checked: int
    total: int
    head: str
    known: str | None
    found: ChainBreak | None
    asked_by: str
    created_at: Timestamp
    finished_at: Timestamp | None


def entry_shape(entry: Entry) -> AuditEntry:
    return AuditEntry(
        id=entry.id,
        number=entry.number,
        created_at=shown(entry.at) or "",
        actor=Actor(kind=entry.actor_kind, id=entry.actor_id, label=entry.actor_label),
        ip=entry.ip,
        user_agent=entry.user_agent,
        request_id=entry.request_id,
        action=entry.action,
        resource_id=entry.resource_id,
        before=entry.before,
        after=entry.after,
        previous_hash=entry.previous_hash,
        hash=entry.hash,
    )


def verification_shape(one: Verification) -> AuditVerification:
    found = one.found
    return AuditVerification(
        id=one.id,
        status=one.status.value,
        checked=one.checked.number,
        total=one.head.number,
        head=str(one.head),
        known=None if one.known is None else str(one.known),
        found=None
        if found is None
        else ChainBreak(number=found.number, kind=found.kind.value, detail=found.detail),
        asked_by=one.asked_by,
        created_at=shown(one.created_at) or "",
        finished_at=shown(one.finished_at),
    )
