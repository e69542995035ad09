"""`hookline listen`: events as they happen, and on to a receiver that is being developed."""

import asyncio
import signal
from collections.abc import AsyncIterator, Coroutine, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from typing import Annotated

import aiohttp
import typer

from hookline.cli.event_lines import Lines
from hookline.cli.event_source import CannotListen, OnData, OverHttp, Source, follow
from hookline.cli.forwarding import Dress, Forwarder
from hookline.cli.listening_dress import dress_from_api, dress_from_data
from hookline.cli.numbers import Account
from hookline.cli.output import Json, fail
from hookline.cli.serving import address_of
from hookline.cli.session import operator, run
from hookline.clock import SystemClock
from hookline.errors import HooklineError, Invalid
from hookline.events.model import types_matching
from hookline.foundation import Core
from hookline.outbound.signing import check_secret
from hookline.outbound.targets import parse_target
from hookline.principal import Mode
from hookline.settings import Settings

_PATIENCE_S = 3.0


@dataclass(frozen=True, slots=True)
class Wish:
    """What to listen to, and what to do with it."""

    patterns: tuple[str, ...]
    after: str | None
    forward_to: str | None
    webhook: str | None
    secret: str | None
    as_json: bool


@dataclass(frozen=True, slots=True)
class Listening:
    """What a run needs: where events come from, and how to dress what is forwarded."""

    source: Source
    dress: Dress | None


def install(app: typer.Typer) -> None:
    """Add the command."""
    app.command(
        epilog="Example:  hookline listen --events 'message.*' "
        "--forward-to http://localhost:9000/hooks"
    )(listen)


def listen(
    events: Annotated[
        list[str] | None,
        typer.Option(help="A type or a pattern such as message.*; may be given several times."),
    ] = None,
    forward_to: Annotated[
        str | None, typer.Option(help="Send each event on to this URL, signed.")
    ] = None,
    webhook: Annotated[
        str | None,
        typer.Option(help="Sign, write and choose events as for this webhook (its id, whk_…)."),
    ] = None,
    start: Annotated[
        str, typer.Option("--from", help="now, an event's id, or a position: 0 is the oldest.")
    ] = "now",
    secret: Annotated[
        str | None,
        typer.Option(
            envvar="HOOKLINE_LISTEN_SECRET",
            help="Sign with this secret (whsec_…) in place of the account's.",
        ),
    ] = None,
    url: Annotated[
        str | None,
        typer.Option(envvar="HOOKLINE_URL", help="The server, where a token is given."),
    ] = None,
    token: Annotated[
        str | None,
        typer.Option(
            envvar="HOOKLINE_TOKEN",
            help="Listen over HTTP with this token; without one, on this installation's data.",
        ),
    ] = None,
    mode: Annotated[Mode, typer.Option(help="Which events; a token has its own.")] = Mode.LIVE,
    account: Account = None,
    json: Json = False,
) -> None:
    """Print events as they happen, and forward them to a receiver on your machine. Ctrl-C ends it."""
    wish = Wish(
        tuple(events or ()), None if start == "now" else start, forward_to, webhook, secret, json
    )
    _check(wish)
    lines = Lines(as_json=json)
    try:
        if token:
            asyncio.run(_over_http(wish, lines, url or address_of(Settings()), token))
        else:
            run(lambda core: _on_data(core, wish, lines, account, mode))
    except CannotListen as error:
        fail(str(error))


def _check(wish: Wish) -> None:
    """Refuse what cannot work before anything is asked."""
    for pattern in wish.patterns:
        if not types_matching(pattern):
            fail(f"--events: there is no event type {pattern!r}; see docs/reference/events.md.", 2)
    if wish.forward_to is None and (wish.webhook or wish.secret):
        fail("--webhook and --secret say how to sign: give --forward-to, too.", status=2)
    try:
        if wish.forward_to is not None:
            parse_target(wish.forward_to)
        if wish.secret is not None:
            check_secret(wish.secret)
    except HooklineError as error:
        fail(error.detail, status=2)


# --- where events come from ---------------------------------------------------------------------------


async def _over_http(wish: Wish, lines: Lines, url: str, token: str) -> None:
    if not url.startswith(("http://", "https://")):
        fail("--url must start with https:// or http://.", status=2)
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as session:
        server = OverHttp(session, url, token)
        dress = None
        if wish.forward_to is not None:
            dress = await dress_from_api(server, wish.webhook, wish.secret)
        await _listen(Listening(server, dress), wish, lines)


async def _on_data(core: Core, wish: Wish, lines: Lines, account: str | None, mode: Mode) -> None:
    principal = replace(await operator(core, account), mode=mode)
    dress = None
    if wish.forward_to is not None:
        dress = await dress_from_data(core, principal, wish.webhook, wish.secret)
    hearing = asyncio.create_task(core.wakeups.run())
    try:
        await _listen(Listening(OnData(core, principal), dress), wish, lines)
    except Invalid as error:
        found = error.errors[0].detail if error.errors else error.detail
        raise CannotListen(found) from error
    finally:
        hearing.cancel()


# --- following ----------------------------------------------------------------------------------------


async def _listen(listening: Listening, wish: Wish, lines: Lines) -> None:
    """Until Ctrl-C, SIGTERM, or nobody reads what is printed. Raises CannotListen."""
    dress = listening.dress
    patterns = wish.patterns or (dress.patterns if dress is not None else ())
    try:
        async with AsyncExitStack() as stack:
            forwarder = None
            if wish.forward_to is not None and dress is not None:
                forwarder = await stack.enter_async_context(
                    _forwarding(wish.forward_to, dress, lines)
                )
            await _until_stopped(_follow(listening.source, wish.after, patterns, lines, forwarder))
    except CannotListen:
        if lines.events:
            lines.summary()
        raise
    lines.summary()


@asynccontextmanager
async def _forwarding(url: str, dress: Dress, lines: Lines) -> AsyncIterator[Forwarder]:
    forwarder = Forwarder(url, dress, lines.answer, clock=SystemClock(), settings=Settings())
    lines.notice(f"Forwarding to {url}. Verify with {dress.secrets[0]} ({dress.whose}).")
    try:
        yield forwarder
        lines.cut_off(await forwarder.finish(_PATIENCE_S))
    finally:
        await forwarder.finish(0)
        await forwarder.close()


async def _until_stopped(work: Coroutine[None, None, None]) -> None:
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopped.set)
    working, stopping = asyncio.create_task(work), asyncio.create_task(stopped.wait())
    try:
        await asyncio.wait({working, stopping}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        stopping.cancel()
        working.cancel()
        await asyncio.wait({working})
    if not working.cancelled():
        working.result()


async def _follow(
    source: Source,
    after: str | None,
    patterns: Sequence[str],
    lines: Lines,
    forwarder: Forwarder | None,
) -> None:
    asked = patterns[0] if len(patterns) == 1 else None  # the stream takes one pattern
    wanted = {kind for pattern in patterns or ("*",) for kind in types_matching(pattern)}
    async for told in follow(source, after=after, pattern=asked, notice=lines.notice):
        if told.type not in wanted:
            continue
        body = None if forwarder is None else forwarder.written(told)
        lines.event(told, is_sent_on=body is not None)
        if forwarder is not None and body is not None:
            await forwarder.take(told, body)
        if lines.nobody_reads:
            return
