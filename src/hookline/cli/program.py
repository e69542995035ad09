"""The program's commands, put together, and how it ends: 0, 1 (failed), 2 (usage)."""

import os
import sys

import typer
from pydantic import ValidationError

from hookline.cli import (
    accounts,
    audit,
    calls,
    carriers,
    credential_changes,
    credentials,
    erasures,
    listening,
    maintenance,
    messages,
    numbers,
    opt_outs,
    pools,
    replays,
    requests,
    routes,
    sending_rules,
    serving,
    users,
    webhooks,
)
from hookline.cli.output import fail
from hookline.errors import HooklineError
from hookline.settings import Settings

app = typer.Typer(
    name="hookline",
    help="Hookline: SMS, events and signed webhooks on your own server.",
    epilog="Start with:  hookline up",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
)
serving.install(app)
sending_rules.install(accounts.account)
app.add_typer(accounts.account)
app.add_typer(accounts.accounts)
app.add_typer(users.users)
credential_changes.install(credentials.credentials)
app.add_typer(credentials.credentials)
app.add_typer(carriers.carriers)
app.add_typer(numbers.numbers)
app.add_typer(pools.pools)
app.add_typer(routes.routes)
app.add_typer(messages.messages)
app.add_typer(opt_outs.opt_outs)
app.add_typer(calls.calls)
listening.install(app)
replays.install(webhooks.webhooks)
app.add_typer(webhooks.webhooks)
app.add_typer(requests.requests)
app.add_typer(erasures.erasures)
app.add_typer(audit.audit)
maintenance.install(app)
_PRIVATE = 0o077  # the database, its key and backups are nobody else's business


def main() -> None:
    """The console script."""
    os.umask(_PRIVATE)
    try:
        app()
    except HooklineError as error:
        fail(error.detail)
    except ValidationError as error:
        if error.title != Settings.__name__:
            raise
        for finding in error.errors():
            name = "HOOKLINE_" + "_".join(str(part) for part in finding["loc"]).upper()
            sys.stderr.write(f"hookline: {name}: {finding['msg']}\n")
        sys.exit(2)
