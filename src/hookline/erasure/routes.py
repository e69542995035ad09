"""HTTP routes of erasures."""

from typing import Annotated

from fastapi import Query
from starlette.responses import Response

from hookline.api.idempotency import CommitOnce
from hookline.api.pagination import Paging, page, paged
from hookline.api.routing import Caller, Routes, Storage
from hookline.api.wire import Page
from hookline.erasure import asking
from hookline.erasure import store as sql
from hookline.erasure.errors import ErasureNotFound, OwnNumber
from hookline.erasure.model import PREFIX
from hookline.erasure.schemas import ErasureCreate, ErasureShape, erasure_shape
from hookline.numbers.e164 import InvalidNumber
from hookline.principal import RestrictionWidened, Scope
from hookline.storage.schema import erasures
from hookline.storage.transaction import Transaction


def routes() -> Routes:
    """Erasures: begin, list, read."""
    router = Routes("/v1/erasures", "Erasures")

    @router.on(
        "POST", "", scope=Scope.RECORDINGS_DELETE, answer=ErasureShape, status=202,
        problems=[InvalidNumber, OwnNumber, RestrictionWidened], idempotent=True,
    )  # fmt: skip
    async def create_erasure(
        caller: Caller, store: Storage, once: CommitOnce, body: ErasureCreate
    ) -> Response:
        """Forget a person: their number, texts, names and metadata in messages, calls and their events,
        the audio of recordings, what receivers answered, and what the request log has of them. What is
        waiting to be sent to them is canceled; an opt-out stays, so that it goes on being respected.
        Needs `messages:send` as well.
        """

        async def begin(tx: Transaction) -> ErasureShape:
            return erasure_shape(await asking.begin_erasure(tx, store, caller, body.number))

        return await once.commit(begin, status=202)

    @router.on("GET", "", scope=Scope.RECORDINGS_DELETE, answer=Page[ErasureShape])
    async def list_erasures(
        caller: Caller, store: Storage, paging: Annotated[Paging, Query()]
    ) -> Page[ErasureShape]:
        """Who has been forgotten, newest first."""
        mine = sql.of_account(caller.account_id, caller.mode)
        rows = await store.read(paged(mine, erasures.c.id, paging, prefix=PREFIX))
        return page(rows, paging, lambda row: erasure_shape(sql.erasure_of(row)))

    @router.on(
        "GET", "/{id}", scope=Scope.RECORDINGS_DELETE, answer=ErasureShape,
        problems=[ErasureNotFound],
    )  # fmt: skip
    async def get_erasure(caller: Caller, store: Storage, id: str) -> ErasureShape:
        """One erasure, and how far it is."""
        return erasure_shape(await asking.get_erasure(store, caller, id))

    return router
