"""HTTP routes of carriers."""

from typing import TYPE_CHECKING, Annotated, TypeAlias

from fastapi import Depends, Query
from starlette.requests import Request
from starlette.responses import Response

from hookline.api.idempotency import HEADER, Claim, CommitOnce, claim_of
from hookline.api.pagination import Paging, page
from hookline.api.routing import Caller, Routes, Storage
from hookline.api.wire import Page
from hookline.carriers import reading, registration
from hookline.carriers.errors import CarrierInUse, CarrierNameTaken, CarrierNotFound
from hookline.carriers.schemas import (
    CarrierCreateFields,
    CarrierFields,
    CarrierPatchFields,
    CarrierShapes,
    CarrierTest,
    CarrierTestResult,
    trial_of,
    trial_shape,
)
from hookline.carriers.trial import SendTrial, try_carrier
from hookline.outbound.sealing import SecretBox
from hookline.principal import LiveModeNeeded, Scope
from hookline.storage.transaction import Transaction

_NO_MESSAGE = CarrierTest()


async def _claim(request: Request) -> Claim | None:
    return claim_of(request, request.headers.get(HEADER), await request.body())


KeptClaim = Annotated[Claim | None, Depends(_claim)]


def routes(shapes: CarrierShapes, box: SecretBox, send: SendTrial) -> Routes:
    """Carriers: list, read, connect, change, remove, test."""
    router = Routes("/v1/carriers", "Carriers")
    _reading(router, shapes)
    _connecting(router, shapes, box)
    _changing(router, shapes, box)
    _testing(router, send)
    return router


def _reading(router: Routes, shapes: CarrierShapes) -> None:
    if TYPE_CHECKING:
        Carrier: TypeAlias = CarrierFields
    else:
        Carrier = shapes.carrier  # noqa: N806 - a class

    @router.on("GET", "", scope=Scope.CARRIERS_READ, answer=Page[Carrier])
    async def list_carriers(
        caller: Caller, store: Storage, paging: Annotated[Paging, Query()]
    ) -> Page[Carrier]:
        """The account's carriers with the live state of their links, newest first."""
        found = await reading.list_carriers(store, caller, paging)
        links = {one.row.id: one.link for one in found}
        rows = [one.row for one in found]
        return page(rows, paging, lambda row: shapes.shape(row, links[row.id]))

    @router.on(
        "GET", "/{id}", scope=Scope.CARRIERS_READ, answer=Carrier, problems=[CarrierNotFound]
    )
    async def get_carrier(caller: Caller, store: Storage, id: str) -> Carrier:
        """One carrier. Its secrets are never shown."""
        found = await reading.get_carrier(store, caller, id)
        return shapes.shape(found.row, found.link)


def _connecting(router: Routes, shapes: CarrierShapes, box: SecretBox) -> None:
    if TYPE_CHECKING:
        Carrier: TypeAlias = CarrierFields
        CarrierCreate: TypeAlias = CarrierCreateFields
    else:
        Carrier = shapes.carrier  # noqa: N806 - a class
        CarrierCreate = shapes.create  # noqa: N806 - a class

    @router.on(
        "POST", "", scope=Scope.CARRIERS_WRITE, answer=Carrier, status=201,
        problems=[CarrierNameTaken, LiveModeNeeded], idempotent=True,
    )  # fmt: skip
    async def create_carrier(
        caller: Caller, store: Storage, once: CommitOnce, body: CarrierCreate
    ) -> Response:
        """Add a carrier. A server connects to it within a second; `link` says how that went."""
        wanted = shapes.new_carrier(body)

        async def add(tx: Transaction) -> Carrier:
            row = await registration.add_carrier(tx, store, box, caller, wanted)
            return shapes.shape(row, reading.unseen(store, row))

        return await once.commit(add)


def _changing(router: Routes, shapes: CarrierShapes, box: SecretBox) -> None:
    if TYPE_CHECKING:
        Carrier: TypeAlias = CarrierFields
        CarrierPatch: TypeAlias = CarrierPatchFields
    else:
        Carrier = shapes.carrier  # noqa: N806 - a class
        CarrierPatch = shapes.patch  # noqa: N806 - a class

    @router.on(
        "PATCH", "/{id}", scope=Scope.CARRIERS_WRITE, answer=Carrier,
        problems=[CarrierNotFound, CarrierNameTaken, LiveModeNeeded],
    )  # fmt: skip
    async def patch_carrier(caller: Caller, store: Storage, id: str, body: CarrierPatch) -> Carrier:
        """Change a carrier, disable it or enable it again. Its link is opened anew if need be;
        messages wait meanwhile.
        """
        change = shapes.carrier_change(body)
        row = await store.commit(
            lambda tx: registration.change_carrier(tx, box, caller, id, change)
        )
        return shapes.shape(row, (await reading.with_links(store, [row]))[0].link)

    @router.on(
        "DELETE", "/{id}", scope=Scope.CARRIERS_WRITE, answer=None, status=204,
        problems=[CarrierNotFound, CarrierInUse, LiveModeNeeded],
    )  # fmt: skip
    async def delete_carrier(caller: Caller, store: Storage, id: str) -> None:
        """Remove a carrier that has no numbers and no messages to send."""
        await store.commit(lambda tx: registration.remove_carrier(tx, caller, id))


def _testing(router: Routes, send: SendTrial) -> None:
    @router.on(
        "POST", "/{id}/test", scope=Scope.CARRIERS_WRITE, answer=CarrierTestResult,
        problems=[CarrierNotFound, LiveModeNeeded], idempotent=True,
    )  # fmt: skip
    async def test_carrier(
        caller: Caller,
        store: Storage,
        once: CommitOnce,
        claim: KeptClaim,
        id: str,
        body: CarrierTest = _NO_MESSAGE,
    ) -> Response:
        """Say how the link is. With `to`, send a real message over the carrier (which needs
        `messages:send` too) and wait up to ten seconds for what becomes of it.
        """
        result = await try_carrier(store, caller, id, send, trial=trial_of(body), claim=claim)

        async def answer(_tx: Transaction) -> CarrierTestResult:
            return trial_shape(result)

        return await once.commit(answer, status=200)
