"""The erasure of a person from an account: what was asked for, and how far it is."""

from dataclasses import dataclass
from enum import StrEnum

from hookline.clock import UnixMs
from hookline.ids import AccountId
from hookline.principal import Mode

PREFIX = "ers"


class ErasureStatus(StrEnum):
    """Where an erasure is."""

    RUNNING = "running"
    COMPLETED = "completed"


@dataclass(frozen=True, slots=True)
class Erasure:
    """One wish to be forgotten."""

    id: str
    account_id: AccountId
    mode: Mode
    number: str
    """E.164 while it runs; afterwards only what `e164.redact` leaves of it."""
    status: ErasureStatus
    messages: int
    calls: int
    recordings: int
    step: int
    """Grows with each transaction, so that a node that has lost its lease makes none any more."""
    asked_by: str
    created_at: UnixMs
    """What is newer is not touched."""
    erased_at: UnixMs
    """When something was erased the last time."""
    finished_at: UnixMs | None = None

    @property
    def in_words(self) -> str:
        """What has been erased: `2 messages, 1 call`; empty for nothing."""
        counted = {"message": self.messages, "call": self.calls, "recording": self.recordings}
        return ", ".join(
            f"{count} {noun}{'' if count == 1 else 's'}" for noun, count in counted.items() if count
        )
