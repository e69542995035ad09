"""Replays of a webhook: ask for one with a count beforehand, see how far it is, cancel it."""

from datetime import timedelta

from starlette.responses import Response

from hookline.clock import MINUTE_MS, to_datetime
from hookline.console import store as sql
from hookline.console.forms import Form
from hookline.console.navigation import WEBHOOKS
from hookline.console.routing import Page
from hookline.console.views import webhook_health as health
from hookline.console.views import webhooks as views
from hookline.console.visit import Visit
from hookline.errors import Conflict, Invalid
from hookline.principal import Scope
from hookline.webhooks import replaying
from hookline.webhooks.endpoints import get_endpoint
from hookline.webhooks.replay import Selection
from hookline.webhooks.replay_store import replay_of

SPANS = {
    "1h": "The last hour",
    "24h": "The last 24 hours",
    "yesterday": "Since yesterday, 00:00 UTC",
    "7d": "The last 7 days",
    "all": "All that is kept",
}
_HOURS = {"1h": 1, "24h": 24, "7d": 168}
_SHOWN_FOR_MS = 10 * MINUTE_MS
"""A replay that has ended stays on the page for so long."""


async def show_replay(visit: Visit) -> Response:
    return await _dialog(visit, _wish_of(visit, "failed", "yesterday", ""))


async def preview(visit: Visit) -> Response:
    """How many it would be: a part of the dialog, whenever a choice changes."""
    found, error = await _preview(visit, _typed_wish(visit, visit.typed))
    return visit.fragment("webhooks/replay_count.html", preview=found, error=error)


async def begin(visit: Visit) -> Response:
    """Begin it, unless one goes on."""
    webhook_id, wish = visit.guest.path("id"), _typed_wish(visit, visit.typed)
    try:
        planned, _ = await replaying.plan_replay(visit.store, visit.principal, webhook_id, wish)
        await visit.commit(
            lambda tx: replaying.begin_replay(tx, visit.store, visit.principal, planned)
        )
    except (Invalid, Conflict) as error:
        return await _dialog(visit, wish, error=error.detail, status_code=422)
    return visit.stay("Replay begun", f"{WEBHOOKS}/{webhook_id}")


async def show_progress(visit: Visit) -> Response:
    """How far the newest replay is: the page asks again while it goes on."""
    webhook_id = visit.guest.path("id")
    await get_endpoint(visit.store, visit.principal, webhook_id)
    if not visit.guest.is_htmx:
        return visit.go(f"{WEBHOOKS}/{webhook_id}")
    replay = await latest(visit, webhook_id)
    response = visit.fragment(
        "webhooks/replay_progress.html",
        replay=replay,
        at=f"{WEBHOOKS}/{webhook_id}",
        may_write=visit.may(Scope.WEBHOOKS_WRITE),
    )
    if replay is not None and not replay.is_open:
        response.headers["HX-Trigger"] = "refresh"  # no event tells what deliveries come to
    return response


async def cancel(visit: Visit) -> Response:
    """Make no more deliveries due."""
    replay_id = visit.guest.path("replay")
    try:
        await visit.commit(
            lambda tx: replaying.cancel_replay(tx, visit.store, visit.principal, replay_id)
        )
    except Conflict as error:
        return visit.stay(error.detail, f"{WEBHOOKS}/{visit.guest.path('id')}")
    return visit.stay("Replay canceled", f"{WEBHOOKS}/{visit.guest.path('id')}")


async def latest(visit: Visit, webhook_id: str) -> health.ReplayView | None:
    """The newest replay, while it goes on and shortly afterwards."""
    for row in await visit.store.read(sql.latest_replay(visit.principal, webhook_id)):
        found = replay_of(row)
        if found.finished_at is None or visit.now - found.finished_at < _SHOWN_FOR_MS:
            return health.replay_view(found, visit.now)
    return None


def _typed_wish(visit: Visit, form: Form) -> replaying.Wish:
    return _wish_of(visit, form.text("status"), form.text("within"), form.text("events"))


def _wish_of(visit: Visit, status: str, within: str, pattern: str) -> replaying.Wish:
    now = to_datetime(visit.now)
    if within == "yesterday":
        since = now.replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=1)
    elif within in _HOURS:
        since = now - timedelta(hours=_HOURS[within])
    else:
        since = now - timedelta(days=visit.store.settings.event_retention_days)
    chosen = Selection(status) if status in set(Selection) else Selection.FAILED
    return replaying.Wish(chosen, since, None, (pattern,) if pattern else None)


async def _preview(visit: Visit, wish: replaying.Wish) -> tuple[replaying.Preview | None, str]:
    try:
        return await replaying.preview_replay(
            visit.store, visit.console.webhooks.formats, visit.principal,
            visit.guest.path("id"), wish,
        ), ""  # fmt: skip
    except (Invalid, Conflict) as error:
        return None, error.detail


async def _dialog(
    visit: Visit, wish: replaying.Wish, *, error: str = "", status_code: int = 200
) -> Response:
    endpoint = await get_endpoint(visit.store, visit.principal, visit.guest.path("id"))
    found, problem = await _preview(visit, wish)
    typed = visit.typed if visit.request.method == "POST" else None
    return await visit.dialog(
        "webhooks/replay.html",
        "Replay",
        status_code=status_code,
        webhook=views.webhook_view(endpoint, visit.now),
        selections=health.SELECTIONS,
        spans=SPANS,
        families=views.families(visit.principal),
        chosen={
            "status": wish.selection.value,
            "within": typed.text("within") if typed else "yesterday",
            "events": wish.patterns[0] if wish.patterns else "",
        },
        preview=found,
        error=error or problem,
    )


_READ, _WRITE = Scope.WEBHOOKS_READ, Scope.WEBHOOKS_WRITE
_ONE = f"{WEBHOOKS}/{{id}}"
PAGES = (
    Page("GET", f"{_ONE}/replay", show_replay, _WRITE),
    Page("POST", f"{_ONE}/replay/count", preview, _WRITE),
    Page("POST", f"{_ONE}/replay", begin, _WRITE),
    Page("GET", f"{_ONE}/replay/progress", show_progress, _READ),
    Page("POST", f"{_ONE}/replays/{{replay}}/cancel", cancel, _WRITE),
)
