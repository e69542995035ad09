"""Binding, being refused, and taking leave."""

import asyncio
from pathlib import Path

import pytest

from hookline.telemetry.link_state import LinkPhase
from tests.carriers.smpp.linked import (
    Linked,
    Room,
    linked,
    open_link,
    outgoing,
    settings_for,
    until,
)
from tests.services.ports import find_free_port
from tests.services.smsc import BIND_FAILED, INVALID_PASSWORD, Smsc


@pytest.mark.parametrize(
    ("bind", "modes"),
    [("transceiver", {"transceiver"}), ("pair", {"transmitter", "receiver"})],
)
async def test_it_binds_as_the_settings_say(smsc: Smsc, bind: str, modes: set[str]) -> None:
    async with linked(smsc.port, bind=bind, system_type="VMS"):
        sessions = (await smsc.stats()).sessions
    assert {one.mode for one in sessions} == modes
    assert {(one.system_id, one.system_type) for one in sessions} == {("esme", "VMS")}


async def test_bound_pair_sends_and_hears(smsc: Smsc) -> None:
    async with linked(smsc.port, bind="pair") as opened:
        [outcome] = await opened.send(outgoing())
        await until(lambda: len(opened.room.heard) == 1)
        assert opened.room.heard[0].carrier_message_id == outcome.carrier_message_ids[0]


@pytest.mark.parametrize(
    ("status", "words"),
    [(INVALID_PASSWORD, ("RINVPASWD", "password")), (BIND_FAILED, ("RBINDFAIL", "bind type"))],
)
async def test_refused_bind_says_why_and_is_tried_again(
    smsc: Smsc, status: int, words: tuple[str, ...]
) -> None:
    await smsc.change(bind_status=status)
    async with linked(smsc.port, is_bound=False) as opened:
        await opened.waiting(*words)
        assert opened.link.window == 0
        await smsc.wait("binds_refused", 2)
        await smsc.change(bind_status=0)
        await opened.bound()
        assert opened.link.state().detail is None


async def test_absent_carrier_is_tried_until_it_is_there(smsc: Smsc) -> None:
    await smsc.kill()
    async with linked(smsc.port, is_bound=False) as opened:
        await opened.waiting(f"127.0.0.1:{smsc.port}", "firewall")
        await smsc.start()
        await opened.bound()


@pytest.mark.parametrize("host", ["no-such-host.invalid", "a" * 64 + ".example"])
async def test_host_that_cannot_be_says_so(host: str) -> None:
    async with linked(1, is_bound=False, host=host) as opened:
        await opened.waiting(f"{host}:1", "Check the host")


async def test_tls_with_the_carriers_authority_binds(tls_smsc: Smsc) -> None:
    assert tls_smsc.certificate_authority is not None
    ca = tls_smsc.certificate_authority.read_text()
    async with linked(tls_smsc.port, tls=True, tls_ca=ca) as opened:
        [outcome] = await opened.send(outgoing())
        assert outcome.carrier_message_ids


async def test_untrusted_certificate_says_what_to_set(tls_smsc: Smsc) -> None:
    async with linked(tls_smsc.port, is_bound=False, tls=True) as opened:
        await opened.waiting("not trusted", "tls_ca")


async def test_tls_to_a_plain_port_says_so(smsc: Smsc) -> None:
    async with linked(smsc.port, is_bound=False, tls=True) as opened:
        await opened.waiting("TLS")


async def test_plain_to_a_tls_port_says_so(tls_smsc: Smsc) -> None:
    async with linked(tls_smsc.port, is_bound=False) as opened:
        await opened.waiting("TLS")


@pytest.mark.parametrize("ca", ["nonsense", "nön-ASCII"])
async def test_unreadable_authority_says_so(smsc: Smsc, ca: str) -> None:
    async with linked(smsc.port, is_bound=False, tls=True, tls_ca=ca) as opened:
        await opened.waiting("tls_ca")


async def test_password_that_cannot_be_written_says_so(smsc: Smsc) -> None:
    room = Room()
    link = open_link(settings_for(smsc.port), room, password="päss")
    await Linked(link, room).waiting("password", "ASCII")
    assert "päss" not in str(link.state())
    await link.close()


async def test_kicked_session_is_bound_again(smsc: Smsc) -> None:
    async with linked(smsc.port) as opened:
        await smsc.kick()
        await opened.bound(2)
        await opened.send(outgoing())


async def test_killed_smsc_is_bound_again(smsc: Smsc) -> None:
    async with linked(smsc.port) as opened:
        await smsc.restart()
        await opened.bound(2)
        await opened.send(outgoing())


async def test_carrier_that_unbinds_is_answered_and_bound_again(smsc: Smsc) -> None:
    async with linked(smsc.port) as opened:
        await smsc.unbind()
        await smsc.wait("unbinds_answered")
        await opened.bound(2)


async def test_close_takes_leave(smsc: Smsc) -> None:
    async with linked(smsc.port) as opened:
        await opened.link.close()
        assert opened.link.state().phase is LinkPhase.CLOSED
        assert opened.link.state().last_error is None
    stats = await smsc.stats()
    assert (stats.unbinds, stats.sessions) == (1, ())


async def test_close_twice_at_once_is_harmless(smsc: Smsc) -> None:
    async with linked(smsc.port) as opened:
        await asyncio.gather(opened.link.close(), opened.link.close())
    assert (await smsc.stats()).unbinds == 1


async def test_close_while_it_waits_for_the_next_try() -> None:
    async with linked(find_free_port(), is_bound=False) as opened:
        await opened.waiting("firewall")
        await opened.link.close()
        assert opened.link.state().phase is LinkPhase.CLOSED


async def test_close_right_after_opening(smsc: Smsc) -> None:
    async with linked(smsc.port, is_bound=False):
        pass
    assert (await smsc.stats()).sessions == ()


async def test_what_is_handed_to_a_link_that_is_down_comes_back(tmp_path: Path) -> None:
    async with linked(find_free_port(), is_bound=False) as opened:
        await opened.waiting("firewall")
        [outcome] = await opened.send(outgoing())
    assert (outcome.result, outcome.retry_after_s) == ("throttled", 0.0)
