"""HTTP routes of sender pools."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field
from starlette.responses import Response

from hookline.api.idempotency import CommitOnce
from hookline.api.routing import Caller, Routes, Storage
from hookline.api.wire import Body, Page, Shape, Timestamp, shown
from hookline.numbers import pools
from hookline.numbers.e164 import TEXT_LENGTH_MAX, InvalidNumber
from hookline.numbers.pool import Pool, PoolSender
from hookline.numbers.pools import PoolChange, PoolNameTaken, PoolNotFound, TooManyPools
from hookline.principal import LiveModeNeeded, Scope
from hookline.restrictions import COUNTRIES_MAX, parse_country
from hookline.storage.transaction import Transaction

NAME_LENGTH_MAX = 32


class PoolSenderInput(Body):
    """A number or registered sender of the account."""

    number: Annotated[str, Field(min_length=1, max_length=TEXT_LENGTH_MAX)]
    countries: Annotated[
        list[Annotated[str, Field(max_length=10), AfterValidator(parse_country)]] | None,
        Field(
            min_length=1,
            max_length=COUNTRIES_MAX,
            description="Only for recipients there, and there before all others; null: wherever no other "
            "is for.",
        ),
    ] = None


Name = Annotated[str, Field(min_length=1, max_length=NAME_LENGTH_MAX, examples=["Support"])]
Senders = Annotated[list[PoolSenderInput], Field(min_length=1, max_length=pools.SENDERS_MAX)]


class PoolCreate(Body):
    """A pool to add: `from` of a message can be its name or id."""

    name: Name
    senders: Senders


class PoolPatch(Body):
    """What to change; `senders` are replaced as a whole. Those that stay keep their recipients."""

    name: Name | None = None
    senders: Senders | None = None


class PoolSenderShape(Shape):
    """A number of the pool."""

    number: str
    countries: list[str] | None


class PoolShape(Shape):
    """Numbers that messages can be from. Each recipient always hears the same one."""

    id: str
    object: Literal["pool"] = "pool"
    name: str
    senders: list[PoolSenderShape]
    created_at: Timestamp


def pool_routes() -> Routes:
    """Pools: list, read, add, change, remove."""
    router = Routes("/v1/pools", "Pools")

    @router.on("GET", "", scope=Scope.NUMBERS_READ, answer=Page[PoolShape])
    async def list_pools(caller: Caller, store: Storage) -> Page[PoolShape]:
        """All sender pools of the account, by name."""
        found = await pools.all_pools(store, caller.account_id)
        data = [pool_shape(pool) for pool in found]
        return Page(data=data, has_more=False, next_cursor=None)

    @router.on(
        "POST", "", scope=Scope.NUMBERS_WRITE, answer=PoolShape, status=201,
        problems=[PoolNameTaken, TooManyPools, InvalidNumber, LiveModeNeeded], idempotent=True,
    )  # fmt: skip
    async def create_pool(
        caller: Caller, store: Storage, once: CommitOnce, body: PoolCreate
    ) -> Response:
        """Add a pool."""

        async def add(tx: Transaction) -> PoolShape:
            senders = _senders(body.senders)
            return pool_shape(await pools.add_pool(tx, store, caller, body.name, senders))

        return await once.commit(add)

    @router.on("GET", "/{id}", scope=Scope.NUMBERS_READ, answer=PoolShape, problems=[PoolNotFound])
    async def get_pool(caller: Caller, store: Storage, id: str) -> PoolShape:
        """One pool."""
        return pool_shape(pools.find_pool(await pools.all_pools(store, caller.account_id), id))

    @router.on(
        "PATCH", "/{id}", scope=Scope.NUMBERS_WRITE, answer=PoolShape,
        problems=[PoolNotFound, PoolNameTaken, InvalidNumber, LiveModeNeeded],
    )  # fmt: skip
    async def patch_pool(caller: Caller, store: Storage, id: str, body: PoolPatch) -> PoolShape:
        """Rename a pool, or give it other senders."""
        change = PoolChange(body.name, None if body.senders is None else _senders(body.senders))
        return pool_shape(await store.commit(lambda tx: pools.change_pool(tx, caller, id, change)))

    @router.on(
        "DELETE", "/{id}", scope=Scope.NUMBERS_WRITE, answer=None, status=204,
        problems=[PoolNotFound, LiveModeNeeded],
    )  # fmt: skip
    async def delete_pool(caller: Caller, store: Storage, id: str) -> None:
        """Remove a pool. Its numbers stay, and what was sent keeps its sender."""
        await store.commit(lambda tx: pools.remove_pool(tx, caller, id))

    return router


def pool_shape(pool: Pool) -> PoolShape:
    return PoolShape(
        id=pool.id,
        name=pool.name,
        senders=[
            PoolSenderShape(
                number=one.number,
                countries=None if one.countries is None else sorted(one.countries),
            )
            for one in pool.senders
        ],
        created_at=shown(pool.created_at) or "",
    )


def _senders(given: list[PoolSenderInput]) -> list[PoolSender]:
    return [
        PoolSender(one.number, None if one.countries is None else frozenset(one.countries))
        for one in given
    ]
