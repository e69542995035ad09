"""Statuses as badges: a word, and a tone that is never the only sign."""

from dataclasses import dataclass

_TONES = {
    "delivered": "ok",
    "received": "info",
    "enabled": "ok",
    "undelivered": "bad",
    "failed": "bad",
    "expired": "bad",
    "pending": "warn",
    "disabled": "warn",
    "sending": "info",
    "sent": "info",
    "completed": "ok",
    "in_progress": "info",
    "running": "info",
    "dialing": "info",
    "ringing": "info",
    "busy": "warn",
    "no_answer": "warn",
    "declined": "warn",
}


@dataclass(frozen=True, slots=True)
class Badge:
    """A status as it is shown."""

    title: str
    tone: str = ""


def badge(status: str) -> Badge:
    """The badge of a message, a call, a delivery, a webhook or an erasure."""
    if status == "disabled":
        return Badge("Paused", "warn")
    return Badge(status.replace("_", " ").capitalize(), _TONES.get(status, ""))
