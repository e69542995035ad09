import subprocess
import sys
from pathlib import Path

import pytest

CHECK = Path(__file__).parents[2] / "scripts" / "check_sizes.py"
STATEMENT = "    x = 1\n"


def check(root: Path) -> tuple[int, str]:
    done = subprocess.run(
        [sys.executable, CHECK, root], capture_output=True, text=True, timeout=30, check=False
    )
    return done.returncode, done.stdout


def write(root: Path, name: str, text: str) -> None:
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


@pytest.mark.parametrize("kind", ["def", "async def"])
def test_long_function_is_a_fault(tmp_path: Path, kind: str) -> None:
    write(tmp_path, "src/hookline/calls/dial.py", f"\n{kind} dial():\n" + STATEMENT * 60)
    assert check(tmp_path) == (
        1,
        "src/hookline/calls/dial.py:2: dial() has 61 lines, at most 60\n",
    )


def test_docstring_does_not_count(tmp_path: Path) -> None:
    docstring = '    """Dials.\n' + "    Says more.\n" * 30 + '    """\n'
    write(tmp_path, "src/hookline/calls/dial.py", "def dial():\n" + docstring + STATEMENT * 59)
    assert check(tmp_path)[0] == 0


@pytest.mark.parametrize("folder", ["src/hookline", "tests/calls", "bench"])
def test_long_file_is_a_fault_everywhere(tmp_path: Path, folder: str) -> None:
    write(tmp_path, f"{folder}/dial.py", "x = 1\n" * 401)
    assert check(tmp_path) == (1, f"{folder}/dial.py:1: 401 lines, at most 400\n")


@pytest.mark.parametrize("name", ["calls/utils.py", "common/dial.py", "calls/_helpers.py"])
def test_vague_module_name_is_a_fault(tmp_path: Path, name: str) -> None:
    write(tmp_path, f"src/hookline/{name}", "")
    assert check(tmp_path)[0] == 1


def test_function_of_a_test_may_be_long(tmp_path: Path) -> None:
    write(tmp_path, "tests/calls/test_dial.py", "def test_dial():\n" + STATEMENT * 60)
    assert check(tmp_path)[0] == 0


def test_migration_may_be_long(tmp_path: Path) -> None:
    long = "def upgrade():\n" + STATEMENT * 500
    write(tmp_path, "src/hookline/storage/migrations/versions/0001_first.py", long)
    assert check(tmp_path)[0] == 0
