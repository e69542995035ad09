"""`hookline audit verify`, beside a running server."""

import json
import sqlite3
from contextlib import closing

import pytest

from tests.system.installation import Installation

ZEROS = "0" * 64


def change(server: Installation, *statements: str) -> None:
    """As somebody who has the file."""
    with closing(sqlite3.connect(server.data / "hookline.db", isolation_level=None)) as database:
        for act in ("update", "delete"):
            database.execute(f"DROP TRIGGER IF EXISTS audit_refuses_{act}")
        for statement in statements:
            database.execute(statement)


def test_an_intact_trail_is_verified_and_its_head_told(each_installation: Installation) -> None:
    server = each_installation
    server.start()
    server.token()
    told = server.run("audit", "verify").stdout
    assert ": intact, 3 rows." in told
    [facts] = server.json("audit", "verify")
    assert f"Head: {facts['head']}" in told
    assert (facts["status"], facts["checked"], facts["found"]) == ("intact", 3, None)
    server.token()
    [known] = server.json("audit", "verify", "--known", facts["head"])
    assert (known["status"], known["checked"]) == ("intact", 4)


def test_a_changed_row_is_named_with_status_1(installation: Installation) -> None:
    installation.start()
    installation.token()
    change(installation, "UPDATE audit SET actor_label = 'nobody' WHERE number = 2")
    done = installation.run("audit", "verify", status=1)
    assert "BROKEN at row 2 (changed)." in done.stdout
    assert "Rows 1 to 1 are as they were written." in done.stdout
    [facts] = installation_json(installation, "audit", "verify", "--json")
    assert (facts["status"], facts["found"]["number"]) == ("broken", 2)


def test_a_shortened_trail_is_known_by_its_head(installation: Installation) -> None:
    installation.start()
    installation.token()
    [facts] = installation.json("audit", "verify")
    change(
        installation,
        "DELETE FROM audit WHERE number = 3",
        "UPDATE account_streams SET audit_number = 2, "
        "audit_hash = (SELECT hash FROM audit WHERE number = 2)",
    )
    installation.run("audit", "verify")
    done = installation.run("audit", "verify", "--known", facts["head"], status=1)
    assert "BROKEN at row 3 (missing)." in done.stdout


@pytest.mark.parametrize("known", ["5", f"5:{ZEROS}0", "x:y"])
def test_a_head_that_is_none_is_a_wrong_use(desk: Installation, known: str) -> None:
    done = desk.run("audit", "verify", "--known", known, status=2)
    assert "NUMBER:HASH" in done.stderr


def test_the_help_has_examples(desk: Installation) -> None:
    told = desk.run("audit", "verify", "--help").stdout
    assert "hookline audit verify --known" in " ".join(told.split())


def installation_json(server: Installation, *arguments: str) -> list[dict[str, dict[str, int]]]:
    return list(json.loads(server.run(*arguments, status=1).stdout))
