"""`hookline webhooks replay`: has a running server send again what a webhook has missed."""

import asyncio
import re
import sys
from datetime import timedelta
from typing import Annotated

import typer
from pydantic import ValidationError
from rich.console import Console
from rich.progress import Progress

from hookline.cli.numbers import Account
from hookline.cli.output import Json, fail, out, print_json
from hookline.cli.session import run
from hookline.cli.webhooks import EndpointId, ModeOption, acting
from hookline.clock import SystemClock, to_rfc3339
from hookline.foundation import Core
from hookline.principal import Mode, Principal
from hookline.webhooks.replay import Replay, ReplayStatus, Selection
from hookline.webhooks.replay_schemas import ReplayCreate, ReplayPreview, replay_shape
from hookline.webhooks.replaying import (
    Preview,
    begin_replay,
    get_replay,
    plan_replay,
    preview_replay,
)

_LOOK_EVERY_S = 0.5
_SERVER_HINT_S = 15.0
_UNITS = {"m": "minutes", "h": "hours", "d": "days"}
_ago = re.compile(r"([0-9]{1,5})([mhd])").fullmatch


def replay(
    webhook_id: EndpointId,
    since: Annotated[str, typer.Option(help="24h, 3d, 30m ago, or RFC 3339.")],
    until: Annotated[
        str | None, typer.Option(help="The same, before it; now when left out.")
    ] = None,
    status: Annotated[
        Selection, typer.Option(help="failed, missing (never made), or all, delivered ones too.")
    ] = Selection.FAILED,
    events: Annotated[
        list[str] | None, typer.Option(help="Only message.*, …; may be repeated.")
    ] = None,
    preview: Annotated[bool, typer.Option("--preview", help="Only count.")] = False,
    wait: Annotated[bool, typer.Option("--wait", help="Wait until it is over.")] = False,
    mode: ModeOption = Mode.LIVE,
    account: Account = None,
    json: Json = False,
) -> None:
    """Have a webhook sent again what it missed, with the same webhook-id as before, by the running
    server, at most at twice its normal rate.
    """
    body = _body(since, until, status, events)

    async def count(core: Core) -> Preview:
        principal = await acting(core, account, mode)
        return await preview_replay(core.store, core.formats, principal, webhook_id, body.wish())

    async def begin(core: Core) -> Replay:
        principal = await acting(core, account, mode)
        planned, _ = await plan_replay(core.store, principal, webhook_id, body.wish())
        begun = await core.store.commit(lambda tx: begin_replay(tx, core.store, principal, planned))
        return await _follow(core, principal, begun) if wait else begun

    if preview:
        _say_count(run(count), json=json)
        return
    done = run(begin)
    if json:
        print_json(replay_shape(done))
    else:
        of = "" if done.total is None else f" of {done.total}"
        out.print(f"{done.id} {done.status.value}: {done.done}{of} made due")
    if done.status in {ReplayStatus.FAILED, ReplayStatus.CANCELED}:
        fail(f"The replay is {done.status.value}{': ' + done.error if done.error else ''}.")


def install(group: typer.Typer) -> None:
    """Add the command to its group."""
    group.command(
        epilog="Example:  hookline webhooks replay whk_01jz… --since 24h --wait   or first:  "
        "hookline webhooks replay whk_01jz… --since 24h --status missing --preview"
    )(replay)


async def _follow(core: Core, principal: Principal, begun: Replay) -> Replay:
    current, waited_s = begun, 0.0
    with Progress(console=Console(stderr=True), disable=not sys.stderr.isatty()) as progress:
        task = progress.add_task(begun.id, total=None)
        while current.status.is_open:
            await asyncio.sleep(_LOOK_EVERY_S)
            waited_s += _LOOK_EVERY_S
            current = await get_replay(core.store, principal, begun.id)
            progress.update(task, total=current.total, completed=current.done)
            if current.status is ReplayStatus.QUEUED and waited_s >= _SERVER_HINT_S:
                fail("The replay is stored, but no server takes it. Start one:  hookline up")
    return current


def _say_count(found: Preview, *, json: bool) -> None:
    shape = ReplayPreview(count=found.count, is_exact=found.is_exact, rate=round(found.rate, 3))
    if json:
        print_json(shape)
        return
    least = "" if shape.is_exact else "at least "
    out.print(f"{least}{shape.count} deliveries, at most {shape.rate:g} a second")


def _body(
    since: str, until: str | None, status: Selection, events: list[str] | None
) -> ReplayCreate:
    given = {"since": _instant(since), "status": status, "events": events or None}
    if until is not None:
        given["until"] = _instant(until)
    try:
        return ReplayCreate.model_validate(given)
    except ValidationError as error:
        found = error.errors(include_url=False)[0]
        fail(f"--{found['loc'][0]}: {found['msg'].removeprefix('Value error, ')}", status=2)


def _instant(text: str) -> str:
    """RFC 3339 of a time ago; any other text as it is."""
    found = _ago(text)
    if found is None:
        return text
    ago = timedelta(**{_UNITS[found[2]]: int(found[1])})
    now = SystemClock().now_ms()
    return to_rfc3339(max(0, now - int(ago.total_seconds() * 1_000)))
