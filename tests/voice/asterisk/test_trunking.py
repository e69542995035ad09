"""Trunks that are set up on a real Asterisk over ARI, and what is said where that is not possible."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from hookline.telemetry.link_state import LinkPhase
from hookline.voice.asterisk.settings import AsteriskSettings
from hookline.voice.asterisk.trunking import trunk_objects
from hookline.voice.port import Answered
from tests.services.asterisk import Asterisk, running_asterisk
from tests.services.phones import sip_phone
from tests.voice.asterisk.rig import Rig, opened, unconnected

TO = "+447700900123"
NAME = "pushed.trunk"
DYNAMIC = "asterisk/config/dynamic/res_pjsip"
REGISTER_S = 20.0
"""Asterisk waits for up to ten seconds before it registers."""
PUSHED = {"application": "pushed", "trunk_host": "127.0.0.1", "trunk_context": "incoming"}


@pytest.fixture(scope="module")
def own(asterisk_root: Path) -> Iterator[Asterisk]:
    """An Asterisk that tests may kill, if they start it again."""
    with running_asterisk() as made:
        yield made


def objects(asterisk: Asterisk, name: str = NAME) -> list[str]:
    kinds = ("auth", "aor", "endpoint", "identify", "registration")
    return [kind for kind in kinds if asterisk.has(f"{DYNAMIC}/{kind}/{name}")]


async def until_refused(rig: Rig) -> str:
    """Why the link cannot be used."""
    await rig.until(lambda: rig.engine.state().phase is LinkPhase.WAITING)
    return rig.engine.state().detail or ""


async def test_a_call_goes_by_the_trunk(asterisk: Asterisk, tmp_path: Path) -> None:
    async with sip_phone(asterisk, "answer") as phone:
        async with opened(asterisk, tmp_path, **PUSHED, trunk_port=phone.port) as rig:
            leg_id = await rig.answered(TO)
            assert objects(asterisk) == ["aor", "endpoint", "identify"]
            rig.engine.hang_up(leg_id)
            await rig.ended(leg_id)
        assert await phone.succeeded()
    assert objects(asterisk) == []


async def test_a_call_gives_the_password_that_the_provider_asks_for(
    asterisk: Asterisk, tmp_path: Path
) -> None:
    async with sip_phone(asterisk, "challenge") as phone:
        wanted = {**PUSHED, "trunk_port": phone.port, "trunk_user": "office"}
        async with opened(asterisk, tmp_path, **wanted, trunk_password="s3cret") as rig:
            leg_id = await rig.answered(TO)
            rig.engine.hang_up(leg_id)
            await rig.ended(leg_id)
        assert await phone.succeeded()


async def test_the_trunk_is_there_again_after_asterisk_was_restarted(
    own: Asterisk, tmp_path: Path
) -> None:
    async with (
        sip_phone(own, "answer") as phone,
        opened(own, tmp_path, **PUSHED, trunk_port=phone.port) as rig,
    ):
        own.kill()
        own.start()  # in this thread, with which it would end
        assert objects(own) == []
        await rig.until_bound(2)
        leg_id = rig.dial(TO)
        await rig.heard.wait_for(Answered, lambda one: one.leg_id == leg_id)


async def test_what_an_earlier_life_left_is_removed(asterisk: Asterisk, tmp_path: Path) -> None:
    asterisk.put(f"{DYNAMIC}/endpoint/pushed.old", allow="ulaw")
    assert objects(asterisk, "pushed.old") == ["endpoint"]
    async with opened(asterisk, tmp_path, application="pushed"):
        assert objects(asterisk, "pushed.old") == []


async def test_asterisk_registers_with_the_password(asterisk: Asterisk, tmp_path: Path) -> None:
    async with sip_phone(asterisk, "registrar") as registrar:
        wanted = {**PUSHED, "trunk_port": registrar.port, "trunk_user": "office"}
        async with opened(
            asterisk, tmp_path, **wanted, trunk_register=True, trunk_password="s3cret"
        ):
            assert len(objects(asterisk)) == 5
            async with asyncio.timeout(REGISTER_S):
                assert await registrar.process.wait() == 0
    assert objects(asterisk) == []


async def test_an_asterisk_that_is_not_prepared_is_explained(
    asterisk_root: Path, tmp_path: Path
) -> None:
    with running_asterisk(with_sorcery=False) as bare:
        async with unconnected(bare, tmp_path, **PUSHED) as rig:
            detail = await until_refused(rig)
    assert "sorcery.conf put aor=config,pjsip.conf,criteria=type=aor and aor=memory" in detail
    assert "[res_pjsip]" in detail


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"trunk_codecs": "ulaw,gibberish"}, "trunk_codecs"),
        ({"trunk_host": "nowhere.invalid"}, "trunk_host"),
    ],
)
async def test_what_asterisk_does_not_take_is_named(
    asterisk: Asterisk, tmp_path: Path, changes: dict[str, str], says: str
) -> None:
    async with unconnected(asterisk, tmp_path, **{**PUSHED, **changes}) as rig:
        assert says in await until_refused(rig)


def test_objects_of_a_trunk() -> None:
    settings = AsteriskSettings.model_validate(
        {"url": "http://a", "user": "u", "trunk_host": "sip.example.com", "trunk_port": 5070,
         "trunk_transport": "tls", "trunk_user": "ada@example.org", "trunk_register": True}
    )  # fmt: skip
    found = trunk_objects(settings, "p")
    assert found["aor"]["contact"] == "sip:sip.example.com:5070;transport=tls"
    assert found["registration"]["client_uri"] == "sip:ada@example.org"
    assert found["registration"]["contact_user"] == "ada"
    assert found["endpoint"]["outbound_auth"] == "hookline.trunk"
    assert "outbound_auth" not in trunk_objects(settings, "")["endpoint"]
