"""Rotations as people see them: what can be chosen, how a grace goes, which tokens there were."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from hookline.clock import DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS
from hookline.credentials.model import EXTENSION_S, LastUse, PreviousToken, TokenVersion

_HOUR_S = HOUR_MS // SECOND_MS
_DAY_S = DAY_MS // SECOND_MS
EARLY_S = _HOUR_S
"""How long after the new token's first use the box in the dialog ends a grace."""
QUIET_MS = 24 * HOUR_MS
"""An old token that was not used for so long is probably used no more."""


@dataclass(frozen=True, slots=True)
class Choice:
    """A grace that the dialog offers."""

    seconds: int
    title: str
    then: str


CHOICES: Sequence[Choice] = (
    Choice(0, "Do not keep it", "It stops at once: callers get 401 until they have the new one."),
    Choice(_HOUR_S, "1 hour", "For one application that you can restart now."),
    Choice(_DAY_S, "24 hours", "Time to deploy the new one. You can end it early."),
    Choice(7 * _DAY_S, "7 days", "For services that are released weekly."),
    Choice(30 * _DAY_S, "30 days", "For devices, and for partners who need time."),
)
RECOMMENDED_S = _DAY_S
_SECONDS = frozenset(choice.seconds for choice in CHOICES)


@dataclass(frozen=True, slots=True)
class Used:
    """The latest use of a token."""

    at: int
    ip: str
    route: str
    user_agent: str


@dataclass(frozen=True, slots=True)
class GraceView:
    """The grace of an old token."""

    token: str
    last4: str
    requests: int
    """How many came with it since the rotation."""
    rotated_at: int
    ends_at: int
    is_extended: bool
    percent: int
    used: Used | None
    is_quiet: bool
    """Whether it has not been used since the rotation, or for a day."""
    early: str
    """How long after the new token's first use, still to come, the grace ends."""


@dataclass(frozen=True, slots=True)
class VersionView:
    """One token of a credential."""

    token: str
    state: str
    tone: str
    created_at: int
    ended_at: int | None
    used: Used | None


def chosen_grace(text: str) -> int:
    """The grace that was chosen, seconds; what the dialog does not offer is the recommended one."""
    return int(text) if text.isdecimal() and int(text) in _SECONDS else RECOMMENDED_S


def grace_view(old: PreviousToken | None, early_ms: int | None, now: int) -> GraceView | None:
    """What people see of a grace, if there is one."""
    if old is None:
        return None
    length = max(1, old.grace_ends_at - old.rotated_at)
    return GraceView(
        token=f"{old.prefix}…{old.last4}",
        last4=old.last4,
        requests=old.requests,
        rotated_at=old.rotated_at,
        ends_at=old.grace_ends_at,
        is_extended=old.is_extended,
        percent=min(100, max(1, round(100 * (now - old.rotated_at) / length))),
        used=used_view(old.last_used),
        is_quiet=_is_quiet(old, now),
        early="" if early_ms is None else span(early_ms),
    )


def _is_quiet(old: PreviousToken, now: int) -> bool:
    """Its time of use may be a minute old; how many requests there were is known earlier."""
    last = old.last_used.at if old.last_used else 0
    if last < old.rotated_at:
        return old.requests == 0
    return last < now - QUIET_MS


def version_view(version: TokenVersion, now: int) -> VersionView:
    """What people see of one token."""
    state, tone = _STATES[version.status]
    if version.status == "rotated" and (version.ended_at or 0) > now:
        state, tone = "Old, in its grace", "warn"
    return VersionView(
        token=f"{version.prefix}…{version.last4}",
        state=state,
        tone=tone,
        created_at=version.created_at,
        ended_at=version.ended_at,
        used=used_view(version.last_used),
    )


def used_view(use: LastUse | None) -> Used | None:
    return None if use is None else Used(use.at, use.ip, use.route, use.user_agent)


def span(milliseconds: int) -> str:
    """`7 days`, `24 h`, `30 min`, `10 s`: the largest unit that says it whole."""
    for unit_ms, one, many in _UNITS:
        if milliseconds >= unit_ms and milliseconds % unit_ms == 0:
            count = milliseconds // unit_ms
            return f"{count} {one if count == 1 else many}"
    return f"{milliseconds // SECOND_MS} s"


def choices(seconds: Iterable[int] = _SECONDS) -> list[Choice]:
    """The choices among these."""
    wanted = frozenset(seconds)
    return [choice for choice in CHOICES if choice.seconds in wanted]


_UNITS = (
    (DAY_MS, "day", "days"), (HOUR_MS, "hour", "hours"), (MINUTE_MS, "minute", "minutes"),
)  # fmt: skip
_STATES = {
    "active": ("Present", "ok"),
    "rotated": ("Rotated out", ""),
    "canceled": ("Canceled", ""),
    "disabled": ("Disabled", "warn"),
    "revoked": ("Revoked", "bad"),
}
EXTENSION = span(EXTENSION_S * SECOND_MS)
