"""What an examination finds on a real Asterisk: a good one, and what is broken on others."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from hookline.clock import SystemClock
from hookline.telemetry.findings import Finding
from hookline.voice.asterisk.examination import examine
from hookline.voice.asterisk.settings import AsteriskSettings
from tests.services.asterisk import PASSWORD, USER, Asterisk, running_asterisk
from tests.services.ports import find_free_port
from tests.voice.asterisk.rig import opened


@pytest.fixture(scope="module")
def broken(asterisk_root: Path) -> Iterator[Asterisk]:
    """As Debian's package leaves it, and without some modules."""
    without = ("res_stasis_snoop.so", "codec_alaw.so")
    with running_asterisk(with_spool=False, without=without) as made:
        yield made


async def findings(url: str, password: str = PASSWORD, **changes: str) -> dict[str, Finding]:
    settings = AsteriskSettings.model_validate({"url": url, "user": USER, **changes})
    found = await examine(settings, password, SystemClock())
    assert all(one.is_ok or one.fix for one in found)
    return {one.subject: one for one in found}


async def test_a_good_asterisk_has_all_that_calls_need(asterisk: Asterisk) -> None:
    found = await findings(asterisk.url, application="unheard")
    assert [one.subject for one in found.values() if not one.is_ok] == []
    assert list(found) == [
        "ARI", "application", "modules", "sound formats", "trunk", "recordings",
    ]  # fmt: skip
    assert found["ARI"].text.startswith("Asterisk 22.")
    assert found["trunk"].text == "trunk is online"
    assert "free" in found["application"].text


async def test_a_connected_application_is_registered(asterisk: Asterisk, tmp_path: Path) -> None:
    async with opened(asterisk, tmp_path):
        found = await findings(asterisk.url)
    assert found["application"].text == "hookline is registered"


async def test_missing_modules_are_named_with_what_they_are_for(broken: Asterisk) -> None:
    found = await findings(broken.url)
    assert "res_stasis_snoop.so (recording)" in found["modules"].text
    assert "codec_alaw.so" in found["sound formats"].text
    assert "modules.conf" in found["modules"].fix


async def test_a_missing_folder_of_recordings_is_found(broken: Asterisk) -> None:
    found = await findings(broken.url)
    assert "/var/spool/asterisk/recording" in found["recordings"].fix


@pytest.mark.parametrize(
    ("trunk", "is_ok", "says"),
    [
        ("nowhere", False, "there is no endpoint nowhere"),
        ("PJSIP/{number}@nowhere", False, "there is no endpoint nowhere"),
        ("PJSIP/trunk/sip:{number}@127.0.0.1", True, "trunk is online"),
        ("PJSIP/{number}@trunk", True, "trunk is online"),
        ("Local/{number}@outside", True, "not looked at"),
    ],
)
async def test_the_trunk_is_looked_for(
    asterisk: Asterisk, trunk: str, is_ok: bool, says: str
) -> None:
    found = (await findings(asterisk.url, trunk=trunk))["trunk"]
    assert (found.is_ok, says in found.text) == (is_ok, True)


async def test_a_trunk_that_nobody_has_set_up_yet_is_not_there(asterisk: Asterisk) -> None:
    found = (await findings(asterisk.url, trunk_host="sip.test", application="idle"))["trunk"]
    assert (found.is_ok, found.text) == (False, "idle.trunk is not set up")
    assert "running server" in found.fix


async def test_an_endpoint_without_a_contact_is_offline(asterisk: Asterisk) -> None:
    found = (await findings(asterisk.url, trunk="unreachable"))["trunk"]
    assert (found.is_ok, found.text) == (False, "unreachable is offline")


@pytest.mark.parametrize(
    ("user", "password"), [(USER, "wrong"), ("nobody", PASSWORD), ("reader", PASSWORD)]
)
async def test_who_is_not_let_in_is_told_of_ari_conf(
    asterisk: Asterisk, user: str, password: str
) -> None:
    found = await findings(asterisk.url, password, user=user)
    assert list(found) == ["ARI"]
    assert "ari.conf" in found["ARI"].fix


async def test_an_asterisk_that_is_stopped_cannot_be_reached() -> None:
    found = await findings(f"http://127.0.0.1:{find_free_port()}")
    assert list(found) == ["ARI"]
    assert "Check that Asterisk runs" in found["ARI"].fix
