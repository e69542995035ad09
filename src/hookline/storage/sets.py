"""Set statements: what one kind of write does to many rows, said once for both databases.

A room declares the statement beside its tables' other SQL; `sqlite.py` and `postgres.py` render and
run it. Results line up with the rows that were given, so that a loser is known by its place.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import Table

Row = tuple[object, ...]
Values = Sequence[object]


@dataclass(frozen=True, eq=False)
class Insert:
    """Insert rows. With `conflict`, a row whose key exists already loses instead of failing.

    Of two rows with one key the first wins.
    """

    table: Table
    columns: tuple[str, ...]
    conflict: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Update:
    """Compare-and-set by key: only a row that satisfies `guard` changes; the others lose.

    A row of input is the key's values, then one value for each name in `values`. `changes` says
    what each column becomes: `{name}` stands for an input value, `t.column` for the stored one.
    Two inputs of one call must not name the same row.
    """

    table: Table
    key: tuple[str, ...]
    values: tuple[str, ...]
    changes: Mapping[str, str]
    guard: str = ""
    returning: tuple[str, ...] = ()
    value_types: Mapping[str, str] = field(default_factory=dict)
    """Column whose type an input value has, where its name is not a column of the table."""
    ordered: bool = False
    """Lock the rows in the order of their keys: for rows that several nodes change in sets."""

    @property
    def inputs(self) -> tuple[str, ...]:
        return self.key + self.values


@dataclass(frozen=True, eq=False)
class Select:
    """Read rows by key; each input key gives the list of rows that match it."""

    table: Table
    key: tuple[str, ...]
    columns: tuple[str, ...]
    guard: str = ""
