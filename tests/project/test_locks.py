import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
LOCKS = ["requirements.lock", "requirements-dev.lock", "assets.txt"]


def read_entries(lock: str) -> dict[str, str]:
    """Each package's name with its version, markers and hashes."""
    text = re.sub(r"^#.*\n", "", (ROOT / lock).read_text(), flags=re.MULTILINE)
    entries = text.replace("\\\n", " ").splitlines()
    return {re.split("[=;@ ]", entry)[0]: entry for entry in entries}


def names(requirements: list[str]) -> set[str]:
    """As locks write them (PEP 503)."""
    found = {re.split(r"[\[<>=;]", requirement)[0] for requirement in requirements}
    return {re.sub(r"[-_.]+", "-", name) for name in found}


def test_what_sqlalchemy_needs_for_asyncio_is_locked_for_the_program_too() -> None:
    assert "greenlet" in read_entries("requirements.lock")  # the tests' tools bring it as well


@pytest.mark.parametrize("lock", LOCKS)
def test_every_package_has_one_version_and_hashes(lock: str) -> None:
    for entry in read_entries(lock).values():
        assert re.match(r"[a-z0-9.-]+==\S+ .*--hash=sha256:[0-9a-f]{64}", entry), entry


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_names_no_index_no_address_and_no_folder(lock: str) -> None:
    text = (ROOT / lock).read_text()
    assert not re.search(r"://|--index|--extra-index|--find-links|(^|\s)/", text)


def test_what_the_program_needs_is_locked() -> None:
    needed = names(PYPROJECT["project"]["dependencies"] + PYPROJECT["dependency-groups"]["build"])
    assert needed <= read_entries("requirements.lock").keys()


def test_what_development_needs_is_locked() -> None:
    needed = names(PYPROJECT["project"]["optional-dependencies"]["dev"])
    assert needed <= read_entries("requirements-dev.lock").keys()


def test_development_runs_on_the_versions_that_users_get() -> None:
    runtime, development = read_entries("requirements.lock"), read_entries("requirements-dev.lock")
    assert {name: development.get(name) for name in runtime} == runtime
