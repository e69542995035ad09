"""`hookline webhooks`: what is sent where, what came of it, and sending it again."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated, Any

import typer
from pydantic import ValidationError
from sqlalchemy import Row

from hookline.api.pagination import Paging, paged
from hookline.cli.numbers import Account
from hookline.cli.output import Json, fail, out, print_facts, print_json, print_table
from hookline.cli.session import operator, run
from hookline.foundation import Core
from hookline.principal import Mode, Principal
from hookline.storage.schema import endpoints
from hookline.webhooks import store as sql
from hookline.webhooks.endpoints import get_endpoint
from hookline.webhooks.history import get_delivery, resend
from hookline.webhooks.model import Endpoint
from hookline.webhooks.schemas import (
    DeliveryDetail,
    DeliverySummary,
    Webhook,
    delivery_detail,
    delivery_shape,
    stored_attempt,
    webhook_shape,
)
from hookline.webhooks.search import DeliverySearch, search_deliveries
from hookline.webhooks.stats import Counts, Stats, get_stats, glance_at
from hookline.webhooks.stats_routes import WebhookStats, stats_shape

webhooks = typer.Typer(
    name="webhooks", help="Webhooks: what is sent where, and again.", no_args_is_help=True
)
ModeOption = Annotated[Mode, typer.Option("--mode", help="live or test.")]
EndpointId = Annotated[str, typer.Argument(metavar="ID", help="The webhook: whk_…")]
_EXAMPLE = "Example:  hookline webhooks"


async def acting(core: Core, account: str | None, mode: Mode) -> Principal:
    """The one at the command line, in live or in test mode."""
    return replace(await operator(core, account), mode=mode)


@webhooks.command(name="list", epilog=f"{_EXAMPLE} list --json")
def list_all(
    limit: Annotated[int, typer.Option(min=1, max=100, help="How many, up to 100.")] = 100,
    mode: ModeOption = Mode.LIVE,
    account: Account = None,
    json: Json = False,
) -> None:
    """The account's webhooks, newest first, and how they do: by their newest 100 deliveries of the
    last 24 hours.
    """

    async def work(core: Core) -> list[tuple[Endpoint, Counts]]:
        principal = await acting(core, account, mode)
        mine = sql.of_account(principal.account_id, principal.mode)
        statement = paged(mine, endpoints.c.id, Paging(limit=limit), prefix="whk")
        found = [sql.endpoint_of(row) for row in (await core.store.read(statement))[:limit]]
        seen = await glance_at(core.store, [one.id for one in found])
        return [(one, seen[one.id]) for one in found]

    found = run(work)
    if json:
        print_json(
            [
                {**_shown(one), "success_rate": counts.success_rate, "pending": counts.pending}
                for one, counts in found
            ]
        )
        return
    print_table(
        ("id", "url", "events", "state", "delivered", "failed", "pending"),
        [
            (
                one.id, one.url, " ".join(one.subscription.patterns), _state(one),
                counts.delivered, counts.failed, counts.pending,
            )
            for one, counts in found
        ],
        "There is no webhook yet. Make one in the console, or with POST /v1/webhooks.",
    )  # fmt: skip


@webhooks.command(epilog=f"{_EXAMPLE} show whk_01jz…")
def show(
    webhook_id: EndpointId,
    mode: ModeOption = Mode.LIVE,
    account: Account = None,
    json: Json = False,
) -> None:
    """One webhook, without its secret, and how it does."""

    async def work(core: Core) -> tuple[Endpoint, Stats]:
        principal = await acting(core, account, mode)
        endpoint = await get_endpoint(core.store, principal, webhook_id)
        return endpoint, await get_stats(core.store, principal, webhook_id)

    endpoint, stats = run(work)
    shape = stats_shape(endpoint.id, stats)
    if json:
        print_json({**_shown(endpoint), "stats": shape.model_dump(mode="json")})
        return
    facts = {
        "url": endpoint.url,
        "description": endpoint.description,
        "events": " ".join(endpoint.subscription.patterns),
        "numbers": " ".join(sorted(endpoint.numbers)) or "all",
        "format": endpoint.format,
        "state": _state(endpoint),
    }
    print_facts({**facts, **_stats_facts(shape)})


@webhooks.command(
    epilog=f"{_EXAMPLE} deliveries --number +12025550110 --status failed   or, what came of one:  "
    "hookline webhooks deliveries --id dlv_01jz… --attempts"
)
def deliveries(
    webhook: Annotated[str | None, typer.Option(help="Only of this one.")] = None,
    number: Annotated[str | None, typer.Option(help="About this phone number.")] = None,
    status: Annotated[
        str | None, typer.Option(help="pending, delivered, failed or canceled.")
    ] = None,
    event_type: Annotated[str | None, typer.Option(help="message.delivered, …")] = None,
    event_id: Annotated[str | None, typer.Option(help="evt_…, the webhook-id.")] = None,
    resource_id: Annotated[str | None, typer.Option(help="msg_…, call_…, …")] = None,
    response_status: Annotated[str | None, typer.Option(help="404, 5xx, or none.")] = None,
    since: Annotated[str | None, typer.Option(help="RFC 3339: 2026-01-15T09:30:00Z.")] = None,
    until: Annotated[str | None, typer.Option(help="RFC 3339; before it.")] = None,
    id: Annotated[str | None, typer.Option("--id", help="How its id begins.")] = None,
    attempts: Annotated[bool, typer.Option("--attempts", help="With every attempt.")] = False,
    limit: Annotated[int, typer.Option(help="How many, up to 100.")] = 20,
    mode: ModeOption = Mode.LIVE,
    account: Account = None,
    json: Json = False,
) -> None:
    """Deliveries, newest first."""
    wanted = _search(
        number=number, status=status, event_type=event_type, event_id=event_id,
        resource_id=resource_id, response_status=response_status, since=since, until=until, id=id,
        limit=limit,
    )  # fmt: skip

    async def work(core: Core) -> list[DeliverySummary]:
        principal = await acting(core, account, mode)
        endpoint = None if webhook is None else await get_endpoint(core.store, principal, webhook)
        known = None if endpoint is None else endpoint.id
        rows = await search_deliveries(core.store, principal, wanted, known)
        return await _shapes(core, principal, rows[: wanted.limit], with_attempts=attempts)

    found = run(work)
    if json:
        print_json([shape.model_dump(mode="json") for shape in found])
        return
    print_table(
        ("made", "status", "event", "about", "answer", "attempts", "id"),
        [
            (
                shape.created_at, shape.status.value, shape.event_type, shape.resource_id,
                shape.last_error or shape.last_status, shape.attempt_count, shape.id,
            )
            for shape in found
        ],
        "No delivery is like this.",
    )  # fmt: skip
    for shape in found:
        if isinstance(shape, DeliveryDetail):
            _print_attempts(shape)


@webhooks.command(name="resend", epilog=f"{_EXAMPLE} resend dlv_01jz…")
def resend_one(
    delivery_id: Annotated[str, typer.Argument(metavar="ID", help="The delivery: dlv_…")],
    mode: ModeOption = Mode.LIVE,
    account: Account = None,
    json: Json = False,
) -> None:
    """Have one delivery made again at once, with the same webhook-id, by the running server."""

    async def work(core: Core) -> DeliverySummary:
        principal = await acting(core, account, mode)
        return delivery_shape(
            await core.store.commit(lambda tx: resend(tx, core.store, principal, delivery_id))
        )

    shape = run(work)
    if json:
        print_json(shape)
    else:
        out.print(f"{shape.id} is due again: {shape.event_type} to {shape.url}", soft_wrap=True)


async def _shapes(
    core: Core, principal: Principal, rows: Sequence[Row[Any]], *, with_attempts: bool
) -> list[DeliverySummary]:  # Any: every column of the table
    if not with_attempts:
        return [delivery_shape(row) for row in rows]
    shapes: list[DeliverySummary] = []
    for row in rows:
        found, attempts = await get_delivery(core.store, principal, row.id)
        shapes.append(delivery_detail(found, [stored_attempt(one) for one in attempts]))
    return shapes


def _print_attempts(shape: DeliveryDetail) -> None:
    out.print(f"\n{shape.id}")
    for one in shape.attempts:
        answer = one.error or one.status
        out.print(f"  {one.attempted_at}  {one.elapsed_ms} ms  {answer}", soft_wrap=True)
        if one.response_body:
            out.print(f"  {one.response_body}", markup=False, soft_wrap=True)


def _shown(endpoint: Endpoint) -> dict[str, Any]:  # Any: JSON
    hidden = {"secret", "headers", "previous_secret_expires_at"}
    shape: Webhook = webhook_shape(endpoint)
    return shape.model_dump(mode="json", exclude=hidden)


def _state(endpoint: Endpoint) -> str:
    return "enabled" if endpoint.is_enabled else f"disabled: {endpoint.disabled_reason}"


def _stats_facts(shape: WebhookStats) -> dict[str, object]:
    rate, failure = shape.success_rate, shape.last_failure
    more = "" if shape.backlog_is_exact else " or more"
    return {
        "delivered": "–"
        if rate is None
        else f"{rate:.1%} of {shape.counts.delivered + shape.counts.failed}",
        "took": "–" if shape.p50_ms is None else f"{shape.p50_ms} ms, 95 % up to {shape.p95_ms} ms",
        "waiting": f"{shape.backlog}{more}",
        "oldest": shape.oldest_undelivered_at or "–",
        "last success": shape.last_success_at or "–",
        "last failure": "–"
        if failure is None
        else f"{failure.at}: {failure.error or failure.status}",
    }


def _search(**named: Any) -> DeliverySearch:  # Any: each option's own type
    given = {name: value for name, value in named.items() if value is not None}
    try:
        return DeliverySearch(**given)
    except ValidationError as error:
        found = error.errors(include_url=False)[0]
        name = str(found["loc"][0]).replace("_", "-")
        fail(f"--{name}: {found['msg'].removeprefix('Value error, ')}", status=2)
