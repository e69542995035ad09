"""Carriers at the command line, beside a running server and a carrier on loopback."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.services.ports import find_free_port
from tests.services.smsc import Rule, Smsc, running_smsc, skip_without_smsc
from tests.system.inspection import wait_for
from tests.system.installation import Installation

NUMBER = "+15550100100"
TO = "+447700900123"


@pytest.fixture
async def carrier(tmp_path: Path) -> AsyncIterator[Smsc]:
    skip_without_smsc()
    async with running_smsc(tmp_path) as smsc:
        yield smsc


def options(name: str, port: int) -> tuple[str, ...]:
    return (
        "carriers", "add", "smpp", "--name", name, "--host", "127.0.0.1", "--port", str(port),
        "--system-id", "hookline",
    )  # fmt: skip


TWILIO = ("carriers", "add", "twilio", "--name", "A", "--account-sid", "AC" + "0" * 32)
HTTP = ("carriers", "add", "http", "--name", "A")


def link_of(desk: Installation, name: str) -> Any:
    (found,) = [one for one in desk.json("carriers", "list") if one["name"] == name]
    return found["link"]


def test_a_carrier_is_connected_tested_and_removed(desk: Installation, carrier: Smsc) -> None:
    settings = ("--rate", "0", "--bind", "pair", "--binds", "2", "--long-messages", "payload")
    made = desk.json(*options("Acme", carrier.port), "--password", "secret", *settings)
    assert (made["smpp"]["rate"], made["smpp"]["password_set"]) == (0, True)
    wait_for(lambda: link_of(desk, "Acme")["state"] == "bound")
    homeless = desk.run("carriers", "test", "Acme", "--to", TO, status=1)
    assert "hookline numbers add" in homeless.stderr
    home = desk.json("numbers", "add", NUMBER, "--carrier", "Acme")
    assert home["carrier_id"] == made["id"]
    shown = desk.run("carriers", "test", "Acme", "--to", TO).stdout
    assert "bound" in shown
    assert "delivered" in shown
    tested = desk.json("carriers", "test", "Acme", "--to", TO)
    assert (tested["ok"], tested["message"]["carrier"]) == (True, made["id"])
    link = desk.json("carriers", "show", "Acme")["link"]
    assert [one["role"] for one in link["sessions"]] == ["transmitter", "receiver"] * 2
    wait_for(lambda: link_of(desk, "Acme")["lately"]["accepted"] == 2)
    told = desk.run("carriers", "show", "Acme").stdout
    assert "2 accepted" in told
    assert "receiver" in told
    assert NUMBER in desk.run("carriers", "remove", "Acme", status=1).stderr
    desk.json("numbers", "add", NUMBER, "--carrier", "sandbox")
    desk.run("carriers", "remove", "Acme")
    assert [one["name"] for one in desk.json("carriers", "list")] == ["sandbox"]


async def test_a_refused_message_is_explained(desk: Installation, carrier: Smsc) -> None:
    desk.run(*options("Refusing", carrier.port), "--password", "secret")
    desk.json("numbers", "add", NUMBER, "--carrier", "Refusing")
    await carrier.rule(Rule(status=0x0B))
    done = desk.run("carriers", "test", "Refusing", "--to", TO, status=1)
    assert "carrier" in done.stderr
    assert "failed" in done.stdout
    desk.json("numbers", "add", NUMBER, "--carrier", "sandbox")
    desk.run("carriers", "remove", "Refusing")


def test_a_carrier_that_is_not_there_is_explained(desk: Installation) -> None:
    desk.environment["HOOKLINE_CARRIER_PASSWORD"] = "secret"
    said = desk.run(*options("Gone", find_free_port())).stdout
    assert "Check the host, the port and the firewall" in said.replace("\n", " ")
    assert "Cannot connect" in desk.run("carriers", "test", "Gone", status=1).stderr
    findings = json.loads(desk.run("doctor", "--json", status=1).stdout)
    wrong = [finding for finding in findings if not finding["ok"]]
    assert [finding["subject"] for finding in wrong] == ["carrier Gone"]
    desk.run("carriers", "remove", "Gone")


@pytest.mark.parametrize(
    ("arguments", "status", "says"),
    [
        ((*options("A", 0), "--password", "x"), 2, "--port"),
        ((*options("A", 1), "--password", "x", "--ambiguous", "maybe"), 2, "maybe"),
        ((*options("A", 1), "--password", "x", "--tls-ca", "/nowhere"), 2, "--tls-ca"),
        ((*options("sandbox", 1), "--password", "x"), 1, "sandbox"),
        (options("A", 1), 2, "HOOKLINE_CARRIER_PASSWORD"),
        ((*TWILIO, "--auth-token", "x", "--api-key-sid", "SK1"), 2, "--api-key-sid"),
        ((*TWILIO, "--auth-token", "x", "--base-url", "ftp://x"), 2, "--base-url"),
        (TWILIO, 2, "HOOKLINE_TWILIO_AUTH_TOKEN"),
        ((*HTTP, "--template", "/nowhere"), 2, "--template"),
        ((*HTTP, "--template", "/etc/passwd"), 2, "is not JSON"),
        (("carriers", "preview", "sandbox"), 1, "not asked by HTTP"),
        (("carriers", "test", "nobody"), 1, "nobody"),
        (("carriers", "remove", "sandbox"), 1, "+12025550100"),
    ],
)
def test_what_cannot_be_done_is_said(
    desk: Installation, arguments: tuple[str, ...], status: int, says: str
) -> None:
    desk.environment.pop("HOOKLINE_CARRIER_PASSWORD", None)
    assert says in desk.run(*arguments, status=status).stderr
