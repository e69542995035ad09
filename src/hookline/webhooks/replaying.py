"""Use cases of replays: ask for one, count what it would send, follow it, cancel it. Free of HTTP."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from hookline.audit.append import record
from hookline.clock import DAY_MS, MINUTE_MS, UnixMs, from_datetime, to_rfc3339
from hookline.errors import Invalid
from hookline.events.model import EventType, types_matching
from hookline.events.read import head_position
from hookline.ids import AccountId, first_of, time_of
from hookline.principal import Principal
from hookline.storage.store import Store
from hookline.storage.transaction import Transaction
from hookline.webhooks import replay_store as sql
from hookline.webhooks.endpoints import get_endpoint
from hookline.webhooks.errors import (
    EndpointDisabled,
    EndpointNotFound,
    ReplayFinished,
    ReplayNotFound,
    ReplayRunning,
)
from hookline.webhooks.formats import Formats
from hookline.webhooks.model import Endpoint
from hookline.webhooks.replay import (
    PREFIX,
    SAMPLE_MAX,
    Replay,
    ReplayStatus,
    Selection,
    rate_of,
    span_of,
)
from hookline.webhooks.replay_walk import Walk

KEPT_DAYS = 90
TOPIC = "replays"
_COUNTED_STRETCHES = 100
"""What a preview looks through before it says `at least`: half a million events, where none has to be
read as a whole."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody wants to be sent again."""

    selection: Selection
    since: datetime
    until: datetime | None = None
    """None: up to now."""
    patterns: tuple[str, ...] | None = None
    """Only events of these types; None: of any."""


@dataclass(frozen=True, slots=True)
class Preview:
    """What a replay would do."""

    count: int
    is_exact: bool
    """False: at least so many."""
    rate: float


async def plan_replay(
    store: Store, principal: Principal, endpoint_id: str, wish: Wish
) -> tuple[Replay, Endpoint]:
    """The replay that would be begun. Raises EndpointNotFound, EndpointDisabled, Invalid."""
    endpoint = await get_endpoint(store, principal, endpoint_id)
    if not endpoint.is_enabled:
        raise EndpointDisabled(f"The webhook {endpoint.id} is disabled; enable it first.")
    now = store.now()
    since, until = _window(store, wish, now)
    first, last = await _positions(store, endpoint.account_id, since, until)
    place = str(first) if wish.selection.makes_new else first_of("dlv", since)
    planned = Replay(
        id=store.ids.new(PREFIX),
        account_id=endpoint.account_id,
        mode=endpoint.mode,
        endpoint_id=endpoint.id,
        selection=wish.selection,
        types=_types(wish.patterns),
        since=since,
        until=until,
        end_position=last,
        status=ReplayStatus.QUEUED,
        rate=await _rate(store, endpoint),
        total=None,
        done=0,
        place=place,
        error=None,
        asked_by=principal.label or principal.id,
        owner=None,
        created_at=now,
        finished_at=None,
    )
    return planned, endpoint


async def preview_replay(
    store: Store, formats: Formats, principal: Principal, endpoint_id: str, wish: Wish
) -> Preview:
    """How many deliveries a replay would make due.

    Raises EndpointNotFound, EndpointDisabled, Invalid.
    """
    planned, endpoint = await plan_replay(store, principal, endpoint_id, wish)
    walk = Walk(store, formats, planned, endpoint)
    count = 0
    for _ in range(_COUNTED_STRETCHES):
        more, place = await walk.count_next()
        count += more
        if place is None:
            return Preview(count, is_exact=True, rate=planned.rate)
    return Preview(count, is_exact=False, rate=planned.rate)


async def begin_replay(tx: Transaction, store: Store, principal: Principal, new: Replay) -> Replay:
    """Store a replay that was planned; a node carries it out. Raises EndpointNotFound, ReplayRunning."""
    if not await tx.execute(sql.lock_endpoint(new.endpoint_id)):
        raise EndpointNotFound(new.endpoint_id)
    for row in await tx.execute(sql.open_of(new.endpoint_id)):
        raise ReplayRunning(f"The webhook is being replayed already: {row.id}.")
    await tx.execute(sql.add(new))
    await tx.changed(sql.forget_finished(UnixMs(new.created_at - KEPT_DAYS * DAY_MS)))
    facts = {
        "replay": new.id,
        "selection": new.selection.value,
        "since": to_rfc3339(new.since),
        "until": to_rfc3339(new.until),
        "events": list(new.types),
    }
    record(tx, principal, "webhook.replay", new.endpoint_id, after=facts)
    tx.notify(TOPIC)
    return new


async def get_replay(store: Store, principal: Principal, replay_id: str) -> Replay:
    """One replay of the caller's account and mode. Raises ReplayNotFound."""
    rows = await store.read(sql.by_id(principal.account_id, principal.mode, replay_id))
    if not rows:
        raise ReplayNotFound(replay_id)
    return sql.replay_of(rows[0])


async def cancel_replay(
    tx: Transaction, store: Store, principal: Principal, replay_id: str
) -> Replay:
    """Make no more deliveries due; those that are stay so. Raises ReplayNotFound, ReplayFinished."""
    rows = await tx.execute(sql.by_id(principal.account_id, principal.mode, replay_id))
    if not rows:
        raise ReplayNotFound(replay_id)
    now = store.now()
    if not await tx.changed(sql.cancel(replay_id, now)):
        raise ReplayFinished(f"The replay is over: {sql.replay_of(rows[0]).status}.")
    [row] = await tx.execute(sql.by_id(principal.account_id, principal.mode, replay_id))
    canceled = sql.replay_of(row)
    record(
        tx, principal, "webhook.replay_cancel", canceled.endpoint_id,
        before={"replay": replay_id}, after={"done": canceled.done, "total": canceled.total},
    )  # fmt: skip
    return replace(canceled, owner=None)


def _window(store: Store, wish: Wish, now: UnixMs) -> tuple[UnixMs, UnixMs]:
    since = from_datetime(wish.since)
    until = min(now, from_datetime(wish.until)) if wish.until is not None else now
    if since >= until:
        where = "/since" if wish.until is None else "/until"
        raise Invalid.at(
            where, "empty_time_range", "`since` must be before `until`, and in the past."
        )
    return since, until


def _types(patterns: tuple[str, ...] | None) -> tuple[str, ...]:
    if patterns is None:
        return tuple(kind.value for kind in EventType)
    found: dict[str, None] = {}
    for place, pattern in enumerate(patterns):
        matching = types_matching(pattern)
        if not matching:
            raise Invalid.at(
                f"/events/{place}",
                "unknown_event_type",
                f"There is no event type {pattern[:64]!r}; see the list.",
            )
        found.update(dict.fromkeys(kind.value for kind in matching))
    return tuple(found)


async def _rate(store: Store, endpoint: Endpoint) -> float:
    now = store.now()
    [sample] = await store.read(sql.made_since(endpoint.id, UnixMs(now - DAY_MS)))
    is_full = sample.made >= SAMPLE_MAX
    oldest = UnixMs(time_of(sample.oldest)) if is_full else None
    least = store.settings.webhook_replay_rate_min
    return rate_of(sample.made, span_of(oldest, now), least=least, most=endpoint.policy.rate_limit)


async def _positions(
    store: Store, account_id: AccountId, since: UnixMs, until: UnixMs
) -> tuple[int, int]:
    """Behind which event, and up to which, those of the time stand. A minute is left on both sides for
    nodes whose clocks differ; which events are within is told by their ids.
    """
    head = await head_position(store, account_id)
    first = await _last_before(store, account_id, UnixMs(since - MINUTE_MS), head)
    if until + MINUTE_MS > store.now():
        return first, head
    return first, await _last_before(store, account_id, UnixMs(until + MINUTE_MS), head)


async def _last_before(store: Store, account_id: AccountId, at: UnixMs, head: int) -> int:
    """The position of the last event before an instant, by halving: events are in order of time."""
    bound = first_of("evt", at)
    [kept] = await store.read(sql.first_position(account_id))
    low, high = (kept.position or head + 1) - 1, head
    oldest = await store.read(sql.event_at(account_id, low + 1))
    if oldest and oldest[0].id >= bound:
        return low
    while low < high:  # `low` is before the instant, or before all; what is behind `high` is not
        middle = (low + high + 1) // 2
        rows: Sequence[object] = await store.read(sql.event_at(account_id, middle))
        if rows and rows[0].id < bound:  # type: ignore[attr-defined]  # a row with its columns
            low = middle
        else:
            high = middle - 1
    return low
