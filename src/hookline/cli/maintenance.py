"""`hookline migrate`, `backup`, `doctor` and `version`."""

import asyncio
import platform
import sys
from pathlib import Path
from typing import Annotated

import typer

from hookline import __version__
from hookline.cli import doctor as checks
from hookline.cli.output import Json, fail, out, print_json
from hookline.settings import Settings
from hookline.storage.backup import back_up
from hookline.storage.migrate import migrate as run_migrations


def install(app: typer.Typer) -> None:
    """Add the commands."""
    app.command(epilog="Example:  hookline migrate")(migrate)
    app.command(epilog="Example:  hookline backup /backups/hookline-monday.db")(backup)
    app.command(epilog="Example:  hookline doctor")(doctor)
    app.command(epilog="Example:  hookline version")(version)


def migrate(json: Json = False) -> None:
    """Bring the database's schema up to date. `hookline up` does it too."""
    before, after = asyncio.run(run_migrations(Settings()))
    if json:
        print_json({"before": before, "after": after})
    elif before == after:
        out.print(f"The schema is up to date ({after}).")
    else:
        out.print(f"The schema went from {before or 'nothing'} to {after}.")


def backup(
    file: Annotated[Path, typer.Argument(help="Where to write; must not exist yet.")],
    json: Json = False,
) -> None:
    """Copy the database while the server runs. The secret key is not in it: keep that apart."""
    if file.exists():
        fail(f"{file} exists already; choose another name.")
    size = asyncio.run(back_up(Settings(), file))
    if json:
        print_json({"file": str(file), "bytes": size})
        return
    out.print(f"Wrote {file}, {size:,} bytes.")
    out.print(
        "The backup does not contain the secret key. Without the key the carriers' passwords and "
        "the signing secrets in it cannot be read: keep a copy of it in another place."
    )


def doctor(json: Json = False) -> None:
    """Check configuration, database, carriers, what calls need, clock and disk, and say how to fix
    what is wrong.
    """
    findings = asyncio.run(checks.examine())
    if json:
        print_json([finding.facts() for finding in findings])
    else:
        for finding in findings:
            mark = "[green]ok  [/green]" if finding.is_ok else "[red]bad [/red]"
            out.print(f"{mark} {finding.subject}: {finding.text}")
            if finding.fix:
                out.print(f"      → {finding.fix}")
    if not all(finding.is_ok for finding in findings):
        sys.exit(1)


def version(json: Json = False) -> None:
    """The version of Hookline and of Python."""
    if json:
        print_json({"hookline": __version__, "python": platform.python_version()})
    else:
        out.print(f"Hookline {__version__}, Python {platform.python_version()}")
