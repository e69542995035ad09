"""Holds files and functions to the sizes, and modules to the names, that keep the code readable.

A file has at most 400 lines. In src a function has at most 60, its docstring not counted, and a
module is named after what it does. Migrations are lists of statements and may be as long as they are.
"""

import ast
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

FILE_LINES_MAX = 400
FUNCTION_LINES_MAX = 60
VAGUE_NAMES = frozenset({"base", "common", "core", "misc", "service", "services", "types"}) | {
    f"{vague}{plural}" for vague in ("helper", "manager", "util") for plural in ("", "s")
}
FOLDERS = ("src", "tests", "bench", "scripts")

Function = ast.FunctionDef | ast.AsyncFunctionDef


def main(root: Path) -> int:
    """Prints every fault below `root`; exit status 1 when there is one."""
    faults = [
        fault
        for folder in FOLDERS
        for path in sorted((root / folder).rglob("*.py"))
        for fault in check_file(path, path.relative_to(root))
    ]
    for fault in faults:
        print(fault)
    if not faults:
        print("Sizes and module names: no fault.")
    return 1 if faults else 0


def check_file(path: Path, shown: Path) -> Iterator[str]:
    """The faults of one file, as `path:line: what is wrong`."""
    text = path.read_text(encoding="utf-8")
    is_migration = shown.parent.parts[-2:] == ("migrations", "versions")
    lines = len(text.splitlines())
    if lines > FILE_LINES_MAX and not is_migration:
        yield f"{shown}:1: {lines} lines, at most {FILE_LINES_MAX}"
    if shown.parts[0] != "src":
        return
    yield from check_names(shown)
    if not is_migration:
        for function, length in long_functions(ast.parse(text)):
            yield (
                f"{shown}:{function.lineno}: {function.name}() has {length} lines, "
                f"at most {FUNCTION_LINES_MAX}"
            )


def check_names(shown: Path) -> Iterator[str]:
    """A module or package whose name says nothing about what it does."""
    for name in (shown.stem, shown.parent.name):
        if name.strip("_") in VAGUE_NAMES:
            yield f"{shown}:1: name {name!r} says nothing; name it after what it does"


def long_functions(tree: ast.Module) -> Iterable[tuple[Function, int]]:
    """Functions that are too long, with their lines without the docstring."""
    for node in ast.walk(tree):
        if isinstance(node, Function):
            length = count_lines(node)
            if length > FUNCTION_LINES_MAX:
                yield node, length


def count_lines(function: Function) -> int:
    """Lines from `def` to the end, without the docstring."""
    first = function.body[0]
    docstring = 0
    if ast.get_docstring(function, clean=False) is not None:
        docstring = (first.end_lineno or first.lineno) - first.lineno + 1
    return (function.end_lineno or function.lineno) - function.lineno + 1 - docstring


if __name__ == "__main__":
    raise SystemExit(main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path.cwd()))
