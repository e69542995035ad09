"""From an empty folder to a sent message, and the same again on a warm start."""

import re
import subprocess

import httpx
import pytest

from tests.system.installation import Installation
from tests.system.recipes import PHONE, send_body


def curl_of(banner: str) -> str:
    return next(line for line in banner.splitlines() if line.startswith("curl "))


def test_a_warm_start_keeps_everything_and_prints_no_password(
    each_installation: Installation,
) -> None:
    each_installation.start()
    first = each_installation.banner.read_text()
    token = each_installation.token()
    bearer = {"Authorization": f"Bearer {token}"}
    sent = httpx.post(f"{each_installation.url}/v1/messages", json=send_body(), headers=bearer)
    each_installation.stop()
    each_installation.start()
    second = each_installation.banner.read_text().removeprefix(first)
    kept = httpx.get(f"{each_installation.url}/v1/messages/{sent.json()['id']}", headers=bearer)

    assert re.search(r"Password +\S{12,}", first)
    assert "admin@example.com" in first
    assert "Password" not in second
    assert f"http://localhost:{each_installation.port}" in second
    assert kept.status_code == 200


def test_the_curl_of_the_banner_works_when_pasted(desk: Installation) -> None:
    line = curl_of(desk.banner.read_text())
    done = subprocess.run(
        ["bash", "-c", line], capture_output=True, text=True, timeout=60, check=True, cwd="/"
    )
    assert '"status":"queued"' in done.stdout
    assert PHONE in done.stdout


def test_a_chosen_password_is_not_printed(installation: Installation) -> None:
    installation.environment["HOOKLINE_ADMIN_PASSWORD"] = "correct-horse-battery"
    installation.environment["HOOKLINE_ADMIN_EMAIL"] = "mara@example.com"
    installation.start()
    banner = installation.banner.read_text()
    assert "mara@example.com" in banner
    assert "Password" not in banner
    assert "correct-horse" not in banner


def test_the_secret_key_is_for_the_owner_alone(desk: Installation) -> None:
    private = [path for path in desk.data.iterdir() if path.stat().st_mode & 0o077 == 0]
    assert any("key" in path.name for path in private)


def test_workers_need_postgresql(installation: Installation) -> None:
    done = installation.run("up", "--workers", "2", status=2)
    assert "PostgreSQL" in done.stderr


def test_a_second_server_on_the_same_folder_is_refused(desk: Installation) -> None:
    done = desk.run("up", "--port", "0", status=1)
    assert "Another server" in done.stderr
    assert desk.is_ready()


def test_a_port_that_is_taken_is_named(desk: Installation) -> None:
    elsewhere = str(desk.folder / "other")
    done = desk.run("up", "--data", elsewhere, status=1)
    assert f"127.0.0.1:{desk.port}" in done.stderr
    assert "--port" in done.stderr


@pytest.mark.parametrize(
    ("name", "text"),
    [("PORT", "many"), ("LOG_LEVEL", "loud"), ("ALLOW_TARGETS", "everyone")],
)
def test_a_setting_that_is_wrong_is_named(installation: Installation, name: str, text: str) -> None:
    installation.environment[f"HOOKLINE_{name}"] = text
    done = installation.run("up", status=2)
    assert f"HOOKLINE_{name}" in done.stderr


def test_a_database_that_cannot_be_reached_is_told(installation: Installation) -> None:
    url = "postgresql://nobody:hidden-password@127.0.0.1:1/nothing"
    done = installation.run("up", "--database", url, status=1)
    assert "127.0.0.1" in done.stderr or "database" in done.stderr.lower()
    assert "hidden-password" not in done.stderr
