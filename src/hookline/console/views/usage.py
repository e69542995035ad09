"""What is known of a credential's use, as its page shows it."""

from collections.abc import Sequence
from dataclasses import dataclass

from hookline.clock import DAY_MS
from hookline.console.times import day as day_of
from hookline.credentials.usage_facts import AddressUse, DayUse, UsageFacts

HEIGHT = 100
_STEP = 10
_WIDTH = 8
_LEAST = 2
"""A day with a single request is still seen beside one with a thousand."""
CHOICES = (30, 90)


@dataclass(frozen=True, slots=True)
class Bar:
    """One day of the chart; places and heights in the drawing's own units."""

    title: str
    day: str
    requests: int
    errors: int
    x: int
    height: int
    """Of all requests; the failed ones stand at the foot."""
    bad_height: int

    @property
    def y(self) -> int:
        return HEIGHT - self.height

    @property
    def bad_y(self) -> int:
        return HEIGHT - self.bad_height


@dataclass(frozen=True, slots=True)
class UsageView:
    """Figures, chart, addresses, and scopes that the credential does without."""

    days: int
    bars: Sequence[Bar]
    width: int
    requests: int
    errors: int
    skipped: int
    busiest: Bar | None
    summary: str
    """What the chart shows, in words."""
    addresses: Sequence[AddressUse]
    unused: Sequence[str]
    early: Sequence[str]
    """Not used yet, and too young to be called unused."""
    can_say: bool
    known_from: int | None
    """When it can be said of the first of them."""

    @property
    def is_empty(self) -> bool:
        return self.requests == 0


def usage_view(facts: UsageFacts, days: int, now: int) -> UsageView:
    """What people see of the last so many days."""
    shown = facts.days[-days:]
    most = max((one.requests for one in shown), default=0)
    bars = [_bar(one, place, most) for place, one in enumerate(shown)]
    requests, errors = sum(one.requests for one in shown), sum(one.errors for one in shown)
    busiest = max(bars, key=lambda bar: bar.requests) if requests else None
    early = facts.early_scopes(now)
    return UsageView(
        days=days,
        bars=bars,
        width=_STEP * len(bars),
        requests=requests,
        errors=errors,
        skipped=sum(one.skipped for one in shown),
        busiest=busiest,
        summary=_summary(days, requests, errors, busiest),
        addresses=facts.addresses,
        unused=facts.unused_scopes(now),
        early=early,
        can_say=facts.can_say(now),
        known_from=min((facts.scopes[scope].known_from for scope in early), default=None),
    )


def chosen_days(text: str) -> int:
    """30 or 90."""
    return int(text) if text.isdecimal() and int(text) in CHOICES else CHOICES[0]


def _bar(use: DayUse, place: int, most: int) -> Bar:
    name = day_of(use.day * DAY_MS)
    return Bar(
        title=f"{name}: {use.requests} request{'' if use.requests == 1 else 's'}, "
        f"{use.errors} failed",
        day=name,
        requests=use.requests,
        errors=use.errors,
        x=place * _STEP + (_STEP - _WIDTH) // 2,
        height=_height(use.requests, most),
        bad_height=_height(use.errors, most),
    )


def _height(count: int, most: int) -> int:
    return max(_LEAST, round(HEIGHT * count / most)) if count else 0


def _summary(days: int, requests: int, errors: int, busiest: Bar | None) -> str:
    if busiest is None:
        return f"No requests in the last {days} days."
    return (
        f"Requests a day over the last {days} days: {requests} in all, {errors} of them failed. "
        f"The busiest day was {busiest.day} with {busiest.requests}."
    )
