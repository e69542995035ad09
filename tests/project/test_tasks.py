import os
import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[2]
TASKS = {
    "help",
    "setup",
    "run",
    "test",
    "check",
    "bench",
    "format",
    "lock",
    "reference",
    "screenshots",
    "clean",
}


def run(*command: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command,
        cwd=ROOT,
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


def test_make_alone_lists_every_task() -> None:
    # The tests may themselves run below make, whose flags a make inside would take over.
    said = run("make", MAKEFLAGS="", MAKELEVEL="").stdout
    assert set(re.findall(r"^  make (\w+) +\w", said, re.MULTILINE)) == TASKS


def test_every_task_is_phony() -> None:
    phony = re.search(r"^\.PHONY: (.*)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert phony
    assert set(phony.group(1).split()) >= TASKS


def test_python_that_is_too_old_or_absent_is_named() -> None:
    done = run("scripts/find_python.sh", PYTHON="/nowhere/python3")
    assert done.returncode == 1
    assert "PYTHON=/nowhere/python3 is not a Python 3.11 or newer" in done.stderr


def test_python_without_venv_names_the_debian_package(tmp_path: Path) -> None:
    python = tmp_path / "python3.11"
    python.write_text('#!/bin/sh\ncase "$2" in *ensurepip*) exit 1 ;; esac\n')
    python.chmod(0o755)
    done = run("scripts/find_python.sh", PYTHON=str(python))
    assert done.returncode == 1
    assert "apt install python3-venv" in done.stderr


def test_the_machines_python_is_found_without_asking() -> None:
    assert Path(run("scripts/find_python.sh", PYTHON="").stdout.strip()).exists()
