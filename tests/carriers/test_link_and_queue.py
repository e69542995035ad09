"""Messages between the queue and an SMPP link that comes and goes."""

import asyncio
from collections.abc import AsyncIterator

import msgspec
import pytest
from sqlalchemy import select, update

from hookline.accounts.model import Account
from hookline.carriers.keeper import LinkKeeper
from hookline.carriers.kinds import KINDS, MESSAGES
from hookline.carriers.secrets import seal_secrets
from hookline.messages.model import Status
from hookline.outbound.sealing import SecretBox
from hookline.storage.schema import carriers, messages
from hookline.storage.store import Store
from hookline.storage.transaction import Transaction
from tests.messages.room import REAL_NUMBER, Room, SignalingFanOut, furnish
from tests.services.smsc import THROTTLED, Rule, Smsc

LONG = " ".join(f"{n:03}" for n in range(100))


@pytest.fixture
def fan_out() -> SignalingFanOut:
    return SignalingFanOut()


class Wired:
    """A message room whose real number is on the SMSC."""

    def __init__(self, room: Room, keeper: LinkKeeper, smsc: Smsc) -> None:
        self.room, self.keeper, self.smsc = room, keeper, smsc

    async def change(self, **values: object) -> None:
        async def write(tx: Transaction) -> None:
            await tx.execute(
                update(carriers).where(carriers.c.id == self.room.carrier_id).values(values)
            )

        await self.room.store.commit(write)
        await self.keeper.look()

    async def send(self, to: str, text: str = "hello") -> str:
        return await self.room.send(to, text, sender=REAL_NUMBER)

    async def owners(self) -> set[tuple[str, str | None]]:
        rows = await self.room.store.read(select(messages.c.status, messages.c.owner))
        return {(row.status, row.owner) for row in rows}

    async def until_owners(self, wanted: set[tuple[str, str | None]]) -> None:
        async with asyncio.timeout(10):
            while await self.owners() != wanted:
                await self.room.settle()


@pytest.fixture
async def wired(
    store: Store, fan_out: SignalingFanOut, account: Account, box: SecretBox, smsc: Smsc
) -> AsyncIterator[Wired]:
    room = Room(store, fan_out, account.id, await furnish(store, account.id))
    room.links.played.clear()
    await room.start()
    keeper = LinkKeeper(
        store,
        room.leases,
        room.wakeups,
        box,
        kinds=KINDS,
        homes={MESSAGES: room.links.home(room.dispatcher)},
    )
    wired = Wired(room, keeper, smsc)
    settings = {"host": "127.0.0.1", "port": smsc.port, "system_id": "esme", "rate": 0}
    secrets = seal_secrets(box, {"password": "secret"})
    await wired.change(
        kind="smpp", settings=msgspec.json.encode(settings).decode(), secrets=secrets
    )
    await smsc.wait("binds")
    yield wired
    await keeper.stop()
    await room.stop()


async def test_message_is_sent_and_delivered(wired: Wired) -> None:
    message_id = await wired.send("+447700900001", LONG)
    await wired.room.until_status(Status.DELIVERED, message_id)
    assert len(await wired.smsc.submits()) == 3
    await wired.smsc.wait("receipts_acknowledged", 3)
    await wired.room.check_history(message_id)


async def test_messages_of_a_disabled_carrier_go_back_to_the_queue(wired: Wired) -> None:
    await wired.smsc.rule(Rule(status=THROTTLED))
    for number in range(5):
        await wired.send(f"+44770090000{number}")
    await wired.smsc.wait("refused")
    await wired.change(disabled=1)
    await wired.until_owners({("queued", None)})


async def test_enabled_again_it_sends_what_waited_once_and_in_order(wired: Wired) -> None:
    await wired.smsc.rule(Rule(status=THROTTLED))
    texts = [f"message {number}" for number in range(6)]
    sent = [await wired.send("+447700900001", text) for text in texts]
    await wired.smsc.wait("refused")
    await wired.change(disabled=1)
    await wired.until_owners({("queued", None)})
    await wired.smsc.rule()
    await wired.change(disabled=0)
    await wired.room.until_status(Status.DELIVERED, *sent)
    assert await wired.smsc.texts_by_destination() == {"447700900001": texts}


async def test_kicks_lose_and_repeat_nothing(wired: Wired) -> None:
    sent = []
    for number in range(40):
        sent.append(await wired.send(f"+44770090000{number % 3}", f"message {number}"))
        if number == 20:
            await wired.smsc.kick()
    await wired.room.until(lambda: settled(wired, sent))
    assert await wired.smsc.duplicates() == {}
    for texts in (await wired.smsc.texts_by_destination()).values():
        numbers = [int(text.split()[1]) for text in texts]
        assert numbers == sorted(numbers)


async def settled(wired: Wired, sent: list[str]) -> bool:
    """All but what was in flight at the kick, whose answer was lost, has been delivered."""
    waiting = {Status.QUEUED, Status.SENT}
    statuses = [await wired.room.status(message_id) for message_id in sent]
    return not waiting & {Status(status) for status in statuses}
