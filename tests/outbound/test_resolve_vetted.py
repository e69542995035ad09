import asyncio
import threading

import pytest

from hookline.outbound.errors import DnsFailed, TargetNotAllowed
from hookline.outbound.resolver import SystemResolver
from hookline.outbound.targets import parse_target, resolve_vetted
from tests.outbound.servers import LOOPBACK, resolving_to

TARGET = parse_target("https://hooks.example.com/")


async def refuse_to_resolve(host: str, port: int) -> list[str]:
    raise AssertionError("a literal address needs no DNS")


async def test_public_answers_are_returned() -> None:
    found = await resolve_vetted(TARGET, [], resolving_to("8.8.8.8", "1.1.1.1", "8.8.8.8"))
    assert [str(address) for address in found] == ["8.8.8.8", "1.1.1.1"]


@pytest.mark.parametrize("position", [0, 1, 2])
async def test_one_private_answer_refuses_all(position: int) -> None:
    answers = ["8.8.8.8", "2606:4700::1"]
    answers.insert(position, "10.0.0.1")
    with pytest.raises(TargetNotAllowed, match=r"10\.0\.0\.1, a private network") as caught:
        await resolve_vetted(TARGET, [], resolving_to(*answers))
    assert caught.value.address == "10.0.0.1"


async def test_families_take_turns() -> None:
    answers = resolving_to("2606::1", "2606::2", "2606::3", "8.8.8.8")
    found = await resolve_vetted(TARGET, [], answers)
    assert [str(address) for address in found] == ["2606::1", "8.8.8.8", "2606::2", "2606::3"]


async def test_scoped_answer_is_refused() -> None:
    with pytest.raises(TargetNotAllowed):
        await resolve_vetted(TARGET, [], resolving_to("fe80::1%2"))


async def test_literal_is_vetted_without_dns() -> None:
    target = parse_target("http://0x7f.1/")
    with pytest.raises(TargetNotAllowed):
        await resolve_vetted(target, [], refuse_to_resolve)
    assert await resolve_vetted(target, LOOPBACK, refuse_to_resolve) == [target.address]


async def test_unknown_name_is_not_permanent() -> None:
    async def fail(host: str, port: int) -> list[str]:
        raise OSError(-2, "Name or service not known")

    with pytest.raises(DnsFailed, match="Name or service not known") as caught:
        await resolve_vetted(TARGET, [], fail)
    assert (caught.value.code, caught.value.permanent) == ("dns_failed", False)


async def test_silent_name_server_is_given_up() -> None:
    async def hang(host: str, port: int) -> list[str]:
        await asyncio.Event().wait()
        raise AssertionError

    with pytest.raises(DnsFailed, match="did not answer"):
        await resolve_vetted(TARGET, [], hang, timeout_s=0.01)


async def test_empty_answer_is_a_dns_failure() -> None:
    with pytest.raises(DnsFailed):
        await resolve_vetted(TARGET, [], resolving_to())


async def test_system_resolver_knows_localhost() -> None:
    assert "127.0.0.1" in await SystemResolver()("localhost", 80)


async def test_system_resolver_reports_an_unknown_name() -> None:
    with pytest.raises(OSError, match=r".+"):
        await SystemResolver()("no-such-host.invalid", 80)


async def test_lookups_of_one_name_share_a_thread() -> None:
    resolver = SystemResolver(lookups_max=1)
    before = threading.active_count()
    answers = await asyncio.gather(*(resolver("localhost", 80) for _ in range(50)))
    assert len(answers) == 50
    assert all(answer == answers[0] for answer in answers)
    assert threading.active_count() <= before + 1


async def test_lookups_beyond_the_bound_wait_for_their_turn() -> None:
    resolver = SystemResolver(lookups_max=1)
    answers = await asyncio.gather(*(resolver("localhost", port) for port in range(80, 90)))
    assert all(answers)


async def test_one_who_gives_up_leaves_the_answer_to_the_others() -> None:
    resolver = SystemResolver()
    first = asyncio.ensure_future(resolver("localhost", 80))
    second = asyncio.ensure_future(resolver("localhost", 80))
    await asyncio.sleep(0)
    first.cancel()
    assert "127.0.0.1" in await second
    with pytest.raises(asyncio.CancelledError):
        await first
