"""Writes docs/reference from the code: settings, errors, events, commands, scopes, metrics, opt-out words.

`make reference` writes the pages. With `--check` nothing is written; exit status 1 when a page is
out of date.
"""

import json
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from enum import Enum
from pathlib import Path
from typing import Any, get_args

import typer
from message_error_reference import message_errors
from opt_out_reference import opt_out_words
from prometheus_client.metrics import MetricWrapperBase
from pydantic_core import PydanticUndefined
from typer.core import TyperArgument, TyperCommand, TyperGroup, TyperOption

from hookline.accounts.roles import ROLE_SCOPES, Role
from hookline.app import Server
from hookline.cli.program import app as program
from hookline.console.reference import ErrorPage, error_pages
from hookline.console.views.scopes import PRESETS
from hookline.events.catalogue import example_resource_id
from hookline.events.model import EventType
from hookline.foundation import documented_events
from hookline.principal import Scope
from hookline.settings import Settings
from hookline.telemetry import metrics
from hookline.webhooks.retry import JITTER, SCHEDULE_MS

FOLDER = Path(__file__).resolve().parent.parent / "docs" / "reference"
NOTE = "<!-- Written by `make reference` from the code. Change the code, not this page. -->"
OPERATING = {
    "already_running", "assets_missing", "backup_failed", "node_lost", "secret_key_invalid",
    "secret_unreadable",
}  # fmt: skip
UNITS = ((3_600_000, "h"), (60_000, "min"), (1_000, "s"))


def main(arguments: Sequence[str]) -> int:
    """Write or check every page."""
    stale = []
    for name, write in PAGES.items():
        file = FOLDER / name
        text = f"{NOTE}\n\n" + "\n".join(write()).rstrip() + "\n"
        if file.exists() and file.read_text() == text:
            continue
        stale.append(name)
        if "--check" not in arguments:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
    verb = "are out of date: run `make reference`" if "--check" in arguments else "were written"
    print(f"{', '.join(stale)} {verb}." if stale else "The reference is up to date.")
    return int(bool(stale) and "--check" in arguments)


# --- settings ---------------------------------------------------------------------------------


def settings() -> Iterator[str]:
    yield "# Settings"
    yield ""
    yield (
        "Each key can stand in the environment under this name, or in `hookline.toml` in the working "
        "folder, in lower case without `HOOKLINE_` (`port = 9000`). The environment wins. Lists are "
        "comma separated in the environment. Options of `hookline up` win over both."
    )
    yield ""
    rows = []
    for name, field in Settings.model_fields.items():
        rows.append(
            (
                f"`HOOKLINE_{name.upper()}`",
                _default(field.default, field.default_factory),
                field.description or "",
                _bounds(field.metadata),
            )
        )
    yield from _table(("Key", "Default", "What it is", "Bounds"), rows)


def _default(default: Any, factory: Any) -> str:  # Any: a field of any type
    if default is PydanticUndefined:
        default = factory() if factory else None
    if default is None or default in ("", []):
        return "empty"
    return f"`{default}`"


def _bounds(metadata: Iterable[object]) -> str:
    found = []
    for constraint in metadata:
        for attribute, sign in (("ge", "≥"), ("gt", ">"), ("le", "≤"), ("lt", "<")):
            value = getattr(constraint, attribute, None)
            if value is not None:
                found.append(f"{sign} {value}")
        pattern = getattr(constraint, "pattern", None)
        if pattern:
            found.append(" ".join(f"`{word}`" for word in pattern.strip("^$()").split("|")))
    return ", ".join(found)


# --- errors -----------------------------------------------------------------------------------


def errors() -> Iterator[str]:
    pages = error_pages()
    yield "# Errors"
    yield ""
    yield (
        "Every refusal is `application/problem+json` (RFC 9457). `code` is stable: programs may rely on "
        "it. `detail` is for people and may change. `errors` names the fields that are wrong, by JSON "
        "pointer. Quote `request_id` when you ask the operator. The same texts are at "
        "`/docs/errors/<code>` of your server, where `type` leads."
    )
    sending = [page for page in pages if page.status == 502 or page.code == "not_sendable"]
    operating = [page for page in pages if page.code in OPERATING]
    answers = [page for page in pages if page not in sending and page not in operating]
    yield from _errors("Answers of the API and the console", answers)
    told = (
        "An attempt's `error` begins with one of these codes, or with `target_not_allowed`. "
        "The delivery is tried again on its schedule."
    )
    yield from _errors("Failed attempts of webhooks", sending, told)
    yield from _errors("Faults of the installation", operating)


def _errors(title: str, pages: Sequence[ErrorPage], told: str = "") -> Iterator[str]:
    yield ""
    yield f"## {title}"
    yield ""
    if told:
        yield told
        yield ""
    rows = [
        (
            f'<a id="{page.code}"></a>`{page.code}`',
            str(page.status),
            "no" if page.permanent else "yes",
            page.title,
            page.text,
        )
        for page in pages
    ]
    columns = ("Code", "Status", "Retry can help", "Title", "What happened, what to do")
    yield from _table(columns, rows)


# --- events -----------------------------------------------------------------------------------


def events() -> Iterator[str]:
    yield "# Events"
    yield ""
    yield (
        "An event is what a webhook delivers, what `GET /v1/events` lists and what "
        "`GET /v1/events/stream` streams: the same JSON. `sequence` counts per resource, so that a "
        "receiver can drop what is older than what it has. `data` is the resource as it was then."
    )
    yield ""
    rows = [
        (f"[`{event.name}`](#{_anchor(event.name)})", event.occasion, f"`{event.scope}`")
        for event in documented_events()
    ]
    yield from _table(("Type", "When", "Scope that may see it"), rows)
    yield ""
    yield (
        "A webhook subscribes to types, to patterns such as `message.*`, or to `*`. JSON Schemas of all "
        "of them are in your server's `/openapi.json` (`webhooks`) and, as AsyncAPI 3.1, in "
        "`/asyncapi.json`; the example of each is what **Send test event** sends."
    )
    yield ""
    yield "## Delivery"
    yield ""
    yield "Requests are signed by [Standard Webhooks](../how-to/receive-webhooks.md):"
    yield ""
    headers = (
        ("`webhook-id`", "The event's id; the same on every attempt."),
        ("`webhook-timestamp`", "When this attempt was made, in Unix seconds."),
        ("`webhook-signature`", "`v1,` and an HMAC-SHA256 in base64; two during a rotation."),
    )  # fmt: skip
    yield from _table(("Header", "Value"), headers)
    yield ""
    waits = ", ".join(_duration(wait) for wait in SCHEDULE_MS)
    yield (
        f"There are {len(SCHEDULE_MS)} attempts. The waits before them are {waits}, each "
        f"±{JITTER:.0%}. A 2xx ends the delivery; 410 disables the webhook; `Retry-After` on 429 and "
        "503 is obeyed for the whole webhook; everything else is tried again."
    )
    for event in documented_events():
        resource_id = example_resource_id(EventType(event.name))
        yield ""
        yield f"## {event.name}"
        yield ""
        yield f"{event.occasion} About `{resource_id.partition('_')[0]}_…`."
        yield ""
        yield "```json"
        yield json.dumps(event.example, indent=2, ensure_ascii=False)
        yield "```"


def _anchor(title: str) -> str:
    return title.lower().replace(".", "")


def _duration(milliseconds: int) -> str:
    for size, unit in UNITS:
        if milliseconds and milliseconds % size == 0:
            return f"{milliseconds // size} {unit}"
    return f"{milliseconds}"


# --- command line -----------------------------------------------------------------------------


def command_line() -> Iterator[str]:
    yield "# Command line"
    yield ""
    yield (
        "`hookline` is `.venv/bin/hookline` after `make setup`. Commands work on the server's own data "
        "(`HOOKLINE_DATA_DIR` or `HOOKLINE_DATABASE_URL`), also while it runs. Every command has "
        "`--help`. The exit status is 0, 1 (failed, with a message on stderr) or 2 (usage)."
    )
    root = typer.main.get_command(program)
    assert isinstance(root, TyperGroup)
    for words, command in _commands(root, ("hookline",)):
        yield ""
        yield f"## {' '.join(words)}"
        yield ""
        yield command.help or ""
        yield ""
        yield from _usage(words, command)


def _commands(
    group: TyperGroup, words: tuple[str, ...]
) -> Iterator[tuple[tuple[str, ...], TyperCommand]]:
    for name, command in group.commands.items():
        if isinstance(command, TyperGroup):
            yield from _commands(command, (*words, name))
        elif isinstance(command, TyperCommand):
            yield (*words, name), command


def _usage(words: Sequence[str], command: TyperCommand) -> Iterator[str]:
    arguments = [item for item in command.params if isinstance(item, TyperArgument)]
    options = [item for item in command.params if isinstance(item, TyperOption)]
    shown = [_argument_name(item) for item in arguments]
    yield "```console"
    yield " ".join([*words, *shown, "[OPTIONS]"] if options else [*words, *shown])
    example = " ".join((command.epilog or "").removeprefix("Example:").split())
    if example:
        yield f"$ {example}"
    yield "```"
    rows = [(f"`{_argument_name(item)}`", item.help or "", "") for item in arguments]
    rows += [_option_row(item) for item in options if not item.hidden]
    if rows:
        yield ""
        yield from _table(("Option", "What it is", "Default"), rows)


def _argument_name(item: TyperArgument) -> str:
    name = item.metavar or (item.name or "").upper()
    return name if item.required else f"[{name}]"


def _option_row(item: TyperOption) -> tuple[str, str, str]:
    name = ", ".join(f"`{name}`" for name in item.opts)
    words = _choices(item)
    text = (item.help or "") + (f" One of {', '.join(words)}." if words else "")
    if item.required:
        return name, text, "required"
    default = getattr(item.default, "value", item.default)
    if default in (None, False, "", ()) or item.is_flag:
        return name, text, ""
    return name, text, f"`{default}`"


def _choices(item: TyperOption) -> list[str]:
    kinds = (item.type_descriptor.annotation, *get_args(item.type_descriptor.annotation))
    enums = [kind for kind in kinds if isinstance(kind, type) and issubclass(kind, Enum)]
    return [str(choice.value) for kind in enums for choice in kind]


# --- scopes and roles -------------------------------------------------------------------------


def scopes_and_roles() -> Iterator[str]:
    yield "# Scopes and roles"
    yield ""
    yield (
        "A credential holds scopes; a user has a role, which is a set of scopes. Nobody can hand out a "
        "scope that they do not hold. A 403 names the scope that is missing."
    )
    yield ""
    yield "## Roles"
    yield ""
    roles = list(Role)
    rows = [
        (f"`{scope}`", *("✓" if scope in ROLE_SCOPES[role] else "" for role in roles))
        for scope in Scope
    ]
    yield from _table(("Scope", *(str(role) for role in roles)), rows)
    yield ""
    yield (
        "Only an owner can make, change or remove owners. By default every admin may manage credentials: "
        "`credentials:write`, like any other scope, can be taken from one user or given to one "
        "(`permissions` of `PATCH /v1/users/{id}`)."
    )
    yield ""
    yield "## Usual choices"
    yield ""
    yield "The console offers these as presets. At the command line, each with `credentials create`:"
    yield ""
    choices = [
        (
            title,
            "`--all-scopes`"
            if scopes == frozenset(Scope)
            else " ".join(f"`--scope {scope}`" for scope in Scope if scope in scopes),
        )
        for title, scopes in PRESETS
    ]
    yield from _table(("For", "Options"), choices)
    yield ""
    yield "## What each scope opens"
    yield ""
    opened = _operations()
    rows = [(f"`{scope}`", opened.get(scope, "")) for scope in Scope if scope in opened]
    yield from _table(("Scope", "Operations"), rows)
    unused = [f"`{scope}`" for scope in Scope if scope not in opened]
    if unused:
        yield ""
        yield f"No operation of this version asks for {', '.join(unused)}."


def _operations() -> dict[str, str]:
    with tempfile.TemporaryDirectory() as folder:
        document = Server(Settings(data_dir=Path(folder))).api.openapi()
    found: dict[str, list[str]] = {}
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            scope = operation.get("x-required-scope")
            if scope:
                found.setdefault(scope, []).append(f"`{method.upper()} {path}`")
    return {scope: "<br>".join(names) for scope, names in found.items()}


# --- metrics ----------------------------------------------------------------------------------


def measured() -> Iterator[str]:
    yield "# Metrics"
    yield ""
    yield (
        "`GET /metrics` in Prometheus' text format, for loopback or whoever has `HOOKLINE_METRICS_TOKEN`. With "
        "several workers it tells of all of this machine; each machine has its own. How to use them, with a "
        "dashboard for Grafana: [Watch Hookline](../how-to/watch-hookline.md)."
    )
    yield ""
    of_ours = [one for one in vars(metrics).values() if isinstance(one, MetricWrapperBase)]
    rows = []
    for one in of_ours:
        described = next(iter(one.describe()))
        name = described.name + ("_total" if described.type == "counter" else "")
        labels = ", ".join(f"`{label}`" for label in one._labelnames)  # noqa: SLF001
        rows.append((f"`{name}`", described.type, labels, described.documentation))
    yield from _table(("Name", "Kind", "Labels", "What it is"), sorted(rows))


def _table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    yield f"| {' | '.join(columns)} |"
    yield f"|{'---|' * len(columns)}"
    for row in rows:
        yield f"| {' | '.join(_cell(cell) for cell in row)} |"


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


PAGES: dict[str, Callable[[], Iterator[str]]] = {
    "settings.md": settings,
    "errors.md": errors,
    "events.md": events,
    "command-line.md": command_line,
    "scopes-and-roles.md": scopes_and_roles,
    "metrics.md": measured,
    "message-errors.md": message_errors,
    "opt-out-words.md": opt_out_words,
}

if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
