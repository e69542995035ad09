"""Connects an installation to the SMSC of the tests, as an operator would by the API."""

from collections.abc import AsyncIterator
from typing import Any

import httpx

from tests.services.smsc import Smsc
from tests.system.installation import Installation

NUMBER = "+12025550100"


def client_of(installation: Installation, token: str) -> httpx.AsyncClient:
    headers = {"Authorization": f"Bearer {token}"}
    return httpx.AsyncClient(base_url=installation.url, headers=headers, timeout=60)


async def connect_carrier(
    installation: Installation, token: str, smsc: Smsc, **smpp: Any
) -> dict[str, Any]:
    """Add the carrier, move the account's first number there, and wait for the bind."""
    wanted = {
        "host": "127.0.0.1",
        "port": smsc.port,
        "system_id": "esme",
        "password": "secret",
        "window": 20,
        "rate": 0,
        "response_timeout_seconds": 2,
        "enquire_interval_seconds": 2,
        "ambiguous_wait_seconds": 12,
        **smpp,
    }
    async with client_of(installation, token) as client:
        body = {"name": "smsc", "kind": "smpp", "smpp": wanted}
        carrier = (await client.post("/v1/carriers", json=body)).raise_for_status().json()
        numbers = (await client.get("/v1/numbers")).raise_for_status().json()["data"]
        (number,) = [one for one in numbers if one["number"] == NUMBER]
        moved = await client.patch(f"/v1/numbers/{number['id']}", json={"carrier": carrier["id"]})
        moved.raise_for_status()
    await smsc.wait("binds")
    return dict(carrier)


async def listed(
    client: httpx.AsyncClient, path: str, cursor: str, **wanted: str
) -> AsyncIterator[dict[str, Any]]:
    """Everything on a list, page by page; `cursor` names the parameter that goes on."""
    place: dict[str, str] = {}
    while True:
        answer = await client.get(path, params={"limit": "100", **wanted, **place})
        answer.raise_for_status()
        page = answer.json()
        for item in page["data"]:
            yield item
        if not page["has_more"]:
            return
        place = {cursor: page["next_cursor"]}
