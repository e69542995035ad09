"""`hookline routes`: which carrier takes which messages."""

import re
from collections.abc import Mapping
from typing import Annotated, TypeVar

import typer
from pydantic import ValidationError
from rich.markup import escape

from hookline.carriers import store as carrier_sql
from hookline.cli.numbers import Account
from hookline.cli.output import Json, fail, out, print_json, print_table
from hookline.cli.session import operator, run
from hookline.foundation import Core
from hookline.numbers.book import NumberBook
from hookline.routing.book import load
from hookline.routing.model import FailoverCause, Route
from hookline.routing.preview import Preview, preview_route
from hookline.routing.registration import add_route, change_route, find_route, remove_route
from hookline.routing.router import Router
from hookline.routing.schemas import RouteCreate, RoutePatch, preview_shape, route_shape

routes = typer.Typer(
    name="routes", help="Routes: which carrier takes which messages.", no_args_is_help=True
)
Shape = TypeVar("Shape", RouteCreate, RoutePatch)
_EXAMPLE = "Example:  hookline routes"
_CARRIER = re.compile(r"(?P<carrier>.+?)(?::(?P<priority>\d{1,3}))?(?::(?P<weight>\d{1,4}))?")
_NONE = (
    "There are no routes: each message takes the carrier of its sender. Add one with:  "
    "hookline routes add Backup --carrier Acme --carrier Other:2"
)

Name = Annotated[str, typer.Argument(help="The route's name or id.")]
Carriers = Annotated[
    list[str],
    typer.Option(
        "--carrier",
        help="NAME[:PRIORITY[:WEIGHT]]: the lowest priority comes first, weights divide recipients. "
        "Repeat it.",
    ),
]
Countries = Annotated[
    list[str] | None, typer.Option("--country", help="ISO 3166 code of the recipient's number.")
]
Prefixes = Annotated[
    list[str] | None, typer.Option("--prefix", help="How the recipient's number begins: +4477.")
]
Senders = Annotated[list[str] | None, typer.Option("--sender", help="`from` of the message.")]
Tags = Annotated[list[str] | None, typer.Option("--tag", help="A tag of the message.")]
Failover = Annotated[
    list[FailoverCause] | None,
    typer.Option("--failover-on", help="When the next carrier takes over. Repeat it."),
]
Position = Annotated[
    int | None, typer.Option(min=1, help="1 is asked first; the last if left out.")
]


@routes.command(
    epilog=f'{_EXAMPLE} add "United Kingdom" --country GB --carrier Acme --carrier Other:2'
)
def add(
    name: Annotated[str, typer.Argument(help="What people call it.")],
    carrier: Carriers,
    country: Countries = None,
    prefix: Prefixes = None,
    sender: Senders = None,
    tag: Tags = None,
    failover_on: Failover = None,
    position: Position = None,
    disabled: Annotated[
        bool, typer.Option("--disabled", help="Add it, but do not ask it.")
    ] = False,
    account: Account = None,
    json: Json = False,
) -> None:
    """Add a route. Without a condition it is for every message."""
    given: dict[str, object] = {
        "name": name,
        "carriers": [_carrier(text) for text in carrier],
        "match": _match(country, prefix, sender, tag),
        "disabled": disabled,
    }
    if position is not None:
        given["position"] = position
    if failover_on is not None:
        given["failover_on"] = failover_on
    body = _checked(RouteCreate, given)

    async def work(core: Core) -> Route:
        principal = await operator(core, account)
        new, wanted = body.new_route()
        return await core.store.commit(lambda tx: add_route(tx, core.store, principal, new, wanted))

    added = run(work)
    if json:
        print_json(route_shape(added))
        return
    out.print(f"{escape(added.name)} is route {added.position}: {added.id}")


@routes.command(epilog=f"{_EXAMPLE} change Backup --position 1 --enable")
def change(
    name: Name,
    new_name: Annotated[str | None, typer.Option("--name", help="Another name.")] = None,
    carrier: Annotated[
        list[str] | None, typer.Option("--carrier", help="In place of all: as in `add`.")
    ] = None,
    failover_on: Failover = None,
    position: Position = None,
    disable: Annotated[
        bool | None, typer.Option("--disable/--enable", help="Do not ask it; ask it again.")
    ] = None,
    account: Account = None,
    json: Json = False,
) -> None:
    """Change a route. What is left out stays."""
    given = {
        "name": new_name,
        "carriers": None if carrier is None else [_carrier(text) for text in carrier],
        "failover_on": failover_on,
        "position": position,
        "disabled": disable,
    }
    given = {field: value for field, value in given.items() if value is not None}
    if not given:
        fail("Say what to change: see  hookline routes change --help", status=2)
    wanted = _checked(RoutePatch, given).change()

    async def work(core: Core) -> Route:
        principal = await operator(core, account)
        known = find_route(await load(core.store, principal.account_id), name)
        return await core.store.commit(lambda tx: change_route(tx, principal, known.id, wanted))

    changed = run(work)
    if json:
        print_json(route_shape(changed))
        return
    state = "disabled" if changed.disabled else "in use"
    out.print(f"{escape(changed.name)} is route {changed.position}, {state}: {changed.id}")


@routes.command(name="list", epilog=f"{_EXAMPLE} list --json")
def list_routes(account: Account = None, json: Json = False) -> None:
    """The account's routes, in the order in which they are asked."""

    async def work(core: Core) -> tuple[list[Route], dict[str, str]]:
        principal = await operator(core, account)
        rows = await core.store.read(carrier_sql.carriers_of(principal.account_id))
        return await load(core.store, principal.account_id), {row.id: row.name for row in rows}

    found, names = run(work)
    if json:
        print_json([route_shape(route).model_dump(mode="json") for route in found])
        return
    print_table(
        ("position", "name", "for", "carriers", "state", "id"),
        [
            (
                str(route.position), escape(route.name), escape(_conditions(route)),
                escape(_targets(route, names)), "disabled" if route.disabled else "in use", route.id,
            )
            for route in found
        ],
        _NONE,
    )  # fmt: skip


@routes.command(epilog=f"{_EXAMPLE} preview --from +12025550100 --to +447700900123 --tag otp")
def preview(
    to: Annotated[str, typer.Option(help="The recipient in E.164.")],
    sender: Annotated[str, typer.Option("--from", help="A number of the account.")],
    tag: Tags = None,
    account: Account = None,
    json: Json = False,
) -> None:
    """Say which carrier would take a message now, and why. Nothing is sent."""

    async def work(core: Core) -> Preview:
        principal = await operator(core, account)
        router = Router.open(core.store, core.wakeups)
        book = NumberBook(core.store, core.wakeups)
        return await preview_route(
            core.store, router, book, principal, sender=sender, recipient=to, tags=tag or ()
        )

    done = run(work)
    shape = preview_shape(done.found, done.carrier_name)
    if json:
        print_json(shape)
        return
    out.print(f"[bold]{escape(shape.carrier)}[/bold]: {escape(shape.reason)}")
    for step in shape.steps:
        said = "decides" if step.matched else f"passes: {step.reason}"
        out.print(f"  route {escape(step.name)} {escape(said)}")
    for place, one in enumerate(shape.candidates, 1):
        state = one.state.value if one.state else "not known yet"
        out.print(
            f"  {place}. {escape(one.name)}: priority {one.priority}, weight {one.weight}, {state}, "
            f"health {one.health if one.health is not None else '–'}; {escape(one.reason)}"
        )


@routes.command(epilog=f"{_EXAMPLE} remove Backup")
def remove(name: Name, account: Account = None) -> None:
    """Remove a route. Messages that took it stay with their carriers."""

    async def work(core: Core) -> str:
        principal = await operator(core, account)
        known = find_route(await load(core.store, principal.account_id), name)
        await core.store.commit(lambda tx: remove_route(tx, principal, known.id))
        return known.name

    out.print(f"{escape(run(work))} is removed.")


def _carrier(text: str) -> dict[str, object]:
    found = _CARRIER.fullmatch(text)
    if found is None:
        fail("Name a carrier: NAME[:PRIORITY[:WEIGHT]].", status=2)
    return {name: value for name, value in found.groupdict().items() if value is not None}


def _match(
    countries: list[str] | None,
    prefixes: list[str] | None,
    senders: list[str] | None,
    tags: list[str] | None,
) -> dict[str, list[str]]:
    lists = {"countries": countries, "prefixes": prefixes, "senders": senders, "tags": tags}
    return {name: one for name, one in lists.items() if one}


def _checked(model: type[Shape], given: Mapping[str, object]) -> Shape:
    try:
        return model.model_validate(given)
    except ValidationError as error:
        first = error.errors()[0]
        fail(f"{'.'.join(map(str, first['loc']))}: {first['msg']}", status=2)


def _conditions(route: Route) -> str:
    match = route.match
    parts = [
        ("countries", sorted(match.countries)),
        ("prefixes", match.prefixes),
        ("senders", sorted(match.senders)),
        ("tags", sorted(match.tags)),
    ]
    said = [f"{name} {', '.join(values)}" for name, values in parts if values]
    return "; ".join(said) or "every message"


def _targets(route: Route, names: dict[str, str]) -> str:
    return ", ".join(
        f"{names.get(one.carrier_id, one.carrier_id)}:{one.priority}:{one.weight}"
        for one in route.targets
    )
