"""`hookline carriers`."""

import asyncio
from dataclasses import dataclass
from typing import Annotated

import msgspec
import typer
from rich.markup import escape

from hookline.carriers.http.dialect import HttpRequest
from hookline.carriers.http.preview import Sample
from hookline.carriers.http.preview_routes import preview_added
from hookline.carriers.live_state import LinkView
from hookline.carriers.reading import LinkedCarrier, all_carriers, get_carrier
from hookline.carriers.registration import find_carrier_named, remove_carrier
from hookline.carriers.schemas import CarrierShapes, link_shape
from hookline.carriers.trial import Trial, TrialMessage, TrialResult
from hookline.cli.connecting_http import add, print_request
from hookline.cli.numbers import Account
from hookline.cli.output import Json, fail, out, print_facts, print_json, print_table
from hookline.cli.session import operator, run
from hookline.clock import UnixMs, to_rfc3339
from hookline.foundation import KINDS, Core
from hookline.ids import CarrierId
from hookline.messages.books import Books
from hookline.messages.hand_over import DispatchElsewhere
from hookline.messages.model import FINAL, Message, Status
from hookline.messages.reading import find_message
from hookline.messages.resource import encode_with_timeline, timeline
from hookline.messages.submission import Submission
from hookline.messages.trial import Trials, error_in_words
from hookline.principal import Principal
from hookline.settings import Settings
from hookline.telemetry.link_state import LinkState, SessionState

carriers = typer.Typer(
    name="carriers", help="Carriers, and how their links are.", no_args_is_help=True
)
carriers.add_typer(add)

CarrierName = Annotated[str, typer.Argument(metavar="NAME", help="The carrier's name or id.")]
_SAMPLE = Sample()
_WAIT_S = 30.0
_LOOK_EVERY_S = 0.1


@carriers.command(name="list", epilog="Example:  hookline carriers list --json")
def list_carriers(account: Account = None, json: Json = False) -> None:
    """The account's carriers with the live state of their links."""

    async def work(core: Core) -> list[LinkedCarrier]:
        return await all_carriers(core.store, await operator(core, account))

    found = run(work)
    if json:
        shapes = CarrierShapes(KINDS, Settings().public_url)
        print_json([shapes.shape(one.row, one.link).model_dump(mode="json") for one in found])
        return
    columns = ("name", "kind", "link", "window", "rate", "accepted", "refused", "detail", "id")
    empty = "There are no carriers yet. Connect one with:  hookline carriers add smpp --help"
    print_table(columns, [_row(one) for one in found], empty)


@carriers.command(epilog="Example:  hookline carriers show Acme --json")
def show(name: CarrierName, account: Account = None, json: Json = False) -> None:
    """How a carrier's link is: its sessions, speed, answers and errors of the last minutes."""

    async def work(core: Core) -> LinkedCarrier:
        principal = await operator(core, account)
        row = await find_carrier_named(core.store, principal, name)
        return await get_carrier(core.store, principal, row.id)

    found = run(work)
    if json:
        print_json(CarrierShapes(KINDS).shape(found.row, found.link))
        return
    _print_link(found)
    sessions = found.link.figures.sessions
    if sessions:
        columns = ("bind", "session", "state", "since", "unanswered", "detail")
        print_table(columns, [_session_row(one) for one in sessions], "")


@carriers.command(name="test", epilog="Example:  hookline carriers test Acme --to +447700900123")
def try_out(
    name: CarrierName,
    to: Annotated[str | None, typer.Option(help="Send a real message there.")] = None,
    sender: Annotated[
        str | None, typer.Option("--from", help="A number that is at home on the carrier.")
    ] = None,
    text: Annotated[str, typer.Option(help="What to say.")] = "A test message from Hookline.",
    account: Account = None,
    json: Json = False,
) -> None:
    """Show how the link is. With --to, send a message over it and wait for what becomes of it."""

    async def work(core: Core) -> _Tested:
        principal = await operator(core, account)
        row = await find_carrier_named(core.store, principal, name)
        before = await get_carrier(core.store, principal, row.id)
        if not json:
            _print_link(before)
        if to is None:
            return _Tested(TrialResult(before), None)
        message = await _send(core, principal, row.id, Trial(to, sender, text), quiet=json)
        told = TrialMessage(message.id, message.status, error_in_words(message))
        after = await get_carrier(core.store, principal, row.id)
        return _Tested(TrialResult(after, told), message)

    tested = run(work)
    if json:
        print_json(tested.facts())
    if not tested.result.is_ok:
        fail(tested.result.advice or f"The message is {tested.message_status}.")
    if tested.message_status == Status.SENT and not json:
        out.print("The carrier took the message; no receipt has come yet.")


@carriers.command(epilog="Example:  hookline carriers preview Acme --to +447700900123 --text Hi")
def preview(
    name: CarrierName,
    to: Annotated[str, typer.Option(help="Any number.")] = _SAMPLE.to,
    sender: Annotated[str, typer.Option("--from", help="Any sender.")] = _SAMPLE.sender,
    text: Annotated[str, typer.Option(help="Any text.")] = _SAMPLE.text,
    account: Account = None,
    json: Json = False,
) -> None:
    """Show the request that would send a message, with secrets masked. Nothing is sent."""

    async def work(core: Core) -> HttpRequest:
        row = await find_carrier_named(core.store, await operator(core, account), name)
        return preview_added(CarrierShapes(KINDS), row, core.store, Sample(sender, to, text))

    print_request(run(work), as_json=json)


@carriers.command(epilog="Example:  hookline carriers remove Acme")
def remove(name: CarrierName, account: Account = None) -> None:
    """Remove a carrier that has no numbers and no messages to send."""

    async def work(core: Core) -> str:
        principal = await operator(core, account)
        row = await find_carrier_named(core.store, principal, name)
        await core.store.commit(lambda tx: remove_carrier(tx, principal, row.id))
        return str(row.name)

    out.print(f"{escape(run(work))} is removed; its link closes within a second.")


@dataclass(frozen=True, slots=True)
class _Tested:
    """What a test found, with the whole message."""

    result: TrialResult
    message: Message | None

    @property
    def message_status(self) -> str:
        return self.message.status if self.message else ""

    def facts(self) -> dict[str, object]:
        message = self.message
        return {
            "ok": self.result.is_ok,
            "advice": self.result.advice,
            "link": link_shape(self.result.carrier.link).model_dump(mode="json"),
            "message": message and msgspec.Raw(encode_with_timeline(message)),
        }


async def _send(
    core: Core, principal: Principal, carrier_id: str, trial: Trial, *, quiet: bool
) -> Message:
    """The message when its status is final, or after half a minute."""
    store = core.store
    trials = Trials(
        store,
        Submission(store, Books.open(store, core.wakeups), DispatchElsewhere()),
    )
    message_id = await trials.submit(principal, CarrierId(carrier_id), trial)
    shown, waited_s = 0, 0.0
    while True:
        message = await find_message(store, principal, message_id)
        entries = timeline(message)
        for entry in [] if quiet else entries[shown:]:
            notes = " ".join(note for note in (entry.carrier_code, entry.detail) if note)
            out.print(f"  {entry.at[11:23]}  {entry.status:<12}{escape(notes)}".rstrip())
        shown = len(entries)
        if Status(message.status) in FINAL or waited_s >= _WAIT_S:
            return message
        await asyncio.sleep(_LOOK_EVERY_S)
        waited_s += _LOOK_EVERY_S


def _row(one: LinkedCarrier) -> tuple[object, ...]:
    row, link = one.row, one.link
    figures = link.figures
    refused = figures.rejected + figures.throttled
    return (
        escape(row.name), row.kind, _coloured(link), f"{figures.in_flight}/{figures.window_now}",
        f"{figures.rate:g}/s", figures.accepted, refused, escape(link.detail or "–"), row.id,
    )  # fmt: skip


def _coloured(link: LinkView) -> str:
    colour = "green" if link.is_bound else "red" if link.state == "down" else "yellow"
    return f"[{colour}]{link.state}[/{colour}]"


def _print_link(one: LinkedCarrier) -> None:
    figures, lately = one.link.figures, one.link.figures.lately
    facts: dict[str, object] = {
        "carrier": f"{escape(one.row.name)} ({one.row.kind})",
        "link": f"{_coloured(one.link)} since {to_rfc3339(figures.since)}",
        "window": f"{figures.in_flight} of {figures.window_now} now, {figures.window} at most",
        "rate": _rate_in_words(figures),
        "accepted": f"{figures.accepted} of {figures.submitted}",
    }
    if figures.latency_p50_ms is not None:
        facts["answers"] = (
            f"p50 {figures.latency_p50_ms:g} ms, p95 {figures.latency_p95_ms:g} ms in the last minute"
        )
    outcomes = msgspec.structs.asdict(lately).items()
    if told := [f"{count} {outcome}" for outcome, count in outcomes if count]:
        facts["last 5 minutes"] = ", ".join(told)
    if figures.errors:
        facts["errors"] = ", ".join(
            f"{count} {escape(one)}" for one, count in figures.errors.items()
        )
    if one.link.detail:
        facts["detail"] = escape(one.link.detail)
    if figures.last_error:
        facts["last error"] = escape(figures.last_error)
    print_facts(facts)


def _rate_in_words(figures: LinkState) -> str:
    limit = f", at most {figures.rate_limit:g}" if figures.rate_limit else ""
    learned = f", the carrier takes {figures.rate_learned:g}" if figures.rate_learned else ""
    return f"{figures.rate:g} segments a second{limit}{learned}"


def _session_row(session: SessionState) -> tuple[object, ...]:
    unanswered = f"{session.in_flight}/{session.window}" if session.window else "–"
    since = to_rfc3339(UnixMs(session.since))
    detail = escape(session.detail or "–")
    return session.bind, session.role, session.phase, since, unanswered, detail
