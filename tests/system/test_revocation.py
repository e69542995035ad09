"""A token that was rotated out or deleted fails on the next request, for every client, everywhere."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest

from tests.system.installation import Installation, installed
from tests.system.site import Site

CLIENTS = 2
BEFORE = 20
AFTER = 20

End = Callable[[str], Awaitable[None]]
"""Ends the token of the credential with this id."""


@dataclass
class Hammer:
    """Clients that use one token without a pause, and when each request began and what it got."""

    url: str
    token: str
    answers: list[tuple[float, int]] = field(default_factory=list)
    _news: asyncio.Event = field(default_factory=asyncio.Event)

    async def use(self) -> None:
        headers = {"Authorization": f"Bearer {self.token}"}
        async with httpx.AsyncClient(base_url=self.url, headers=headers, timeout=30) as client:
            while True:
                began = time.monotonic()
                answer = await client.get("/v1/credentials/self")
                self.answers.append((began, answer.status_code))
                self._news.set()

    async def until(self, count: int, since: float = 0.0) -> None:
        """Until so many requests that began since then have been answered."""
        async with asyncio.timeout(30):
            while sum(began > since for began, _ in self.answers) < count:
                self._news.clear()
                await self._news.wait()

    def statuses(self, *, since: float) -> set[int]:
        return {status for began, status in self.answers if began > since}


@asynccontextmanager
async def hammering(url: str, token: str) -> AsyncIterator[Hammer]:
    hammer = Hammer(url, token)
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(hammer.use()) for _ in range(CLIENTS)]
        yield hammer
        for task in tasks:
            task.cancel()


async def check(site: Site, urls: list[str], end: End) -> None:
    """The token works everywhere until its end is answered, and nowhere from then on."""
    made = await asyncio.to_thread(site.world.credential)
    async with hammering(urls[0], made["token"]) as one, hammering(urls[-1], made["token"]) as two:
        for hammer in (one, two):
            await hammer.until(BEFORE)
            assert hammer.statuses(since=0.0) == {200}
        await end(made["id"])
        ended = time.monotonic()
        for hammer in (one, two):
            await hammer.until(AFTER, since=ended)
            assert hammer.statuses(since=ended) == {401}


def by_api(site: Site, *, method: str, path: str = "") -> End:
    async def end(credential_id: str) -> None:
        async with httpx.AsyncClient(base_url=site.client.base_url, headers=site.bearer) as client:
            answer = await client.request(method, f"/v1/credentials/{credential_id}{path}")
            answer.raise_for_status()

    return end


def by_command(installation: Installation, command: str) -> End:
    async def end(credential_id: str) -> None:
        await asyncio.to_thread(installation.run, "credentials", command, credential_id)

    return end


@pytest.mark.parametrize("round_number", range(3))
async def test_a_rotated_token_fails_on_the_next_request(site: Site, round_number: int) -> None:
    await check(site, [str(site.client.base_url)], by_api(site, method="POST", path="/rotate"))


@pytest.mark.parametrize("round_number", range(3))
async def test_a_deleted_credentials_token_fails_on_the_next_request(
    site: Site, round_number: int
) -> None:
    await check(site, [str(site.client.base_url)], by_api(site, method="DELETE"))


@pytest.mark.parametrize("command", ["rotate", "revoke"])
async def test_the_command_line_ends_tokens_of_a_running_server(
    site: Site, running: Installation, command: str
) -> None:
    await check(site, [running.url], by_command(running, command))


async def test_a_scope_that_was_taken_away_is_missed_on_the_next_request(site: Site) -> None:
    made = site.world.credential("messages:read", "numbers:read")
    headers = {"Authorization": f"Bearer {made['token']}"}
    assert site.client.get("/v1/messages", headers=headers).status_code == 200
    changed = site.world.client.patch(
        f"/v1/credentials/{made['id']}", json={"scopes": ["numbers:read"]}
    )
    assert changed.status_code == 200
    assert site.client.get("/v1/messages", headers=headers).status_code == 403


async def test_a_rotated_token_is_told_why(site: Site) -> None:
    made = site.world.credential()
    await by_api(site, method="POST", path="/rotate")(made["id"])
    headers = {"Authorization": f"Bearer {made['token']}"}
    answer = site.client.get("/v1/messages", headers=headers)
    assert "rotated" in answer.json()["detail"]
    assert 'error="invalid_token"' in answer.headers["www-authenticate"]


@pytest.mark.postgres
@pytest.mark.parametrize("running", ["postgresql"], indirect=True)
async def test_a_second_server_knows_at_once(
    site: Site, running: Installation, tmp_path: Path
) -> None:
    with installed(tmp_path, running.database_url, data_dir=str(running.data)) as second:
        await asyncio.to_thread(second.start)
        urls = [running.url, second.url]
        await check(site, urls, by_api(site, method="POST", path="/rotate"))
        await check(site, urls, by_api(site, method="DELETE"))
        await check(site, urls[1:], by_api(site, method="POST", path="/rotate"))
