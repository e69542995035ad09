"""HTTP routes of opt-outs, and of the account's settings about them."""

from typing import Annotated

from fastapi import Query
from starlette.responses import Response, StreamingResponse

from hookline.api.idempotency import CommitOnce
from hookline.api.routing import Caller, Routes, Storage
from hookline.api.wire import Page
from hookline.errors import NotFound
from hookline.messages import opt_out_rules, opt_outs
from hookline.messages.errors import UnknownSender
from hookline.messages.opt_out_export import MEDIA_TYPE, begin_export
from hookline.messages.opt_out_import import checked, import_within, senders_of
from hookline.messages.opt_out_schemas import (
    OneSender,
    OptOut,
    OptOutCreate,
    OptOutImport,
    OptOutImportResult,
    OptOutSettings,
    OptOutSettingsPatch,
    import_shape,
    opt_out_shape,
    settings_shape,
)
from hookline.messages.opt_outs import AlreadyOptedOut, OptOutFilter
from hookline.principal import LiveModeNeeded, Principal, Scope
from hookline.storage.store import Store
from hookline.storage.transaction import Transaction

_READ, _WRITE = Scope.OPT_OUTS_READ, Scope.OPT_OUTS_WRITE


def opt_out_routes() -> Routes:
    """Opt-outs: list, add, import, export, read, remove."""
    router = Routes("/v1/opt_outs", "Opt-outs")
    _files(router)  # before `{number}`, which would take `export` for one
    _list(router)

    @router.on("GET", "/{number}", scope=_READ, answer=OptOut, problems=[NotFound])
    async def get_opt_out(
        caller: Caller, store: Storage, number: str, wanted: Annotated[OneSender, Query()]
    ) -> OptOut:
        """Whether a number has opted out, and how: of all senders, or else of some. With `sender`:
        what keeps that one from writing to it.
        """
        return opt_out_shape(await opt_outs.find(store, caller, number, wanted.sender))

    @router.on(
        "DELETE", "/{number}", scope=_WRITE, answer=None, status=204, problems=[NotFound]
    )  # fmt: skip
    async def delete_opt_out(
        caller: Caller, store: Storage, number: str, wanted: Annotated[OneSender, Query()]
    ) -> None:
        """Let the number be written to again. Only with the person's consent. With `sender`: only
        an opt-out of that one alone is taken away.
        """
        await store.commit(lambda tx: opt_outs.remove(tx, caller, number, wanted.sender))

    return router


def _list(router: Routes) -> None:
    @router.on("GET", "", scope=_READ, answer=Page[OptOut])
    async def list_opt_outs(
        caller: Caller, store: Storage, wanted: Annotated[OptOutFilter, Query()]
    ) -> Page[OptOut]:
        """Who wants no more messages from this account, by number."""
        return await opt_outs.list_page(store, caller, wanted, opt_out_shape)

    @router.on(
        "POST", "", scope=_WRITE, answer=OptOut, status=201,
        problems=[AlreadyOptedOut, UnknownSender], idempotent=True,
    )  # fmt: skip
    async def create_opt_out(
        caller: Caller, store: Storage, once: CommitOnce, body: OptOutCreate
    ) -> Response:
        """Add a number by hand; messages to it are refused from now on."""

        async def add(tx: Transaction) -> OptOut:
            return opt_out_shape(await opt_outs.add(tx, store, caller, body.number, body.sender))

        return await once.commit(add)


def _files(router: Routes) -> None:
    @router.on(
        "POST", "/import", scope=_WRITE, answer=OptOutImportResult, idempotent=True,
    )  # fmt: skip
    async def import_opt_outs(
        caller: Caller, store: Storage, once: CommitOnce, body: OptOutImport
    ) -> Response:
        """Add up to 1,000 numbers at once, all or none. Whoever is on the list already stays there."""
        raw = [one.model_dump() for one in body.entries]
        entries = checked(raw, await senders_of(store, caller), store.now())

        async def add(tx: Transaction) -> OptOutImportResult:
            return import_shape(await import_within(tx, store, caller, entries))

        return await once.commit(add, status=200)

    @router.on("GET", "/export", scope=_READ, answer=None, media_types=[MEDIA_TYPE])
    async def export_opt_outs(caller: Caller, store: Storage) -> Response:
        """All of them as one CSV file, which can be imported again. The audit log notes it."""
        return await export_answer(store, caller)


async def export_answer(store: Store, principal: Principal) -> Response:
    """The file, sent while it is being read."""
    return StreamingResponse(
        await begin_export(store, principal),
        media_type=f"{MEDIA_TYPE}; charset=utf-8",
        headers={
            "Content-Disposition": 'attachment; filename="opt-outs.csv"',
            "Cache-Control": "no-store",
        },
    )


def opt_out_settings_routes() -> Routes:
    """The account's settings: read, change."""
    router = Routes("/v1/account/opt_out_settings", "Opt-outs")

    @router.on("GET", "", scope=_READ, answer=OptOutSettings)
    async def get_opt_out_settings(caller: Caller, store: Storage) -> OptOutSettings:
        """For which senders a STOP holds, in which words, and how it is confirmed."""
        return settings_shape(await opt_out_rules.get_rules(store, caller))

    @router.on(
        "PATCH", "", scope=_WRITE, answer=OptOutSettings, problems=[LiveModeNeeded]
    )  # fmt: skip
    async def update_opt_out_settings(
        caller: Caller, store: Storage, body: OptOutSettingsPatch
    ) -> OptOutSettings:
        """Change what is given. Opt-outs that are there already stay as they are."""
        changes = body.changes()
        changed = await store.commit(lambda tx: opt_out_rules.change_rules(tx, caller, changes))
        return settings_shape(changed)

    return router
