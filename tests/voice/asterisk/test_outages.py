"""Connections that break, engines that are replaced, and an Asterisk that dies in the middle of calls."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from hookline.telemetry.link_state import LinkPhase
from hookline.voice.asterisk.listening import Timing
from hookline.voice.port import (
    Answered,
    BridgeId,
    Cause,
    Lost,
    PlaybackEnded,
    PlaybackId,
    Record,
    RecordingEnded,
    RecordingId,
    Ringing,
    Tone,
)
from tests.services.asterisk import Asterisk, running_asterisk
from tests.services.phones import sip_phone, soft_phone
from tests.services.wire import Wire, wire_to
from tests.voice.asterisk.rig import Rig, opened, unconnected

HASTY = Timing(connect_s=0.1, connect_max_s=0.2, replaced_s=0.5, lost_after_s=0.5)


@asynccontextmanager
async def wired(asterisk: Asterisk, folder: Path) -> AsyncIterator[tuple[Rig, Wire]]:
    """An engine whose connections can be cut."""
    async with (
        wire_to(asterisk.http_port) as wire,
        opened(asterisk, folder, url=f"http://127.0.0.1:{wire.port}") as rig,
    ):
        yield rig, wire


async def test_leg_lives_on_without_the_connection(asterisk: Asterisk, tmp_path: Path) -> None:
    async with wired(asterisk, tmp_path) as (rig, wire), sip_phone(asterisk, "answer") as phone:
        leg_id = await rig.answered(phone.uri)
        wire.cut()
        await rig.until(lambda: not rig.engine.is_up)
        wire.mend()
        await rig.until_bound(2)
        rig.engine.reconcile([leg_id])
        rig.engine.hang_up(leg_id)
        ended = await rig.ended(leg_id)
        assert (ended.cause, ended.by) == (Cause.NORMAL, "us")
        assert rig.heard.of_leg(leg_id) == ["Ringing", "Answered", "Ended"]


async def test_end_during_the_outage_is_found(asterisk: Asterisk, tmp_path: Path) -> None:
    async with wired(asterisk, tmp_path) as (rig, wire), sip_phone(asterisk, "ring") as phone:
        leg_id = rig.dial(phone.uri)
        await rig.heard.wait_for(Ringing)
        wire.cut()
        asterisk.delete(f"channels/hookline.{leg_id}")
        assert await phone.succeeded()
        wire.mend()
        assert (await rig.ended(leg_id)).cause is Cause.LOST


async def test_answer_during_the_outage_is_lost(asterisk: Asterisk, tmp_path: Path) -> None:
    """Asterisk hangs up what is answered for an application that is not there."""
    async with wired(asterisk, tmp_path) as (rig, wire), soft_phone() as phone:
        leg_id = rig.dial(phone.uri)
        await rig.heard.wait_for(Ringing)
        wire.cut()
        await phone.tell("answer")
        await phone.wait_for("ended")
        wire.mend()
        assert (await rig.ended(leg_id)).cause is Cause.LOST


async def test_hang_up_during_the_outage_is_made_good(asterisk: Asterisk, tmp_path: Path) -> None:
    async with wired(asterisk, tmp_path) as (rig, wire), sip_phone(asterisk, "answer") as phone:
        leg_id = await rig.answered(phone.uri)
        wire.cut()
        rig.engine.hang_up(leg_id)
        await rig.until(lambda: not rig.engine.is_up)
        wire.mend()
        ended = await rig.ended(leg_id)
        assert (ended.cause, ended.by) == (Cause.NORMAL, "us")
        assert await phone.succeeded()


async def test_recording_ended_during_the_outage_is_kept(
    asterisk: Asterisk, tmp_path: Path
) -> None:
    async with wired(asterisk, tmp_path) as (rig, wire), sip_phone(asterisk, "answer") as phone:
        leg_id = await rig.answered(phone.uri)
        path = tmp_path / "kept.wav"
        rig.engine.record(Record(RecordingId("rec_1"), (leg_id,), "mono", path, max_s=1.0))
        await rig.until(lambda: asterisk.has("recordings/live/hookline~rec_1.0"))
        wire.cut()
        await rig.until(lambda: not asterisk.has("recordings/live/hookline~rec_1.0"))
        wire.mend()
        assert (await rig.heard.wait_for(RecordingEnded)).is_kept
        assert path.stat().st_size > 8_000


async def test_unknown_leg_is_hung_up_by_the_next_engine(
    asterisk: Asterisk, tmp_path: Path
) -> None:
    async with sip_phone(asterisk, "answer") as phone:
        async with opened(asterisk, tmp_path) as rig:
            await rig.answered(phone.uri)
        async with opened(asterisk, tmp_path) as later:
            later.engine.reconcile([])
            assert await phone.succeeded()


async def test_next_engine_goes_on_with_known_legs(asterisk: Asterisk, tmp_path: Path) -> None:
    async with sip_phone(asterisk, "answer") as phone:
        async with opened(asterisk, tmp_path) as rig:
            leg_id = await rig.answered(phone.uri)
        async with opened(asterisk, tmp_path) as later:
            later.engine.reconcile([leg_id])
            await later.heard.wait_for(Answered)
            later.engine.hang_up(leg_id)
            ended = await later.ended(leg_id)
            assert (ended.cause, ended.by) == (Cause.NORMAL, "us")


async def test_leg_that_nobody_has_is_lost(rig: Rig) -> None:
    leg_id = rig.dial("sip:phone@127.0.0.1:9")
    rig.engine.hang_up(leg_id)
    await rig.ended(leg_id)
    rig.heard.all.clear()
    rig.engine.reconcile([leg_id])
    assert (await rig.ended(leg_id)).cause is Cause.LOST


async def test_killed_asterisk_loses_its_legs(asterisk_root: Path, tmp_path: Path) -> None:
    with running_asterisk() as asterisk:
        async with (
            opened(asterisk, tmp_path) as rig,
            sip_phone(asterisk, "answer") as phone,
        ):
            leg_id = await rig.answered(phone.uri)
            rig.engine.play(leg_id, PlaybackId("playback_1"), [Tone(440, 30_000)])
            path = tmp_path / "kept.wav"
            rig.engine.record(Record(RecordingId("rec_1"), (leg_id,), "mono", path))
            asterisk.kill()
            asterisk.start()
            assert (await rig.ended(leg_id)).cause is Cause.LOST
            assert rig.heard.of_leg(leg_id)[-2:] == ["PlaybackEnded", "Ended"]
            await rig.heard.wait_for(RecordingEnded)
            assert len(rig.heard.of(PlaybackEnded)) == 1
            await rig.until_bound(2)


async def test_asterisk_that_stays_away_loses_its_legs(asterisk_root: Path, tmp_path: Path) -> None:
    with running_asterisk() as asterisk:
        async with (
            opened(asterisk, tmp_path, HASTY) as rig,
            sip_phone(asterisk, "answer") as phone,
        ):
            leg_id = await rig.answered(phone.uri)
            asterisk.kill()
            ended = await rig.ended(leg_id)
            assert ended.cause is Cause.LOST
            assert rig.engine.state().phase in {LinkPhase.WAITING, LinkPhase.CONNECTING}
            assert "http.conf" in (rig.engine.state().detail or "")
            refused = await rig.ended(rig.dial(phone.uri))
            assert (refused.cause, refused.by) == (Cause.UNREACHABLE, "network")


async def test_wrong_password_says_what_to_do(asterisk: Asterisk, tmp_path: Path) -> None:
    async with unconnected(asterisk, tmp_path, password="wrong") as rig:
        ended = await rig.ended(rig.dial("+447700900123"))
        assert ended.cause is Cause.UNREACHABLE
        await rig.until(lambda: rig.engine.state().phase is LinkPhase.WAITING)
        assert "ari.conf" in (rig.engine.state().detail or "")
        assert not rig.engine.is_up


async def test_same_application_evicts_and_says_so(rig: Rig, tmp_path: Path) -> None:
    async with opened(rig.asterisk, tmp_path):
        await rig.until(lambda: "application" in (rig.engine.state().detail or ""))


async def test_two_engines_keep_apart(rig: Rig, tmp_path: Path) -> None:
    async with (
        opened(rig.asterisk, tmp_path, application="other") as other,
        sip_phone(rig.asterisk, "answer", calls=2) as phone,
    ):
        legs = [await rig.answered(phone.uri), await other.answered(phone.uri)]
        rig.engine.bridge(BridgeId("bridge_1"), legs[:1])
        other.engine.reconcile(legs[1:])
        rig.engine.reconcile(legs[:1])
        rig.engine.hang_up(legs[0])
        await rig.ended(legs[0])
        assert other.heard.of_leg(legs[1]) == ["Ringing", "Answered"]
        other.engine.hang_up(legs[1])
        await other.ended(legs[1])
        assert other.heard.of_leg(legs[0]) == []
        assert [len(one.heard.of(Lost)) for one in (rig, other)] == [1, 1]


@pytest.mark.parametrize("url", ["http://127.0.0.1:9", "http://nowhere.invalid:8088"])
async def test_wrong_address_says_what_to_do(asterisk: Asterisk, tmp_path: Path, url: str) -> None:
    async with unconnected(asterisk, tmp_path, url=url) as rig:
        await rig.until(lambda: rig.engine.state().phase is LinkPhase.WAITING)
        assert "Check" in (rig.engine.state().detail or "")
