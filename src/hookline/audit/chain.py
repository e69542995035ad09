"""Follows the chain over rows, and says what is wrong with the first that does not fit. Pure.

A row's hash covers its number, its content and the hash of the row before. So of a row that does not
fit one can tell whether it was changed, or whether it is whole but stands at another place.
"""

from collections.abc import Callable, Sequence
from typing import Any

from hookline.audit.append import row_hash
from hookline.audit.model import Anchor, Break, BreakKind

NUMBER, PREVIOUS, HASH = 1, 13, 14
"""Where these stand in a row of the table."""
_NEARBY = 1_000
Row = Sequence[Any]  # Any: the table's own columns
IsKnown = Callable[[str], bool]


def follow(start: Anchor, rows: Sequence[Row], until: int) -> Anchor | tuple[Anchor, Row | None]:
    """The last of the rows, if each follows from the one before and none is missing up to `until`.

    Else the last that fits, with the first that does not; None for the row when there is none left.
    """
    last = start
    for row in rows:
        is_next = row[NUMBER] == last.number + 1 and row[PREVIOUS] == last.hash
        if not is_next or row[HASH] != _digest(row, row[NUMBER]):
            return last, row
        last = Anchor(row[NUMBER], row[HASH])
    return last if last.number >= until else (last, None)


def diagnose(last: Anchor, row: Row | None, place_of: dict[str, int]) -> Break:
    """What is wrong with the row that should follow `last`.

    `place_of`: the numbers of the rows whose hash is the row's own or its `previous_hash`.
    """
    due = last.number + 1
    if row is None:
        return Break(due, BreakKind.MISSING, f"Row {due} and what followed it are gone.")
    if row[NUMBER] != due:
        gone = f"Row {due} is" if row[NUMBER] == due + 1 else f"Rows {due} to {row[NUMBER] - 1} are"
        return Break(due, BreakKind.MISSING, f"{gone} gone; row {row[NUMBER]} comes next.")
    if row[HASH] == _digest(row, due):
        return _unlinked(last, row, place_of)
    true_number = _number_it_was_written_with(row, due)
    if true_number is None:
        return Break(due, BreakKind.CHANGED, f"The content of row {due} is not what was written.")
    if true_number < due or row[PREVIOUS] in place_of:
        return _moved(due, true_number)
    gone = "a row" if true_number == due + 1 else f"{true_number - due} rows"
    return Break(
        due,
        BreakKind.MISSING,
        f"Row {due} was written as row {true_number}: {gone} before it went, and the rest moved up.",
    )


def _unlinked(last: Anchor, row: Row, place_of: dict[str, int]) -> Break:
    """The row is whole, but was chained to another than the one that stands before it now."""
    if last.number == 0:
        return Break(1, BreakKind.CHANGED, "Row 1 does not begin a chain: it was written anew.")
    if row[PREVIOUS] in place_of:
        return _moved(row[NUMBER], place_of[row[PREVIOUS]] + 1)
    return Break(
        last.number,
        BreakKind.CHANGED,
        f"Row {last.number} was written anew: row {row[NUMBER]} was chained to another.",
    )


def _moved(number: int, true_number: int) -> Break:
    detail = f"What stands as row {number} was written as row {true_number}."
    return Break(number, BreakKind.REORDERED, detail)


def _number_it_was_written_with(row: Row, due: int) -> int | None:
    nearby = range(max(1, due - _NEARBY), due + _NEARBY + 1)
    return next((number for number in nearby if _digest(row, number) == row[HASH]), None)


def _digest(row: Row, number: int) -> str:
    return row_hash([row[0], number, *row[2:PREVIOUS]], row[PREVIOUS])
