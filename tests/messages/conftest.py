"""The message room on each database in turn."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from fastapi import FastAPI
from httpx import ASGITransport, AsyncClient

from hookline.accounts.model import Account
from hookline.api import problems
from hookline.api.edge import Edge
from hookline.messages import send_routes
from hookline.messages.conversation_routes import conversation_routes
from hookline.messages.opt_out_routes import opt_out_routes, opt_out_settings_routes
from hookline.messages.routes import message_routes, phone_routes
from hookline.principal import Mode, Scope
from hookline.settings import Settings
from hookline.storage.store import Store
from tests.messages.room import PlayedLink, Room, SignalingFanOut, credential, furnish
from tests.services.web import KnownCallers, bearer
from tests.storage.databases import settings_for


@pytest.fixture
def changes() -> dict[str, Any]:
    """Settings that differ from the defaults; tests parametrise it."""
    return {}


@pytest.fixture
def manner() -> dict[str, Any]:
    """How the played link is: window, policy; tests parametrise it."""
    return {}


@pytest.fixture
def settings(migrated_url: str, changes: dict[str, Any]) -> Settings:
    return settings_for(migrated_url, **{"sandbox_receipt_delay_s": 0.0, **changes})


@pytest.fixture
def fan_out() -> SignalingFanOut:
    return SignalingFanOut()


@pytest.fixture
async def room(
    store: Store, fan_out: SignalingFanOut, account: Account, manner: dict[str, Any]
) -> AsyncIterator[Room]:
    made = Room(store, fan_out, account.id, await furnish(store, account.id), manner)
    await made.start()
    yield made
    await made.stop()


@pytest.fixture
async def link(room: Room) -> PlayedLink:
    return await room.link()


@pytest.fixture
async def web(room: Room, other_account: Account) -> AsyncIterator[AsyncClient]:
    store = room.store
    app = FastAPI()
    app.state.store = store
    problems.install(app)
    app.router.routes.append(send_routes.batch_route(store, room.submission))
    for router in (
        message_routes(),
        opt_out_routes(),
        opt_out_settings_routes(),
        conversation_routes(),
        phone_routes(room.phones),
    ):
        app.include_router(router)
    callers = KnownCallers(
        live=room.live,
        test=room.test,
        outsider=credential(other_account.id),
        nothing=credential(room.account_id, Mode.LIVE, *Scope),
    )
    edge = Edge(
        app,
        authenticator=callers,
        settings=store.settings,
        clock=store.clock,
        ids=store.ids,
        direct={("POST", "/v1/messages"): send_routes.send_route(room.submission)},
    )
    transport = ASGITransport(edge)
    async with AsyncClient(transport=transport, base_url="http://localhost") as client:
        client.headers.update(bearer("live"))
        yield client
