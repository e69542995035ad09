"""What becomes of calls when the connection, Asterisk or Hookline itself dies in the middle of them."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.services.asterisk import Asterisk, running_asterisk
from tests.services.phones import sip_phone
from tests.services.wire import wire_to
from tests.system.installation import Installation, installed
from tests.system.pbx import Line, Pbx, connect, until


@pytest.fixture(scope="module")
def fragile(asterisk_root: Path) -> Iterator[Asterisk]:
    """An Asterisk that tests may kill, if they start it again."""
    with running_asterisk() as made:
        yield made


@pytest.fixture(scope="module")
def line(fragile: Asterisk, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Line]:
    with installed(tmp_path_factory.mktemp("office")) as server:
        server.start()
        yield connect(server, fragile)


@pytest.fixture
async def pbx(line: Line) -> AsyncIterator[Pbx]:
    async with line.opened() as made:
        await until(made.is_up)
        yield made


async def test_a_call_goes_on_without_the_connection(pbx: Pbx) -> None:
    asterisk = pbx.asterisk
    async with wire_to(asterisk.http_port) as wire, sip_phone(asterisk, "answer", calls=2) as phone:
        await pbx.change_carrier(url=f"http://127.0.0.1:{wire.port}")
        talking = await pbx.place(phone.uri)
        await pbx.until(talking, "in_progress")
        wire.cut()
        await until(pbx.is_away)
        waiting = await pbx.place(phone.uri)
        wire.mend()
        await pbx.until(waiting, "in_progress")
        for call_id in (waiting, talking):
            await pbx.hang_up(call_id)
            call = await pbx.until(call_id, "completed", "failed")
            assert (call["status"], call["hangup_by"]) == ("completed", "api")
        assert await phone.succeeded()
        await pbx.change_carrier(url=asterisk.url)


async def test_changed_settings_end_the_calls_of_the_old_connection(pbx: Pbx) -> None:
    async with sip_phone(pbx.asterisk, "answer") as phone:
        call_id = await pbx.place(phone.uri)
        await pbx.until(call_id, "in_progress")
        await pbx.change_carrier(sender_name="Us")
        call = await pbx.ended(call_id)
        assert await phone.succeeded()
    assert (call["status"], call["reason"]) == ("failed", "engine_lost")


async def test_an_asterisk_that_dies_fails_its_call_once(pbx: Pbx) -> None:
    async with sip_phone(pbx.asterisk, "answer") as phone:
        call_id = await pbx.place(phone.uri, record="mono")
        await pbx.until(call_id, "in_progress")
        pbx.asterisk.kill()
        pbx.asterisk.start()  # in this thread, with which it would end
        call = await pbx.ended(call_id)
    assert (call["status"], call["reason"], call["hangup_by"]) == (
        "failed", "engine_lost", "system",
    )  # fmt: skip
    assert [leg["status"] for leg in call["legs"]] == ["failed"]
    kinds = [one["type"] for one in await pbx.events(call_id)]
    assert kinds.count("call.failed") == 1


async def test_a_killed_server_leaves_no_call_behind(
    each_installation: Installation, fragile: Asterisk, line: Line
) -> None:
    """Its carrier has the application of the first server, which it takes over."""
    async with line.opened() as first:
        await first.change_carrier(disabled=True)
    await asyncio.to_thread(each_installation.start)
    made = await asyncio.to_thread(connect, each_installation, fragile)
    async with (
        made.opened() as pbx,
        sip_phone(fragile, "answer") as talking,
        sip_phone(fragile, "ring") as ringing,
    ):
        calls = [await pbx.place(talking.uri, record="mono"), await pbx.place(ringing.uri)]
        await pbx.until(calls[0], "in_progress")
        await pbx.until(calls[1], "ringing")
        await asyncio.to_thread(each_installation.kill)
        assert len(await asyncio.to_thread(fragile.channels)) >= len(calls)
        await asyncio.to_thread(each_installation.start)
        for call_id in calls:
            await _assert_lost_with_its_node(pbx, call_id)
        assert await talking.succeeded()
        assert await ringing.succeeded()


async def _assert_lost_with_its_node(pbx: Pbx, call_id: str) -> None:
    call = await pbx.ended(call_id)
    assert (call["status"], call["reason"]) == ("failed", "node_lost")
    kinds = [one["type"] for one in await pbx.events(call_id)]
    assert kinds.count("call.failed") == 1
    assert kinds[-1] in {"call.failed", "recording.failed"}
