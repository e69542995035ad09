"""One node opens each network carrier's link, and all can see how it is."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import msgspec
import pytest
from sqlalchemy import delete, select, update

from hookline.accounts.model import Account
from hookline.carriers import store as sql
from hookline.carriers.keeper import TOPIC, LinkKeeper
from hookline.carriers.kinds import KINDS, MESSAGES, Home
from hookline.carriers.links import Links
from hookline.carriers.port import SubmitResult
from hookline.carriers.secrets import seal_secrets
from hookline.clock import ManualClock
from hookline.ids import CarrierId
from hookline.outbound.sealing import SecretBox
from hookline.storage.leases import Leases
from hookline.storage.schema import carrier_links, carriers
from hookline.storage.store import Store
from hookline.storage.transaction import Transaction
from hookline.storage.wakeups import Wakeups
from hookline.telemetry import metrics
from hookline.telemetry.link_state import LinkPhase, LinkState
from tests.carriers.smpp.linked import Room, outgoing, until
from tests.services.smsc import Smsc

MAIN, OTHER = CarrierId("car_main"), CarrierId("car_other")


class Node:
    """What a process has to do with links."""

    def __init__(self, store: Store, box: SecretBox) -> None:
        self.room = Room()
        self.leases = Leases(store.database, store.writer, store.clock, store.settings)
        self.links = Links(store)
        wakeups = Wakeups(store.database, store.writer)
        self.keeper = LinkKeeper(
            store,
            self.leases,
            wakeups,
            box,
            kinds=KINDS,
            homes={MESSAGES: self.links.home(self.room)},
        )

    async def has(self, carrier_id: CarrierId) -> bool:
        return await self.links.find(carrier_id, self.room) is not None


class Rig:
    """The database, and how nodes are made on it."""

    def __init__(self, store: Store, account: Account, box: SecretBox, smsc: Smsc) -> None:
        self.store, self.account, self.box, self.smsc = store, account, box, smsc

    @asynccontextmanager
    async def node(self, *, alone: bool = False) -> AsyncIterator[Node]:
        node = Node(self.store, self.box)
        await node.leases.start(alone=alone)
        yield node
        await node.keeper.stop()

    async def add(self, carrier_id: CarrierId = MAIN, **changes: str | None) -> None:
        values = {"settings": self.settings(), "secrets": self.sealed(self.box)} | changes
        row = (
            carrier_id, self.account.id, carrier_id, "smpp", values["settings"], values["secrets"], 1,
        )  # fmt: skip
        await self.store.commit(lambda tx: tx.insert(sql.INSERT_CARRIER, [row]))

    async def change(self, carrier_id: CarrierId = MAIN, **values: object) -> None:
        async def write(tx: Transaction) -> None:
            await tx.execute(update(carriers).where(carriers.c.id == carrier_id).values(values))
            tx.notify(TOPIC)

        await self.store.commit(write)

    async def remove(self, carrier_id: CarrierId = MAIN) -> None:
        await self.store.commit(
            lambda tx: tx.changed(delete(carriers).where(carriers.c.id == carrier_id))
        )

    def settings(self, **changes: object) -> str:
        values = {"host": "127.0.0.1", "port": self.smsc.port, "system_id": "esme"}
        return msgspec.json.encode(values | changes).decode()

    def sealed(self, box: SecretBox) -> str:
        return seal_secrets(box, {"password": "secret"})

    async def rows(self) -> dict[str, tuple[str, LinkState, int]]:
        """Node, state and seen_at by carrier, as any node can read them."""
        return {
            row.carrier_id: (
                row.node,
                msgspec.json.decode(row.figures, type=LinkState),
                row.seen_at,
            )
            for row in await self.store.read(select(carrier_links))
        }


@pytest.fixture
def rig(store: Store, account: Account, box: SecretBox, smsc: Smsc) -> Rig:
    return Rig(store, account, box, smsc)


async def bound(rig: Rig, node: Node, carrier_id: CarrierId = MAIN) -> None:
    link = await node.links.find(carrier_id, node.room)
    assert link is not None
    await until(lambda: link.state().phase is LinkPhase.BOUND, link.state)
    await node.keeper.look()


async def test_link_is_opened_and_its_state_written(rig: Rig) -> None:
    await rig.add()
    async with rig.node() as node:
        await node.keeper.look()
        await bound(rig, node)
        [(owner, state, _)] = (await rig.rows()).values()
        assert (owner, state.phase) == (node.leases.node, LinkPhase.BOUND)
        assert metrics.CARRIER_LINKS.labels("bound")._value.get() == 1
    [(_, state, _)] = (await rig.rows()).values()
    assert state.phase is LinkPhase.CLOSED
    assert metrics.CARRIER_LINKS.labels("bound")._value.get() == 0


async def test_state_is_refreshed_now_and_then(rig: Rig, clock: ManualClock) -> None:
    await rig.add()
    async with rig.node() as node:
        await node.keeper.look()
        await bound(rig, node)
        seen = (await rig.rows())[MAIN][2]
        clock.advance(seconds=4)
        await node.keeper.look()
        assert (await rig.rows())[MAIN][2] == seen
        clock.advance(seconds=2)
        await node.keeper.look()
        assert (await rig.rows())[MAIN][2] == clock.now_ms()


async def test_one_node_opens_and_the_other_follows_at_once_after_a_stop(rig: Rig) -> None:
    await rig.add()
    async with rig.node() as second:
        async with rig.node() as first:
            await first.keeper.look()
            await bound(rig, first)
            await second.keeper.look()
            assert not await second.has(MAIN)
        await second.keeper.look()
        await bound(rig, second)
        assert (await rig.rows())[MAIN][0] == second.leases.node


async def test_other_node_follows_when_the_lease_has_run_out(rig: Rig, clock: ManualClock) -> None:
    await rig.add()
    async with rig.node() as first, rig.node() as second:
        await first.keeper.look()
        clock.advance(seconds=rig.store.settings.lease_ttl_s + 1)
        await second.keeper.look()
        await bound(rig, second)
        await first.leases.renew()  # which tells of the loss
        await first.keeper.look()
        assert not await first.has(MAIN)
        owner, state, _ = (await rig.rows())[MAIN]
        assert (owner, state.phase) == (second.leases.node, LinkPhase.BOUND)


async def test_changed_carrier_is_opened_anew(rig: Rig) -> None:
    await rig.add()
    async with rig.node() as node:
        await node.keeper.look()
        await bound(rig, node)
        old = await node.links.find(MAIN, node.room)
        await rig.change(settings=rig.settings(system_type="NEW"))
        await node.keeper.look()
        await bound(rig, node)
        assert await node.links.find(MAIN, node.room) is not old
        assert [one.system_type for one in (await rig.smsc.stats()).sessions] == ["NEW"]


async def test_renamed_carrier_stays_open(rig: Rig) -> None:
    await rig.add()
    async with rig.node() as node:
        await node.keeper.look()
        old = await node.links.find(MAIN, node.room)
        await rig.change(name="renamed")
        await node.keeper.look()
        assert await node.links.find(MAIN, node.room) is old


async def test_disabled_carrier_is_closed_and_says_so(rig: Rig) -> None:
    await rig.add()
    async with rig.node() as node:
        await node.keeper.look()
        await bound(rig, node)
        await rig.change(disabled=1)
        await node.keeper.look()
        assert not await node.has(MAIN)
        assert (await rig.rows())[MAIN][1].phase is LinkPhase.CLOSED
        assert not [name for name in node.leases.held if name.startswith("carrier:")]


async def test_nothing_is_left_of_a_removed_carrier(rig: Rig) -> None:
    await rig.add()
    async with rig.node() as node:
        await node.keeper.look()
        await bound(rig, node)
        await rig.remove()
        await node.keeper.look()
        assert not await node.has(MAIN)
        assert await rig.rows() == {}


async def test_what_the_closed_link_had_not_sent_is_reported_before_it_is_gone(rig: Rig) -> None:
    await rig.add(settings=rig.settings(rate=1))
    async with rig.node() as node:
        await node.keeper.look()
        await bound(rig, node)
        link = await node.links.find(MAIN, node.room)
        assert link is not None
        link.submit([outgoing(f"+44770090000{n}") for n in range(3)])
        await rig.remove()
        await node.keeper.look()
    assert sorted(node.room.results()) == [SubmitResult.ACCEPTED, *[SubmitResult.THROTTLED] * 2]


@pytest.mark.parametrize(
    ("broken", "words"),
    [
        ({"settings": "{}"}, ("host", "required")),
        ({"settings": "no JSON"}, ("settings",)),
        ({"secrets": "nonsense"}, ("secret",)),
        (
            {
                "secrets": seal_secrets(
                    SecretBox(["another key, also of 32 characters"]), {"password": "x"}
                )
            },
            ("key",),
        ),
    ],
)
async def test_carrier_that_cannot_be_opened_says_so_and_stops_no_other(
    rig: Rig, broken: dict[str, str], words: tuple[str, ...]
) -> None:
    await rig.add(CarrierId("car_broken"), **broken)
    await rig.add(OTHER)
    async with rig.node() as node:
        await node.keeper.look()
        await bound(rig, node, OTHER)
        state = (await rig.rows())["car_broken"][1]
        assert state.phase is LinkPhase.CLOSED
        assert all(word in (state.detail or "") for word in words)
        await rig.change(
            CarrierId("car_broken"), settings=rig.settings(), secrets=rig.sealed(rig.box)
        )
        await node.keeper.look()
        await bound(rig, node, CarrierId("car_broken"))


async def test_kind_of_another_version_says_so(rig: Rig) -> None:
    await rig.add()
    await rig.change(kind="later")
    async with rig.node() as node:
        await node.keeper.look()
        state = (await rig.rows())[MAIN][1]
        assert state.phase is LinkPhase.CLOSED
        assert "'later'" in (state.detail or "")


async def test_link_is_opened_and_closed_at_the_home_of_its_kind(rig: Rig) -> None:
    await rig.add()
    there: dict[CarrierId, object] = {}

    class Opened:
        carrier_id = MAIN

        def state(self) -> LinkState:
            return LinkState(phase=LinkPhase.BOUND, since=1)

    async def remove(carrier_id: CarrierId) -> None:
        del there[carrier_id]

    kind = replace(KINDS["smpp"], open=lambda *_: Opened(), home="elsewhere")
    home = Home(lambda *_: None, lambda link: there.update({link.carrier_id: link}), remove)
    async with rig.node() as node:
        wakeups = Wakeups(rig.store.database, rig.store.writer)
        keeper = LinkKeeper(
            rig.store, node.leases, wakeups, rig.box,
            kinds={"smpp": kind}, homes={"elsewhere": home},
        )  # fmt: skip
        await keeper.look()
        assert list(there) == [MAIN]
        assert not await node.has(MAIN)
        await keeper.stop()
    assert not there


async def test_state_of_another_version_does_not_hinder(rig: Rig) -> None:
    await rig.add()
    row = (MAIN, "main", "node", "bound", '{"phase": "new"}', 1, 1)
    await rig.store.commit(lambda tx: tx.insert(sql.INSERT_LINK, [row]))
    async with rig.node() as node:
        await node.keeper.look()
        await bound(rig, node)


async def test_learned_format_is_handed_to_the_next_link(rig: Rig) -> None:
    await rig.add()
    state = LinkState(phase=LinkPhase.CLOSED, since=1, message_id_format="hex_then_decimal")
    row = (MAIN, "main", "node", "closed", msgspec.json.encode(state).decode(), 1, 1)
    await rig.store.commit(lambda tx: tx.insert(sql.INSERT_LINK, [row]))
    async with rig.node() as node:
        await node.keeper.look()
        link = await node.links.find(MAIN, node.room)
        assert link is not None
        assert link.state().message_id_format == "hex_then_decimal"


async def test_restart_alone_opens_at_once(rig: Rig) -> None:
    await rig.add()
    dead = Node(rig.store, rig.box)
    await dead.leases.start(alone=True)
    await dead.keeper.look()
    await dead.links.close()  # and the lease stays, as after a kill
    async with rig.node(alone=True) as node:
        await node.keeper.look()
        await bound(rig, node)


@pytest.mark.parametrize("settle", [0, 1, 3, 10])
async def test_stop_in_the_middle_of_a_look_leaves_no_link(rig: Rig, settle: int) -> None:
    await rig.add()
    await rig.add(OTHER)
    async with rig.node() as node:
        await node.keeper.look()
        await rig.remove(OTHER)
        await rig.change(settings=rig.settings(system_type="NEW"))
        look = asyncio.create_task(node.keeper.look())
        for _ in range(settle):
            await asyncio.sleep(0)
        await node.keeper.stop()
        await look
        assert not await node.has(MAIN)
        assert not await node.has(OTHER)


async def test_run_hears_of_changes_and_ends(rig: Rig) -> None:
    async with rig.node() as node, asyncio.TaskGroup() as tasks:
        tasks.create_task(node.keeper.run())
        await rig.add()
        await rig.change(name="told")
        await until(lambda: node.room.readies == 1)
        await node.keeper.stop()
        assert not await node.has(MAIN)
