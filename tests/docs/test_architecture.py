"""ARCHITECTURE.md may only name what exists."""

import ast
import re
import tomllib
from collections.abc import Iterator
from functools import cache

import pytest

from tests.docs.markdown import ROOT, blocks, code_words

PAGE = ROOT / "ARCHITECTURE.md"
SOURCE = ROOT / "src" / "hookline"
WORDS = sorted(set(code_words(PAGE)))
FILES = [word for word in WORDS if re.fullmatch(r"[\w/.<>]+(\.py|\.md|/)", word)]
FUNCTIONS = [word for word in WORDS if re.fullmatch(r"[\w.]+\(\)", word)]
CLASSES = [word for word in WORDS if re.fullmatch(r"[A-Z][a-z]+([A-Z][a-z]+)*", word)]


@cache
def defined() -> set[str]:
    """Every class, function and method of the program: `Class`, `function`, `Class.method`."""
    return {
        name
        for file in SOURCE.rglob("*.py")
        for name in names_in(ast.parse(file.read_text()), prefix="")
    }


def names_in(node: ast.AST, prefix: str) -> Iterator[str]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            yield prefix + child.name
            yield from names_in(child, prefix=f"{child.name}.")


@pytest.mark.parametrize("name", [name for name in FILES if "<" not in name])
def test_file_exists(name: str) -> None:
    is_local = "/" not in name and list(SOURCE.rglob(name))
    assert is_local or (SOURCE / name).exists() or (ROOT / name).exists()


@pytest.mark.parametrize("name", FUNCTIONS)
def test_function_exists(name: str) -> None:
    assert name.removesuffix("()") in defined()


@pytest.mark.parametrize("name", CLASSES)
def test_class_exists(name: str) -> None:
    assert name in defined() | {"Operation", "UnixMs"}


def test_order_of_rooms_is_the_one_that_is_enforced() -> None:
    contract = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
    enforced = [re.sub(r"[()]", "", layer) for layer in contract["contracts"][0]["layers"]]
    drawn = next(block.code for block in blocks(PAGE, "text") if "storage\n" in block.code)
    assert drawn.split("\n")[:-1] == enforced


def test_every_room_has_its_line() -> None:
    rooms = {path.name for path in SOURCE.iterdir() if (path / "__init__.py").exists()}
    assert rooms <= set(WORDS)


def test_length_stays_readable() -> None:
    assert len(PAGE.read_text().splitlines()) <= 300
