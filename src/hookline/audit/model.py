"""What a row of the trail says, and how a place in it is written down."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Self

import msgspec

from hookline.clock import UnixMs

ID_PREFIX = "aud"
_MARK_LENGTH = 12
_ID = re.compile(r"aud_([1-9][0-9]{0,17})_([0-9a-f]{12})\Z")
_ANCHOR = re.compile(r"([0-9]{1,18}):([0-9a-f]{64})\Z")
_EMPTY_HASH = "0" * 64

Facts = dict[str, Any] | str | None  # Any: JSON
"""What was there before or after. A text where somebody has made the row unreadable."""


@dataclass(frozen=True, slots=True)
class Anchor:
    """A row's number and hash: whoever has noted it elsewhere can prove that nothing went missing."""

    number: int
    hash: str

    @classmethod
    def parse(cls, text: str) -> Self:
        """From `42:5f3a…`. Raises ValueError."""
        found = _ANCHOR.match(text.strip())
        if found is None:
            raise ValueError("write it as NUMBER:HASH, as a verification gave it")
        number, digest = int(found[1]), found[2]
        return cls(number, "" if number == 0 else digest)

    def __str__(self) -> str:
        return f"{self.number}:{self.hash or _EMPTY_HASH}"


@dataclass(frozen=True, slots=True)
class EntryKey:
    """What an entry's id says: its place, and the beginning of its hash."""

    number: int
    mark: str

    @classmethod
    def parse(cls, text: str) -> Self | None:
        found = _ID.match(text)
        return None if found is None else cls(int(found[1]), found[2])

    def fits(self, digest: str) -> bool:
        return digest[:_MARK_LENGTH] == self.mark


@dataclass(frozen=True, slots=True)
class Entry:
    """One act, as it was written down."""

    number: int
    at: UnixMs
    actor_kind: str
    actor_id: str
    actor_label: str
    ip: str | None
    user_agent: str | None
    request_id: str | None
    action: str
    resource_id: str
    before: Facts
    after: Facts
    previous_hash: str
    hash: str

    @property
    def id(self) -> str:
        return f"{ID_PREFIX}_{self.number}_{self.hash[:_MARK_LENGTH]}"

    @property
    def has_no_facts(self) -> bool:
        return self.before is None and self.after is None


def entry_of(row: Sequence[Any]) -> Entry:  # Any: the columns after `account_id`
    """The entry in a row that `store.of_account` selected."""
    values = list(row)
    values[10], values[11] = _facts(values[10]), _facts(values[11])
    return Entry(*values)


def _facts(text: str | None) -> Facts:
    if text is None:
        return None
    try:
        return msgspec.json.decode(text, type=dict[str, Any])
    except msgspec.DecodeError:  # the chain says that the row was changed; it can still be read
        return text


class BreakKind(StrEnum):
    """How a trail differs from the one that was written."""

    CHANGED = "changed"
    MISSING = "missing"
    REORDERED = "reordered"
    ADDED = "added"


@dataclass(frozen=True, slots=True)
class Break:
    """The first row at which the trail is not what was written."""

    number: int
    kind: BreakKind
    detail: str


class VerificationStatus(StrEnum):
    """Queued until a node takes it; it ends as intact or broken."""

    QUEUED = "queued"
    RUNNING = "running"
    INTACT = "intact"
    BROKEN = "broken"

    @property
    def is_open(self) -> bool:
        return self in {VerificationStatus.QUEUED, VerificationStatus.RUNNING}


@dataclass(frozen=True, slots=True)
class Verification:
    """One run over an account's trail, up to what was its head at the beginning."""

    id: str
    account_id: str
    status: VerificationStatus
    asked_by: str
    known: Anchor | None
    head: Anchor
    checked: Anchor
    found: Break | None
    created_at: UnixMs
    updated_at: UnixMs
    finished_at: UnixMs | None

    @property
    def percent(self) -> int:
        return 100 if not self.head.number else 100 * self.checked.number // self.head.number
