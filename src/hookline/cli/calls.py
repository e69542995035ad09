"""`hookline calls`."""

import asyncio
from typing import Annotated, Any

import msgspec
import typer
from pydantic import ValidationError

from hookline.accounts.countries import AccountCountries
from hookline.calls import control, reading, resource
from hookline.calls.hand_over import ConductElsewhere
from hookline.calls.model import FINAL, Call, Leg, Status
from hookline.calls.permission import Permission
from hookline.calls.reading import CallFilter
from hookline.calls.schemas import CallCreate
from hookline.calls.submission import Placement
from hookline.cli.numbers import Account
from hookline.cli.output import Json, fail, out, print_json, print_table
from hookline.cli.session import operator, run
from hookline.clock import to_rfc3339
from hookline.foundation import Core
from hookline.numbers.book import NumberBook
from hookline.principal import Principal

calls = typer.Typer(name="calls", help="Place calls and follow them.", no_args_is_help=True)

_WAIT_S = 300.0
_LOOK_EVERY_S = 0.1
_SERVER_HINT_S = 5.0
_USAGE = 2
_FAILURES = frozenset({Status.FAILED, Status.BUSY, Status.NO_ANSWER, Status.DECLINED})


@calls.command(
    epilog="Example:  hookline calls create --from +12025550100 --to +15005550006 "
    '--say "Hello" --wait'
)
def create(
    to: Annotated[str, typer.Option(help="Who is called: E.164 or a SIP URI.")],
    sender: Annotated[str, typer.Option("--from", help="A number of the account.")],
    say: Annotated[str | None, typer.Option(help="Say this when it is answered.")] = None,
    agent: Annotated[str | None, typer.Option(help="Ring this first, then connect.")] = None,
    answer_url: Annotated[str | None, typer.Option(help="Ask this URL what to do.")] = None,
    actions: Annotated[str | None, typer.Option(help="Actions as JSON.")] = None,
    record: Annotated[str, typer.Option(help="none, mono or dual.")] = "none",
    ring_timeout: Annotated[int, typer.Option(help="Seconds.")] = 45,
    wait: Annotated[bool, typer.Option("--wait", help="Wait for the end of the call.")] = False,
    account: Account = None,
    json: Json = False,
) -> None:
    """Place a call through the running server. Give one of --say, --agent, --answer-url, --actions."""
    body = {
        "from": sender,
        "to": to,
        "agent": agent,
        "answer_url": answer_url,
        "actions": _actions(say, actions),
        "record": record,
        "ring_timeout_seconds": ring_timeout,
    }
    wanted = _checked({name: value for name, value in body.items() if value is not None})

    async def work(core: Core) -> tuple[Call, list[Leg]]:
        principal = await operator(core, account)
        book = NumberBook(core.store, core.wakeups)
        permission = Permission(core.store, AccountCountries(core.store, core.wakeups))
        placement = Placement(core.store, book, permission, ConductElsewhere())
        prepared = await placement.prepare(principal, wanted)
        call = await core.store.commit(lambda tx: placement.accept(tx, prepared))
        if wait:
            call = await _until_final(core, principal, call.id)
        return call, await reading.legs_of(core.store, call)

    call, legs = run(work)
    _show(call, legs, json=json)
    if wait and Status(call.status) in _FAILURES:
        fail(f"The call is {call.status}: {call.reason}.")


@calls.command(name="list", epilog="Example:  hookline calls list --limit 5")
def list_calls(
    limit: Annotated[int, typer.Option(min=1, max=100, help="How many at most.")] = 20,
    account: Account = None,
    json: Json = False,
) -> None:
    """The latest calls in both directions."""

    async def work(core: Core) -> list[Call]:
        principal = await operator(core, account)
        found, _ = await reading.list_calls(core.store, principal, CallFilter(limit=limit))
        return list(found)

    found = run(work)
    if json:
        print_json([resource.call_resource(call) for call in found])
        return
    print_table(
        ("id", "direction", "from", "to", "status", "reason", "created"),
        [
            (
                call.id, call.direction, call.sender, call.recipient, call.status,
                call.reason or "", to_rfc3339(call.created_at),
            )
            for call in found
        ],
        "There are no calls yet. Place one with:  hookline calls create --help",
    )  # fmt: skip


@calls.command(epilog="Example:  hookline calls show call_01kf0s9m1ee7f9bm9v3x5t2r8w")
def show(
    call_id: Annotated[str, typer.Argument(metavar="ID", help="The call's id.")],
    account: Account = None,
    json: Json = False,
) -> None:
    """One call with its legs and everything that happened."""

    async def work(core: Core) -> tuple[Call, list[Leg]]:
        call = await reading.find_call(core.store, await operator(core, account), call_id)
        return call, await reading.legs_of(core.store, call)

    call, legs = run(work)
    _show(call, legs, json=json)
    if not json:
        for one in resource.timeline(call):
            out.print(f"  {one.at}  {one.leg or 'call'}  {one.status}  {one.detail or ''}")


@calls.command(epilog="Example:  hookline calls hangup call_01kf0s9m1ee7f9bm9v3x5t2r8w --wait")
def hangup(
    call_id: Annotated[str, typer.Argument(metavar="ID", help="The call's id.")],
    wait: Annotated[bool, typer.Option("--wait", help="Wait for the end of the call.")] = False,
    account: Account = None,
    json: Json = False,
) -> None:
    """End a call, whatever it is doing."""

    async def work(core: Core) -> tuple[Call, list[Leg]]:
        principal = await operator(core, account)
        call = await core.store.commit(
            lambda tx: control.hang_up(tx, core.store, principal, call_id)
        )
        if wait:
            call = await _until_final(core, principal, call.id)
        return call, await reading.legs_of(core.store, call)

    call, legs = run(work)
    _show(call, legs, json=json)


def _actions(say: str | None, actions: str | None) -> Any:  # Any: JSON
    if say is not None:
        return [{"say": {"text": say}}]
    if actions is None:
        return None
    try:
        return msgspec.json.decode(actions)
    except msgspec.DecodeError as error:
        fail(f"--actions is not valid JSON: {error}", _USAGE)


def _checked(body: dict[str, Any]) -> CallCreate:  # Any: JSON
    try:
        return CallCreate.model_validate(body)
    except ValidationError as error:
        found = error.errors(include_url=False)[0]
        place = "/".join(str(step) for step in found["loc"])
        fail(f"{place or 'call'}: {found['msg'].removeprefix('Value error, ')}", _USAGE)


async def _until_final(core: Core, principal: Principal, call_id: str) -> Call:
    waited_s = 0.0
    while True:
        call = await reading.find_call(core.store, principal, call_id)
        if Status(call.status) in FINAL or waited_s >= _WAIT_S:
            return call
        if call.status == Status.QUEUED and call.owner is None and waited_s >= _SERVER_HINT_S:
            fail("The call is stored, but no server takes it. Start one:  hookline up")
        await asyncio.sleep(_LOOK_EVERY_S)
        waited_s += _LOOK_EVERY_S


def _show(call: Call, legs: list[Leg], *, json: bool) -> None:
    if json:
        print_json(msgspec.Raw(resource.encode_call_with_legs(call, legs)))
        return
    ended = "" if call.reason is None else f" ({call.reason}, by {call.hangup_by})"
    out.print(f"{call.id} {call.status}{ended}")
    for leg in legs:
        out.print(f"  {leg.role}  {leg.recipient}  {leg.status}")
