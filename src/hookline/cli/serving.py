"""`hookline up`: migrate, bootstrap, say where to go, serve."""

import asyncio
import os
import shlex
import sys
from pathlib import Path
from typing import Annotated

import typer

from hookline.accounts.bootstrap import Bootstrap
from hookline.accounts.tenancy import list_accounts
from hookline.cli.output import fail, out
from hookline.cli.processes import configure, listen, serve_here, serve_with_workers
from hookline.foundation import Core
from hookline.settings import Settings
from hookline.storage.lock import DataFolderLock
from hookline.storage.migrate import migrate

_LOCAL = {"127.0.0.1", "::1", "0.0.0.0", "::"}  # noqa: S104 - where it may listen


def install(app: typer.Typer) -> None:
    """Add the command."""
    app.command(epilog="Example:  hookline up --port 9000 --data /var/lib/hookline")(up)


def up(
    host: Annotated[str | None, typer.Option(help="Address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on; 0 takes a free one.")] = None,
    data: Annotated[Path | None, typer.Option(help="Folder of the database and the key.")] = None,
    database: Annotated[str | None, typer.Option(help="postgresql://… instead of SQLite.")] = None,
    workers: Annotated[int, typer.Option(min=1, max=64, help="Processes; PostgreSQL only.")] = 1,
) -> None:
    """Migrate, create the first account if there is none, and serve until Ctrl-C."""
    given = {"HOST": host, "PORT": port, "DATA_DIR": data, "DATABASE_URL": database}
    for name, value in given.items():
        if value is not None:
            os.environ[f"HOOKLINE_{name}"] = str(value)  # workers read the same settings
    settings = Settings()
    if workers > 1 and settings.is_sqlite:
        fail(
            "--workers above 1 needs PostgreSQL: SQLite has one process. "
            "Give --database postgresql://…",
            status=2,
        )
    configure(settings)
    lock = DataFolderLock(settings.sqlite_path.parent) if settings.is_sqlite else None
    listener = listen(settings)
    asyncio.run(_prepare(settings, listener.getsockname()[1]))
    if workers == 1:
        serve_here(settings, listener)
    else:
        serve_with_workers(settings, listener, workers)
    if lock is not None:
        lock.release()


async def _prepare(settings: Settings, port: int) -> None:
    before, after = await migrate(settings)
    if before not in {None, after}:
        out.print(f"The database was brought from {before} to {after}.")
    core = Core(settings)
    await core.start_beside_server()
    try:
        first = await core.bootstrap()
        client_id = str((await list_accounts(core.store))[0].client_id)
    finally:
        await core.stop()
    _print_banner(settings, port, client_id, first)


def _print_banner(settings: Settings, port: int, client_id: str, first: Bootstrap | None) -> None:
    write = sys.stdout.write
    write(f"\n  Hookline is at  {address_of(settings, port)}\n\n")
    if first is not None:
        write(f"  Sign in as      {first.owner.email}\n")
        if first.password is not None:
            write(f"  Password        {first.password}   (shown this once)\n")
    write(f"  Client id       {client_id}\n")
    if settings.allow_targets:
        allowed = ", ".join(str(network) for network in settings.allow_targets)
        write(f"  Webhooks may reach these private addresses: {allowed}\n")
    write(f"\n  Send an SMS to a virtual phone:\n\n{_curl(settings, port)}\n\n")
    sys.stdout.flush()


def address_of(settings: Settings, port: int | None = None) -> str:
    """How people reach the server; `port`: the one that it has taken."""
    host = "localhost" if settings.host in _LOCAL else settings.host
    return settings.public_url or f"http://{host}:{port or settings.port}"


def _curl(settings: Settings, port: int) -> str:
    """A line that works when it is pasted, in any folder: it makes a credential and uses it."""
    program = shlex.quote(str(Path(sys.argv[0]).resolve()))
    where = (
        f"HOOKLINE_DATA_DIR={shlex.quote(str(settings.data_dir.resolve()))}"
        if settings.is_sqlite
        else 'HOOKLINE_DATABASE_URL="$HOOKLINE_DATABASE_URL"'  # with its password: never printed
    )
    create = (
        f"{where} {program} credentials create --description 'First steps' "
        "--scope messages:send --scope messages:read --token-only"
    )
    return (
        f'curl -sS http://localhost:{port}/v1/messages -H "Authorization: Bearer $({create})" '
        "-H 'Content-Type: application/json' "
        '-d \'{"from":"+12025550100","to":"+12025550110","text":"Hello from Hookline"}\''
    )
