"""Every command, beside a running server and without one."""

import json
import shutil
import sqlite3
import stat
from collections.abc import Iterator
from pathlib import Path

import click
import httpx
import pytest
import typer.main
from typer.testing import CliRunner

from hookline.cli.program import app
from tests.system.installation import TEXT, Installation, installed
from tests.system.people import set_up_second_factor, signed_in, token_in
from tests.system.recipes import PHONE, SANDBOX_NUMBER


def commands() -> list[tuple[str, ...]]:
    """All commands, as they are typed."""

    def below(command: click.Command, path: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
        if not hasattr(command, "commands"):
            yield path
            return
        for name, child in command.commands.items():
            yield from below(child, (*path, name))

    return list(below(typer.main.get_command(app), ()))


@pytest.mark.parametrize("path", commands(), ids=" ".join)
def test_every_commands_help_has_an_example(path: tuple[str, ...]) -> None:
    shown = CliRunner().invoke(app, [*path, "--help"], env={"COLUMNS": "200"})
    assert shown.exit_code == 0
    assert f"Example:  hookline {' '.join(path)}" in " ".join(shown.output.split(" "))


def test_the_contracts_commands_are_there() -> None:
    there = {" ".join(path) for path in commands()}
    assert there >= {
        "up", "account show", "accounts add", "users add", "users reset-password", "users invite",
        "users change", "users remove", "users reset-second-factor", "account second-factor",
        "credentials create", "credentials list", "credentials rotate", "credentials revoke",
        "carriers add smpp", "carriers list", "carriers test", "carriers remove",
        "numbers add", "numbers list", "messages send", "calls create", "calls list", "requests list", "requests show",
        "doctor", "migrate", "backup", "version",
    }  # fmt: skip


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def test_account(desk: Installation) -> None:
    shown = desk.json("account", "show")
    assert shown.keys() == {"id", "client_id", "name"}
    assert shown["client_id"] in desk.banner.read_text()


def test_accounts_add(desk: Installation) -> None:
    made = desk.json("accounts", "add", "Clinic Leeds")
    token = desk.token("--account", "Clinic Leeds")
    seen = httpx.get(f"{desk.url}/v1/account", headers=bearer(token)).json()
    assert (seen["id"], seen["name"]) == (made["id"], "Clinic Leeds")


def test_users(desk: Installation) -> None:
    made = desk.json("users", "add", "mara@example.com", "--role", "admin")
    again = desk.run("users", "add", "mara@example.com", status=1)
    reset = desk.json("users", "reset-password", "mara@example.com")
    listed = desk.json("users", "list")
    assert (made["email"], made["role"]) == ("mara@example.com", "admin")
    assert reset["password"] != made["password"]
    assert {user["email"] for user in listed} == {"admin@example.com", "mara@example.com"}
    assert "mara@example.com" in again.stderr or "already" in again.stderr
    assert "nobody" in desk.run("users", "reset-password", "nobody@example.com", status=1).stderr


def test_users_are_invited_changed_and_removed(desk: Installation) -> None:
    invited = desk.json("users", "invite", "iva@example.com", "--role", "viewer")
    with httpx.Client(base_url=desk.url) as client:
        path = "/join/" + invited["link"].rpartition("/")[2]
        typed = {"csrf_token": token_in(client.get(path)), "password": "a password of five words"}
        assert client.post(path, data=typed).status_code == 303
        assert client.get("/").status_code == 200
        changed = desk.json("users", "change", "iva@example.com", "--role", "developer")
        disabled = desk.json("users", "change", "iva@example.com", "--disable")
        assert client.get("/").status_code == 303
    assert (changed["role"], changed["disabled_at"]) == ("developer", None)
    assert disabled["disabled_at"] is not None
    assert "Say what to change" in desk.run("users", "change", "iva@example.com", status=2).stderr
    desk.run("users", "remove", "iva@example.com")
    gone = desk.run("users", "remove", "iva@example.com", status=1)
    assert "no user iva@example.com" in gone.stderr


def test_the_last_owner_stays(desk: Installation) -> None:
    for arguments in (
        ("change", "admin@example.com", "--role", "admin"),
        ("change", "admin@example.com", "--disable"),
        ("remove", "admin@example.com"),
    ):
        assert "only owner" in desk.run("users", *arguments, status=1).stderr


def test_second_factors_are_required_and_reset(desk: Installation) -> None:
    assert desk.json("account", "second-factor") == {"second_factor_required": False}
    assert desk.json("account", "second-factor", "--require")["second_factor_required"] is True
    desk.run("account", "second-factor", "--optional")
    made = desk.json("users", "add", "toto@example.com", "--role", "viewer")
    with signed_in(desk.url, "toto@example.com", made["password"]) as client:
        set_up_second_factor(client)
        shown = {user["email"]: user["second_factor"] for user in desk.json("users", "list")}
        assert shown["toto@example.com"] is True
        desk.run("users", "reset-second-factor", "toto@example.com")
        assert client.get("/").status_code == 303
    with signed_in(desk.url, "toto@example.com", made["password"]) as client:
        assert client.get("/").status_code == 200
    again = desk.run("users", "reset-second-factor", "toto@example.com", status=1)
    assert "has no second factor" in again.stderr


def test_credentials(desk: Installation) -> None:
    scopes = ("--scope", "messages:send", "--scope", "messages:read")
    made = desk.json("credentials", "create", "--description", "Shop", *scopes, "--mode", "test")
    listed = desk.json("credentials", "list")
    rotated = desk.json("credentials", "rotate", made["id"])
    desk.run("credentials", "revoke", made["id"])
    ended = httpx.get(f"{desk.url}/v1/messages", headers=bearer(rotated["token"]))
    assert made["scopes"] == ["messages:read", "messages:send"]
    assert made["token"].startswith("hk_test_")
    assert made["id"] in {one["id"] for one in listed}
    assert rotated["token"] != made["token"]
    assert ended.status_code == 401


def test_credentials_rotated_with_a_grace(desk: Installation) -> None:
    def status(token: str) -> int:
        return httpx.get(f"{desk.url}/v1/credentials/self", headers=bearer(token)).status_code

    made = desk.json("credentials", "create", "--description", "Grace", "--all-scopes")
    rotated = desk.json("credentials", "rotate", made["id"], "--grace", "24h")
    assert rotated["status"] == "rotating"
    assert [status(one["token"]) for one in (made, rotated)] == [200, 200]
    assert desk.json("credentials", "extend", made["id"])["previous_token"]["extended"]
    assert desk.json("credentials", "cancel-rotation", made["id"])["last4"] == made["last4"]
    assert [status(one["token"]) for one in (made, rotated)] == [200, 401]
    again = desk.json("credentials", "rotate", made["id"], "--grace", "1h")
    assert desk.json("credentials", "expire-now", made["id"])["status"] == "active"
    assert [status(one["token"]) for one in (made, again)] == [401, 200]


def test_credentials_changed_without_a_new_token(desk: Installation) -> None:
    made = desk.json(
        "credentials", "create", "--description", "Till", "--all-scopes", "--expires-in-days", "7"
    )
    held = desk.json(
        "credentials", "edit", made["id"], "--allowed-ip", "203.0.113.0/24", "--daily-call-cap", "9"
    )
    assert (held["allowed_ips"], held["daily_call_cap"]) == (["203.0.113.0/24"], 9)
    own = f"{desk.url}/v1/credentials/self"
    assert httpx.get(own, headers=bearer(made["token"])).status_code == 403
    lifted = desk.json(
        "credentials", "edit", made["id"], "--lift", "expiry", "--lift", "allowed-ips"
    )
    assert (lifted["expires_at"], lifted["allowed_ips"], lifted["daily_call_cap"]) == (
        None,
        None,
        9,
    )
    assert httpx.get(own, headers=bearer(made["token"])).status_code == 200
    assert desk.json("credentials", "enable", made["id"])["status"] == "active"


def test_credential_policy_is_shown_and_changed(desk: Installation) -> None:
    before = desk.json("credentials", "policy")
    after = desk.json(
        "credentials", "policy", "--rotation-days", "60", "--disable-idle-after-days", "30"
    )
    assert after == before | {"rotation_days": 60, "disable_idle_after_days": 30}
    reset = desk.json(
        "credentials", "policy", "--rotation-days", "90", "--disable-idle-after-days", "never"
    )
    assert reset == desk.json("credentials", "policy") == before


@pytest.mark.parametrize(
    ("arguments", "status", "says"),
    [
        (("credentials", "create", "--description", "x"), 2, "--scope"),
        (("credentials", "edit", "crd_nothing"), 2, "--lift"),
        (("credentials", "edit", "crd_nothing", "--description", "x"), 1, "crd_nothing"),
        (("credentials", "edit", "crd_nothing", "--allowed-ip", "here"), 2, "--allowed-ip"),
        (("credentials", "enable", "crd_nothing"), 1, "crd_nothing"),
        (("credentials", "policy", "--rotation-days", "0"), 2, "--rotation-days"),
        (("credentials", "policy", "--disable-idle-after-days", "soon"), 2, "never"),
        (("credentials", "create", "--description", "x", "--scope", "fly"), 2, "messages:send"),
        (("credentials", "rotate", "crd_nothing"), 1, "crd_nothing"),
        (("credentials", "rotate", "crd_nothing", "--grace", "31d"), 1, "30 days"),
        (("credentials", "rotate", "crd_nothing", "--grace", "soon"), 2, "24h"),
        (("credentials", "expire-now", "crd_nothing"), 1, "crd_nothing"),
        (("credentials", "revoke", "crd_nothing"), 1, "crd_nothing"),
        (("credentials", "list", "--account", "Nobody"), 1, "Nobody"),
        (("numbers", "add", "hello there, everybody"), 1, ""),
        (("numbers", "add", "+12025550123", "--carrier", "none"), 1, "none"),
        (("numbers", "add", "+12", "--voice-carrier", "a", "--no-voice-carrier"), 2, "not both"),
        (("users", "add", "not-an-address"), 1, ""),
        (("users", "add", "a@example.com", "--role", "king"), 2, "king"),
        (("requests", "show", "req_nothing"), 1, "req_nothing"),
        (("requests", "list", "--status", "good"), 2, "--status"),
        (("nonsense",), 2, "nonsense"),
    ],
)
def test_what_cannot_be_done_is_said(
    desk: Installation, arguments: tuple[str, ...], status: int, says: str
) -> None:
    done = desk.run(*arguments, status=status)
    assert says in done.stderr
    assert done.stderr.strip()


def test_numbers(desk: Installation) -> None:
    made = desk.json("numbers", "add", "+442079460123", "--carrier", "sandbox")
    again = desk.json("numbers", "add", "+442079460123", "--carrier", "sandbox")
    listed = desk.json("numbers", "list")
    said = desk.run("numbers", "add", "+442079460123", "--voice-carrier", "sandbox").stdout
    assert "calls go by sandbox" in said
    assert desk.json("numbers", "add", "+442079460123")["voice_carrier_id"]
    mute = desk.json("numbers", "add", "+442079460123", "--no-voice-carrier")
    assert (mute["carrier_id"], mute["voice_carrier_id"]) == (made["carrier_id"], None)
    assert made["id"] == again["id"]
    assert {"+442079460123", SANDBOX_NUMBER} <= {one["number"] for one in listed}


def send(*options: str, to: str = PHONE) -> tuple[str, ...]:
    return ("messages", "send", "--from", SANDBOX_NUMBER, "--to", to, "--text", TEXT, *options)


def test_a_message_is_waited_for(desk: Installation) -> None:
    sent = desk.json(*send("--wait"))
    assert sent["status"] == "delivered"
    assert [entry["status"] for entry in sent["timeline"]][-2:] == ["sent", "delivered"]


def test_a_message_that_fails_is_a_failure(desk: Installation) -> None:
    assert desk.run(*send("--wait", to="+15005550002"), status=1).stderr.strip()


def test_a_message_without_a_server_says_what_to_do(tmp_path: Path) -> None:
    with installed(tmp_path) as made:
        made.run("migrate")
        assert "hookline up" in made.run(*send("--wait"), status=1).stderr
        made.start()
        made.stop()
        assert "hookline up" in made.run(*send("--wait"), status=1).stderr
        made.start()  # the message was stored, and is sent now
        token = made.token()
        (message,) = httpx.get(f"{made.url}/v1/messages", headers=bearer(token)).json()["data"]
        assert message["status"] in {"queued", "sending", "sent", "delivered"}


@pytest.mark.parametrize("arguments", [("account", "show"), ("credentials", "list"), send()])
def test_an_empty_folder_is_not_set_up_yet(
    installation: Installation, arguments: tuple[str, ...]
) -> None:
    assert "hookline up" in installation.run(*arguments, status=1).stderr


def test_migrate_and_version(installation: Installation) -> None:
    first = installation.json("migrate")
    second = installation.json("migrate")
    assert first["before"] is None
    assert second == {"before": first["after"], "after": first["after"]}
    assert installation.json("version")["hookline"]


def test_the_doctor_finds_nothing_wrong(desk: Installation) -> None:
    findings = desk.json("doctor")
    assert all(finding["ok"] for finding in findings)
    assert {"disk", "secret key", "schema", "database", "clock", "carriers"} <= {
        finding["subject"] for finding in findings
    }


def test_the_doctor_says_how_to_mend(tmp_path: Path) -> None:
    with installed(tmp_path) as made:
        assert bad(made) == {"schema"}
        made.start()
        made.stop()
        next(made.data.glob("*key*")).chmod(0o644)
        with sqlite3.connect(made.data / "hookline.db") as database:
            database.execute("DELETE FROM carriers")
        database.close()
        assert bad(made) == {"secret key", "numbers"}
        made.environment["HOOKLINE_DATABASE_URL"] = "postgresql://x:hidden@127.0.0.1:1/x"
        assert bad(made) == {"secret key", "schema"}


def bad(installation: Installation) -> set[str]:
    done = installation.run("doctor", "--json", status=1)
    assert "hidden" not in done.stdout + done.stderr
    wrong = [finding for finding in json.loads(done.stdout) if not finding["ok"]]
    assert all(finding["fix"] for finding in wrong), wrong
    return {finding["subject"] for finding in wrong}


def test_a_backup_can_be_started(desk: Installation, tmp_path: Path) -> None:
    token = desk.token()
    sent = desk.json(*send("--wait"))
    copy = tmp_path / "copy.db"
    said = desk.run("backup", str(copy)).stdout
    again = desk.run("backup", str(copy), status=1)
    with installed(tmp_path / "restored") as restored:
        restored.data.mkdir()
        shutil.copy(copy, restored.data / "hookline.db")
        shutil.copy(next(desk.data.glob("*key*")), restored.data)
        restored.start()
        found = httpx.get(f"{restored.url}/v1/messages/{sent['id']}", headers=bearer(token))
    assert found.json()["text"] == TEXT
    assert "key" in said
    assert "exists" in again.stderr
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    assert token.encode() not in copy.read_bytes()
