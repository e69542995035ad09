"""HTTP routes of numbers."""

from typing import Annotated

from fastapi import Query
from starlette.responses import Response

from hookline.api.idempotency import CommitOnce
from hookline.api.pagination import Paging, page, paged
from hookline.api.routing import Caller, Routes, Storage
from hookline.api.wire import Page
from hookline.errors import NotFound
from hookline.numbers import registration
from hookline.numbers import store as sql
from hookline.numbers.registration import NumberTaken, Registration
from hookline.numbers.schemas import (
    Number,
    NumberCreate,
    NumberPatch,
    number_shape,
    wanted_voice_carrier,
)
from hookline.principal import LiveModeNeeded, Scope
from hookline.storage.schema import numbers
from hookline.storage.transaction import Transaction


def routes() -> Routes:
    """Numbers: list, read, add, move, remove."""
    router = Routes("/v1/numbers", "Numbers")

    @router.on("GET", "", scope=Scope.NUMBERS_READ, answer=Page[Number])
    async def list_numbers(
        caller: Caller, store: Storage, paging: Annotated[Paging, Query()]
    ) -> Page[Number]:
        """The account's numbers and registered senders, newest first."""
        statement = paged(sql.of_account(caller.account_id), numbers.c.id, paging, prefix="num")
        return page(await store.read(statement), paging, number_shape)

    @router.on(
        "POST", "", scope=Scope.NUMBERS_WRITE, answer=Number, status=201,
        problems=[NumberTaken, LiveModeNeeded], idempotent=True,
    )  # fmt: skip
    async def create_number(
        caller: Caller, store: Storage, once: CommitOnce, body: NumberCreate
    ) -> Response:
        """Add a number, a short code or an alphanumeric sender, and say which carrier it is on."""
        wanted = Registration(body.number, body.carrier, body.voice_carrier)

        async def add(tx: Transaction) -> Number:
            return number_shape(await registration.add_number(tx, store, caller, wanted))

        return await once.commit(add)

    @router.on("GET", "/{id}", scope=Scope.NUMBERS_READ, answer=Number, problems=[NotFound])
    async def get_number(caller: Caller, store: Storage, id: str) -> Number:
        """One number."""
        return number_shape(await registration.find_number(store, caller, id))

    @router.on(
        "PATCH", "/{id}", scope=Scope.NUMBERS_WRITE, answer=Number,
        problems=[NotFound, LiveModeNeeded],
    )  # fmt: skip
    async def patch_number(caller: Caller, store: Storage, id: str, body: NumberPatch) -> Number:
        """Move a number to another carrier, or say what becomes of calls that come in for it."""

        async def change(tx: Transaction) -> Number:
            row = await registration.move_number(
                tx, caller, id, carrier=body.carrier, voice_carrier=wanted_voice_carrier(body)
            )
            if "inbound_voice" in body.model_fields_set:
                row = await registration.set_inbound_voice(
                    tx, store, caller, id, body.inbound_voice
                )
            return number_shape(row)

        return await store.commit(change)

    @router.on(
        "DELETE", "/{id}", scope=Scope.NUMBERS_WRITE, answer=None, status=204,
        problems=[NotFound, LiveModeNeeded],
    )  # fmt: skip
    async def delete_number(caller: Caller, store: Storage, id: str) -> None:
        """Remove a number from the account."""
        await store.commit(lambda tx: registration.remove_number(tx, caller, id))

    return router
