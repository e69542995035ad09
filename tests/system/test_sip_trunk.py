"""Calls through a trunk that registers at a real registrar, configured by what the guide prints."""

from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from tests.services.asterisk import Asterisk, running_asterisk
from tests.services.kamailio import Kamailio, running_kamailio
from tests.services.phones import soft_phone
from tests.system.inspection import wait_for
from tests.system.installation import installed
from tests.system.pbx import CARRIER, OURS, Line, Pbx, connect, pick_up
from tests.system.trunk_guide import TRUNK_PASSWORD, TRUNK_USER, files_for

OURS_REWRITTEN = "+442079460998"
"""Of it the provider writes the number where it has the registered contact of OURS."""
THEIRS, THEIR_PASSWORD = "+447700900123", "a telephone's"
NOT_REGISTERED = "+447700900124"
NOBODYS = "+447700900999"


@pytest.fixture(scope="module")
def provider(
    kamailio_program: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Kamailio]:
    passwords = {TRUNK_USER: TRUNK_PASSWORD, THEIRS: THEIR_PASSWORD, NOT_REGISTERED: "another"}
    numbers = dict.fromkeys([OURS, OURS_REWRITTEN], TRUNK_USER)
    folder = tmp_path_factory.mktemp("provider")
    with running_kamailio(folder, passwords, numbers, rewritten=[OURS_REWRITTEN]) as one:
        yield one


@pytest.fixture(scope="module")
def asterisk_of_guide(asterisk_root: Path, provider: Kamailio) -> Iterator[Asterisk]:
    with running_asterisk(etc=lambda one: files_for(one, provider.host)) as one:
        one.run("pjsip qualify trunk")  # which it does by itself within a minute
        yield one


@pytest.fixture(scope="module")
def line(asterisk_of_guide: Asterisk, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Line]:
    with installed(tmp_path_factory.mktemp("office")) as server:
        server.start()
        yield connect(server, asterisk_of_guide)


@pytest.fixture
async def pbx(line: Line) -> AsyncIterator[Pbx]:
    """With the trunk registered, as the guide has its reader look."""
    wait_for(lambda: "Registered" in line.asterisk.run("pjsip show registrations"))
    async with line.opened() as made:
        yield made


def test_the_guide_s_commands_show_the_trunk(asterisk_of_guide: Asterisk) -> None:
    wait_for(lambda: "Registered" in asterisk_of_guide.run("pjsip show registrations"))
    wait_for(lambda: "Avail" in asterisk_of_guide.run("pjsip show endpoint trunk"))


async def test_a_call_goes_out_after_a_challenge(pbx: Pbx, provider: Kamailio) -> None:
    async with soft_phone((provider.host, THEIRS, THEIR_PASSWORD)) as phone:
        call_id = await pbx.place(THEIRS)
        (rung,) = await phone.wait_for("incoming")
        await pick_up(phone)
        await pbx.until(call_id, "in_progress")
        await phone.tell("hangup")
        call = await pbx.ended(call_id)
    assert (call["status"], call["hangup_by"]) == ("completed", "callee")
    assert f"sip:{OURS}@{provider.host}" in str(rung["sender"])
    kinds = [one["type"] for one in await pbx.events(call_id)]
    assert kinds == ["call.dialing", "call.ringing", "call.answered", "call.completed"]


async def test_our_hanging_up_reaches_the_phone(pbx: Pbx, provider: Kamailio) -> None:
    async with soft_phone((provider.host, THEIRS, THEIR_PASSWORD)) as phone:
        call_id = await pbx.place(THEIRS)
        await pick_up(phone)
        await pbx.until(call_id, "in_progress")
        await pbx.hang_up(call_id)
        await phone.wait_for("ended")
        call = await pbx.ended(call_id)
    assert (call["status"], call["hangup_by"]) == ("completed", "api")


async def test_a_wrong_password_is_explained(pbx: Pbx) -> None:
    with another_password(pbx.asterisk):
        call = await pbx.ended(await pbx.place(THEIRS))
    assert (call["status"], call["reason"], call["sip_code"], call["hangup_by"]) == (
        "failed", "unreachable", 407, "network",
    )  # fmt: skip
    (note,) = [one["detail"] for one in call["timeline"] if one["status"] == "note"]
    assert note.startswith("unreachable: The trunk asked for a user and password")


async def test_a_registration_with_a_wrong_password_is_rejected(pbx: Pbx) -> None:
    with another_password(pbx.asterisk):
        register(pbx.asterisk)
        wait_for(lambda: "Rejected" in pbx.asterisk.run("pjsip show registrations"))
    register(pbx.asterisk)


@contextmanager
def another_password(asterisk: Asterisk) -> Iterator[None]:
    """Asterisk's trunk has a password that is not the provider's."""
    file = asterisk.home / "etc" / "pjsip.conf"
    printed = file.read_text()
    file.write_text(printed.replace(TRUNK_PASSWORD, "MISTYPED"))
    asterisk.run("module reload res_pjsip.so")
    try:
        yield
    finally:
        file.write_text(printed)
        asterisk.run("module reload res_pjsip.so")


def register(asterisk: Asterisk) -> None:
    """Anew: once rejected it does not try again."""
    asterisk.run("pjsip send register *all")


@pytest.mark.parametrize(
    ("to", "reason", "code"), [(NOT_REGISTERED, "unavailable", 480), (NOBODYS, "not_found", 404)]
)
async def test_who_is_not_there_is_told(pbx: Pbx, to: str, reason: str, code: int) -> None:
    call = await pbx.ended(await pbx.place(to))
    assert (call["status"], call["reason"], call["sip_code"]) == ("failed", reason, code)


@pytest.mark.parametrize("number", [OURS, OURS_REWRITTEN])
async def test_a_call_comes_in_through_the_registrar(
    pbx: Pbx, provider: Kamailio, number: str
) -> None:
    pbx = await with_number(pbx, number)
    await pbx.answer_with(actions=[{"pause": {"seconds": 60}}])
    async with soft_phone((provider.host, THEIRS, THEIR_PASSWORD)) as phone:
        await phone.tell(f"call sip:{number}@{provider.host}")
        await phone.wait_for("answered")
        call_id = await pbx.incoming()
        await phone.tell("hangup")
        call = await pbx.ended(call_id)
    assert (call["from"], call["to"], call["direction"]) == (THEIRS, number, "inbound")
    assert (call["status"], call["hangup_by"]) == ("completed", "caller")
    kinds = [one["type"] for one in await pbx.events(call_id)]
    assert kinds == ["call.incoming", "call.answered", "call.completed"]


async def with_number(pbx: Pbx, number: str) -> Pbx:
    """The same, for what comes in to this number, which is added where it is not there."""
    known = (await pbx.get("/v1/numbers"))["data"]
    found = [one["id"] for one in known if one["number"] == number]
    if not found:
        body = {"number": number, "voice_carrier": CARRIER}
        found = [(await pbx.api.post("/v1/numbers", json=body)).raise_for_status().json()["id"]]
    return replace(pbx, number_id=found[0])
