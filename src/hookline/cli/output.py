"""What commands print: a table for people, JSON for programs, errors on stderr."""

import sys
from collections.abc import Mapping, Sequence
from typing import Annotated, NoReturn

import msgspec
import typer
from pydantic import BaseModel
from rich.console import Console
from rich.table import Table

Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]

_WIDTH_OF_FILES = 200
out = Console(highlight=False, width=None if sys.stdout.isatty() else _WIDTH_OF_FILES)


def print_json(value: object) -> None:
    """One JSON document on stdout."""
    if isinstance(value, BaseModel):
        sys.stdout.write(value.model_dump_json(by_alias=True) + "\n")
    else:
        sys.stdout.write(msgspec.json.encode(value).decode() + "\n")


def print_table(columns: Sequence[str], rows: Sequence[Sequence[object]], empty: str) -> None:
    """A table, or what to do when there is nothing in it."""
    if not rows:
        out.print(empty)
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        table.add_column(column, overflow="fold", no_wrap=column == "id")
    for row in rows:
        table.add_row(*("–" if cell is None else str(cell) for cell in row))
    out.print(table)


def print_facts(facts: Mapping[str, object]) -> None:
    """Names and values, one a line."""
    width = max(len(name) for name in facts)
    for name, value in facts.items():
        out.print(f"[dim]{name.ljust(width)}[/dim]  {value}", soft_wrap=True)


def fail(text: str, status: int = 1) -> NoReturn:
    """End with a message on stderr."""
    sys.stderr.write(f"hookline: {text}\n")
    sys.exit(status)
