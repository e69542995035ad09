"""`hookline opt-outs`: who wants no more messages; by hand, and as files."""

import asyncio
import sys
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Annotated, NoReturn

import typer
from pydantic import ValidationError
from rich.console import Console
from rich.progress import Progress

from hookline.cli.numbers import Account
from hookline.cli.output import Json, fail, out, print_json, print_table
from hookline.cli.session import run
from hookline.cli.webhooks import ModeOption, acting
from hookline.foundation import Core
from hookline.messages import opt_outs as use_cases
from hookline.messages.opt_out_export import begin_export
from hookline.messages.opt_out_import import (
    Fault,
    File,
    Imported,
    import_all,
    read_csv,
    senders_of,
)
from hookline.messages.opt_out_schemas import OptOut, import_shape, opt_out_shape
from hookline.messages.opt_outs import OptOutFilter
from hookline.principal import Mode
from hookline.storage.transaction import Transaction

opt_outs = typer.Typer(name="opt-outs", help="Who wants no more messages.", no_args_is_help=True)
Number = Annotated[str, typer.Argument(help="The person's number: +1…")]
Sender = Annotated[
    str | None, typer.Option(help="Of this number or sender alone; left out: of all.")
]
_EXAMPLE = "Example:  hookline opt-outs"
_FAULTS_SHOWN = 20
_BYTES_MAX = 16 * 2**20


@opt_outs.command(name="list", epilog=f"{_EXAMPLE} list --number +4477")
def list_all(
    number: Annotated[str | None, typer.Option(help="Only numbers that begin so.")] = None,
    sender: Annotated[str | None, typer.Option(help="Only those that name this sender.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=100, help="How many, up to 100.")] = 100,
    mode: ModeOption = Mode.LIVE,
    account: Account = None,
    json: Json = False,
) -> None:
    """Who has opted out, by number. `export` writes all of them."""
    try:
        wanted = OptOutFilter(number=number, sender=sender, limit=limit, order="asc")
    except ValidationError as error:
        fail(error.errors()[0]["msg"], 2)

    async def work(core: Core) -> list[OptOut]:
        principal = await acting(core, account, mode)
        page = await use_cases.list_page(core.store, principal, wanted, opt_out_shape)
        return page.data

    found = run(work)
    if json:
        print_json(found)
        return
    print_table(
        ("number", "from", "source", "language", "since"),
        [
            (one.number, one.sender or "all", one.source, one.language, one.created_at)
            for one in found
        ],
        "Nobody has opted out.",
    )


@opt_outs.command(epilog=f"{_EXAMPLE} add +447700900123")
def add(
    number: Number,
    sender: Sender = None,
    mode: ModeOption = Mode.LIVE,
    account: Account = None,
    json: Json = False,
) -> None:
    """Add a number: messages to it are refused from now on."""

    async def work(core: Core) -> OptOut:
        principal = await acting(core, account, mode)

        async def write(tx: Transaction) -> OptOut:
            return opt_out_shape(await use_cases.add(tx, core.store, principal, number, sender))

        return await core.store.commit(write)

    made = run(work)
    if json:
        print_json(made)
    else:
        out.print(f"{made.number} gets no messages from {made.sender or 'any sender'}.")


@opt_outs.command(epilog=f"{_EXAMPLE} remove +447700900123")
def remove(
    number: Number,
    sender: Sender = None,
    mode: ModeOption = Mode.LIVE,
    account: Account = None,
) -> None:
    """Let a number be written to again. Only with the person's consent."""

    async def work(core: Core) -> None:
        principal = await acting(core, account, mode)
        await core.store.commit(lambda tx: use_cases.remove(tx, principal, number, sender))

    run(work)
    out.print("Removed.")


@opt_outs.command(name="import", epilog=f"{_EXAMPLE} import opt-outs.csv")
def import_file(
    file: Annotated[Path, typer.Argument(help="CSV: number, then at will sender and date.")],
    check: Annotated[bool, typer.Option("--check", help="Only say what is wrong with it.")] = False,
    mode: ModeOption = Mode.LIVE,
    account: Account = None,
    json: Json = False,
) -> None:
    """Add the numbers of a file, up to 100,000. It is checked as a whole first; with a fault nothing is
    stored. To import the same file again changes nothing.
    """
    text = _text_of(file)

    async def work(core: Core) -> tuple[File, Imported]:
        principal = await acting(core, account, mode)
        senders = await senders_of(core.store, principal)
        read = await asyncio.to_thread(read_csv, text, senders, core.store.now())
        if read.faults or check:
            return read, Imported()
        console = Console(stderr=True)
        with Progress(console=console, disable=not sys.stderr.isatty()) as progress:
            task = progress.add_task("Importing", total=len(read.entries))
            done = await import_all(
                core.store,
                principal,
                read.entries,
                lambda count: progress.update(task, completed=count),
            )
        return read, done

    read, done = run(work)
    if read.faults:
        _tell(file, read.faults)
    if json:
        print_json(import_shape(done))
    elif check:
        out.print(f"{len(read.entries):,} numbers, nothing is wrong. Nothing was stored.")
    else:
        out.print(f"{done.added:,} added, {done.present:,} on the list already.")


@opt_outs.command(epilog=f"{_EXAMPLE} export opt-outs.csv")
def export(
    file: Annotated[Path | None, typer.Argument(help="Where to; left out: to the output.")] = None,
    mode: ModeOption = Mode.LIVE,
    account: Account = None,
) -> None:
    """Write all opt-outs as CSV, which `import` takes. The audit log notes it."""

    async def work(core: Core) -> None:
        principal = await acting(core, account, mode)
        parts = await begin_export(core.store, principal)
        with file.open("wb") if file else nullcontext(sys.stdout.buffer) as target:
            async for part in parts:
                target.write(part)

    try:
        run(work)
    except OSError as error:
        fail(f"{file}: {error.strerror}")


def _text_of(file: Path) -> str:
    try:
        if file.stat().st_size > _BYTES_MAX:
            fail(f"{file} is larger than {_BYTES_MAX // 2**20} MiB. Split it.")
        return file.read_text("utf-8")
    except OSError as error:
        fail(f"{file}: {error.strerror}")
    except UnicodeDecodeError:
        fail(f"{file} is not UTF-8. Save it as CSV in UTF-8.")


def _tell(file: Path, faults: Sequence[Fault]) -> NoReturn:
    for fault in faults[:_FAULTS_SHOWN]:
        sys.stderr.write(f"{file}:{fault.line}: {fault.name}: {fault.detail}\n")
    more = len(faults) - _FAULTS_SHOWN
    if more > 0:
        sys.stderr.write(f"… and {more:,} more\n")
    fail(f"{len(faults):,} lines are wrong. Nothing was stored.")
