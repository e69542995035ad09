"""`hookline numbers`."""

from typing import Annotated

import typer
from rich.markup import escape

from hookline.carriers import store as carrier_sql
from hookline.cli.output import Json, fail, out, print_json, print_table
from hookline.cli.session import operator, run
from hookline.foundation import Core
from hookline.numbers import registration
from hookline.numbers import store as sql
from hookline.numbers.registration import Kept, NumberTaken, Registration
from hookline.numbers.schemas import Number, number_shape
from hookline.principal import Principal
from hookline.storage.transaction import Transaction

numbers = typer.Typer(
    name="numbers", help="Numbers and senders, and the carrier each is on.", no_args_is_help=True
)

_SANDBOX = "sandbox"
Account = Annotated[str | None, typer.Option(help="Account id or name; the first if left out.")]


@numbers.command(epilog="Example:  hookline numbers add +12025550123 --carrier sandbox")
def add(
    number: Annotated[str, typer.Argument(help="E.164, a short code, or an alphanumeric sender.")],
    carrier: Annotated[
        str | None,
        typer.Option(help="The carrier's name or id; left out: sandbox, or the one that it has."),
    ] = None,
    voice_carrier: Annotated[
        str | None, typer.Option(help="The same for calls; left out: none, or the one it has.")
    ] = None,
    no_voice_carrier: Annotated[
        bool, typer.Option("--no-voice-carrier", help="It shall not call, nor be called.")
    ] = False,
    account: Account = None,
    json: Json = False,
) -> None:
    """Add a number, or give one that is there another carrier."""
    if voice_carrier is not None and no_voice_carrier:
        fail("Give --voice-carrier or --no-voice-carrier, not both.", status=2)

    async def work(core: Core) -> tuple[Number, dict[str, str]]:
        principal = await operator(core, account)
        wanted = Registration(number, carrier or _SANDBOX, voice_carrier)
        voice = voice_carrier or (None if no_voice_carrier else Kept.KEPT)

        async def put(tx: Transaction) -> Number:
            try:
                async with tx.isolated("add_number"):
                    return number_shape(
                        await registration.add_number(tx, core.store, principal, wanted)
                    )
            except NumberTaken:
                name, _ = registration.normalise_sender(number)
                existing = (await tx.execute(sql.by_number(principal.account_id, name)))[0]
                moved = await registration.move_number(
                    tx, principal, existing.id, carrier=carrier, voice_carrier=voice
                )
                return number_shape(moved)

        return await core.store.commit(put), await _carriers(core, principal)

    shape, names = run(work)
    if json:
        print_json(shape)
        return
    calls = _named(names, shape.voice_carrier_id)
    out.print(
        f"{shape.number} is on carrier {_named(names, shape.carrier_id)}; "
        + (f"its calls go by {calls}." if shape.voice_carrier_id else "it cannot call.")
    )


@numbers.command(name="list", epilog="Example:  hookline numbers list --json")
def list_numbers(account: Account = None, json: Json = False) -> None:
    """The account's numbers."""

    async def work(core: Core) -> tuple[list[Number], dict[str, str]]:
        principal = await operator(core, account)
        rows = await core.store.read(sql.of_account(principal.account_id))
        return [number_shape(row) for row in rows], await _carriers(core, principal)

    shapes, names = run(work)
    if json:
        print_json([shape.model_dump() for shape in shapes])
        return
    print_table(
        ("number", "kind", "carrier", "calls", "id"),
        [
            (
                shape.number, shape.kind, _named(names, shape.carrier_id),
                _named(names, shape.voice_carrier_id), shape.id,
            )
            for shape in shapes
        ],
        "There are no numbers yet. Add one with:  hookline numbers add +12025550123",
    )  # fmt: skip


async def _carriers(core: Core, principal: Principal) -> dict[str, str]:
    """The names of the account's carriers, by id."""
    rows = await core.store.read(carrier_sql.carriers_of(principal.account_id))
    return {row.id: escape(row.name) for row in rows}


def _named(names: dict[str, str], carrier_id: str | None) -> str | None:
    return None if carrier_id is None else names.get(carrier_id, carrier_id)
