"""A node that delivers, an account on it, and a receiver."""

from collections.abc import AsyncIterator

import pytest

from hookline.clock import ManualClock
from hookline.ids import AccountId
from hookline.principal import Principal
from tests.webhooks.nodes import Node, Receiver, caller, receiving, running_node


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
async def node(migrated_url: str) -> AsyncIterator[Node]:
    """A node by the real clock, on each database in turn."""
    async with running_node(migrated_url) as running:
        yield running


@pytest.fixture
async def paused_node(migrated_url: str, clock: ManualClock) -> AsyncIterator[Node]:
    """A node whose time the test moves."""
    async with running_node(migrated_url, clock) as running:
        yield running


@pytest.fixture
async def account(node: Node) -> AccountId:
    return await node.account()


@pytest.fixture
def owner(account: AccountId) -> Principal:
    return caller(account)


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving() as running:
        yield running
