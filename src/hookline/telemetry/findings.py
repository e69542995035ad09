"""What an examination of an installation finds, and how to mend it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at."""

    subject: str
    is_ok: bool
    text: str
    fix: str = ""

    def facts(self) -> dict[str, object]:
        return {
            "subject": self.subject, "ok": self.is_ok, "text": self.text, "fix": self.fix,
        }  # fmt: skip


def good(subject: str, text: str, fix: str = "") -> Finding:
    """As it should be; `fix`: what to do if more is wanted of it."""
    return Finding(subject, is_ok=True, text=text, fix=fix)


def bad(subject: str, text: str, fix: str) -> Finding:
    """Not as it should be, and what to do."""
    return Finding(subject, is_ok=False, text=text, fix=fix)
