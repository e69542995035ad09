"""How legs end, on a real Asterisk with SIP phones: every row of the table of evidence."""

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from hookline.voice.port import Cause, Ringing
from tests.services.asterisk import Asterisk
from tests.services.phones import sip_phone
from tests.voice.asterisk.rig import Rig, opened

ENDED = ["Ended"]
RANG = ["Ringing", *ENDED]
TALKED = ["Ringing", "Answered", *ENDED]


@pytest.fixture
def silent_port() -> Iterator[int]:
    """A host that takes everything and never says a word."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        silent.bind(("127.0.0.1", 0))
        yield silent.getsockname()[1]


async def test_we_hang_up(rig: Rig) -> None:
    async with sip_phone(rig.asterisk, "answer") as phone:
        leg_id = await rig.answered(phone.uri)
        rig.engine.hang_up(leg_id)
        ended = await rig.ended(leg_id)
        assert (ended.cause, ended.by, ended.sip_code) == (Cause.NORMAL, "us", None)
        assert rig.heard.of_leg(leg_id) == TALKED
        assert await phone.succeeded()


async def test_they_hang_up(rig: Rig) -> None:
    async with sip_phone(rig.asterisk, "hang_up") as phone:
        leg_id = rig.dial(phone.uri)
        ended = await rig.ended(leg_id)
        assert (ended.cause, ended.by, ended.sip_code) == (Cause.NORMAL, "them", None)
        assert rig.heard.of_leg(leg_id) == TALKED
        assert await phone.succeeded()


@pytest.mark.parametrize(
    ("code", "cause", "by"),
    [
        (486, Cause.BUSY, "them"),
        (600, Cause.BUSY, "them"),
        (603, Cause.DECLINED, "them"),
        (403, Cause.DECLINED, "them"),
        (404, Cause.NOT_FOUND, "network"),
        (480, Cause.UNAVAILABLE, "network"),
        (503, Cause.CONGESTION, "network"),
        (488, Cause.CONGESTION, "network"),
        (500, Cause.CONGESTION, "network"),
        (408, Cause.UNREACHABLE, "network"),
        (401, Cause.UNREACHABLE, "network"),
    ],
)
async def test_refused(rig: Rig, code: int, cause: Cause, by: str) -> None:
    async with sip_phone(rig.asterisk, "refuse", code=code) as phone:
        leg_id = rig.dial(phone.uri)
        ended = await rig.ended(leg_id)
    assert (ended.cause, ended.by, ended.sip_code) == (cause, by, code)
    assert rig.heard.of_leg(leg_id) == ENDED


@pytest.mark.parametrize(
    ("code", "cause"),
    [(486, Cause.BUSY), (603, Cause.DECLINED), (480, Cause.NO_ANSWER), (487, Cause.NO_ANSWER)],
)
async def test_refused_while_it_rings(rig: Rig, code: int, cause: Cause) -> None:
    async with sip_phone(rig.asterisk, "ring_refuse", code=code) as phone:
        leg_id = rig.dial(phone.uri)
        ended = await rig.ended(leg_id)
    assert (ended.cause, ended.sip_code) == (cause, code)
    assert rig.heard.of_leg(leg_id) == RANG


@pytest.mark.parametrize("scenario", ["ring", "progress"])
async def test_nobody_answers(rig: Rig, scenario: str) -> None:
    async with sip_phone(rig.asterisk, scenario) as phone:
        leg_id = rig.dial(phone.uri, ring_timeout_s=1.0)
        ended = await rig.ended(leg_id)
        assert (ended.cause, ended.by, ended.sip_code) == (Cause.NO_ANSWER, "us", None)
        assert await phone.succeeded()


async def test_we_give_up_while_it_rings(rig: Rig) -> None:
    async with sip_phone(rig.asterisk, "ring") as phone:
        leg_id = rig.dial(phone.uri)
        await rig.heard.wait_for(Ringing)
        rig.engine.hang_up(leg_id)
        ended = await rig.ended(leg_id)
        assert (ended.cause, ended.by) == (Cause.NORMAL, "us")
        assert rig.heard.of_leg(leg_id) == RANG
        assert await phone.succeeded()


async def test_we_give_up_before_it_rings(rig: Rig) -> None:
    leg_id = rig.dial("sip:phone@127.0.0.1:9")
    rig.engine.hang_up(leg_id)
    ended = await rig.ended(leg_id)
    assert (ended.cause, ended.by) == (Cause.NORMAL, "us")


async def test_dead_host(rig: Rig, silent_port: int) -> None:
    leg_id = rig.dial(f"sip:phone@127.0.0.1:{silent_port}", ring_timeout_s=1.0)
    ended = await rig.ended(leg_id)
    assert (ended.cause, ended.by, ended.sip_code) == (Cause.UNREACHABLE, "network", None)
    assert "firewall" in (ended.detail or "")


async def test_unknown_trunk(asterisk: Asterisk, tmp_path: Path) -> None:
    async with opened(asterisk, tmp_path, trunk="nothing") as rig:
        ended = await rig.ended(rig.dial("+447700900123"))
        assert ended.cause is Cause.UNREACHABLE
        assert "pjsip.conf" in (ended.detail or "")


async def test_sound_stops(asterisk: Asterisk, tmp_path: Path) -> None:
    async with (
        opened(asterisk, tmp_path, trunk="impatient") as rig,
        sip_phone(asterisk, "answer") as phone,
    ):
        ended = await rig.ended(await rig.answered(phone.uri))
        assert (ended.cause, ended.by) == (Cause.NORMAL, "network")
        assert "rtp_timeout" in (ended.detail or "")


async def test_number_goes_by_the_trunk(rig: Rig) -> None:
    async with sip_phone(rig.asterisk, "answer", port=rig.asterisk.trunk_port) as phone:
        leg_id = await rig.answered("+447700900123")
        rig.engine.hang_up(leg_id)
        await rig.ended(leg_id)
        assert await phone.succeeded()


async def test_nothing_is_left(rig: Rig) -> None:
    async with sip_phone(rig.asterisk, "answer") as phone:
        leg_id = await rig.answered(phone.uri)
        assert rig.asterisk.channels() == [f"hookline.{leg_id}"]
        rig.engine.hang_up(leg_id)
        await rig.ended(leg_id)
    assert rig.engine.state().in_flight == 0
    assert rig.asterisk.channels() == []
