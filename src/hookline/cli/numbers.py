"""`hookline numbers`."""

from typing import Annotated

import typer

from hookline.app import Core
from hookline.cli.output import Json, out, print_json, print_table
from hookline.cli.session import operator, run
from hookline.numbers import registration
from hookline.numbers import store as sql
from hookline.numbers.registration import NumberTaken, Registration
from hookline.numbers.schemas import Number, number_shape
from hookline.storage.transaction import Transaction

numbers = typer.Typer(
    name="numbers", help="Numbers and senders, and the carrier each is on.", no_args_is_help=True
)

Account = Annotated[str | None, typer.Option(help="Account id or name; the first if left out.")]


@numbers.command(epilog="Example:  hookline numbers add +12025550123 --carrier sandbox")
def add(
    number: Annotated[str, typer.Argument(help="E.164, a short code, or an alphanumeric sender.")],
    carrier: Annotated[str, typer.Option(help="The carrier's name or id.")] = "sandbox",
    voice_carrier: Annotated[str | None, typer.Option(help="The same for calls.")] = None,
    account: Account = None,
    json: Json = False,
) -> None:
    """Add a number, or give one that is there another carrier."""

    async def work(core: Core) -> Number:
        principal = await operator(core, account)
        wanted = Registration(number, carrier, voice_carrier)

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
                    tx, principal, existing.id, carrier=carrier, voice_carrier=voice_carrier
                )
                return number_shape(moved)

        return await core.store.commit(put)

    shape = run(work)
    if json:
        print_json(shape)
    else:
        out.print(f"{shape.number} is on carrier {carrier}.")


@numbers.command(name="list", epilog="Example:  hookline numbers list --json")
def list_numbers(account: Account = None, json: Json = False) -> None:
    """The account's numbers."""

    async def work(core: Core) -> list[Number]:
        principal = await operator(core, account)
        rows = await core.store.read(sql.of_account(principal.account_id))
        return [number_shape(row) for row in rows]

    shapes = run(work)
    if json:
        print_json([shape.model_dump() for shape in shapes])
        return
    print_table(
        ("number", "kind", "carrier", "id"),
        [(shape.number, shape.kind, shape.carrier_id, shape.id) for shape in shapes],
        "There are no numbers yet. Add one with:  hookline numbers add +12025550123",
    )
