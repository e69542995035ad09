"""HTTP routes of the audit log."""

from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import Query
from starlette.responses import Response, StreamingResponse

from hookline.api.idempotency import CommitOnce
from hookline.api.pagination import Paging
from hookline.api.routing import Caller, Routes, Storage
from hookline.api.wire import Page
from hookline.audit import runs
from hookline.audit.errors import EntryNotFound, VerificationNotFound, VerificationRunning
from hookline.audit.export import MEDIA_TYPES, begin_export
from hookline.audit.model import Anchor
from hookline.audit.reading import get_entry, list_entries
from hookline.audit.schemas import (
    AuditEntry,
    AuditVerification,
    EntryPaging,
    ExportQuery,
    VerificationCreate,
    entry_shape,
    verification_shape,
)
from hookline.principal import LiveModeNeeded, Scope
from hookline.storage.transaction import Transaction


def routes() -> Routes:
    """The audit log: list, export, verify, read."""
    router = Routes("/v1/audit", "Audit log")
    _verifying(router)  # before `{id}`, which would take `verifications` for an id
    _reading(router)
    return router


def _verifying(router: Routes) -> None:
    @router.on(
        "POST", "/verifications", scope=Scope.AUDIT_READ, answer=AuditVerification, status=202,
        problems=[VerificationRunning, LiveModeNeeded], idempotent=True,
    )  # fmt: skip
    async def verify_audit_log(
        caller: Caller, store: Storage, once: CommitOnce, body: VerificationCreate
    ) -> Response:
        """Recompute the chain of hashes from the first entry, beside everything else. Follow the run
        until it is `intact` or `broken`; then note its `head` elsewhere, for next time's `known`.
        """
        known = None if body.known is None else Anchor.parse(body.known)

        async def begin(tx: Transaction) -> AuditVerification:
            return verification_shape(await runs.begin_verification(tx, store, caller, known))

        return await once.commit(begin, status=202)

    @router.on(
        "GET", "/verifications", scope=Scope.AUDIT_READ, answer=Page[AuditVerification],
        problems=[LiveModeNeeded],
    )  # fmt: skip
    async def list_audit_verifications(
        caller: Caller, store: Storage, paging: Annotated[Paging, Query()]
    ) -> Page[AuditVerification]:
        """The runs of the last 90 days, newest first."""
        return await runs.list_verifications(store, caller, paging)

    @router.on(
        "GET", "/verifications/{id}", scope=Scope.AUDIT_READ, answer=AuditVerification,
        problems=[VerificationNotFound, LiveModeNeeded],
    )  # fmt: skip
    async def get_audit_verification(caller: Caller, store: Storage, id: str) -> AuditVerification:
        """One run: how far it is, or what it found."""
        return verification_shape(await runs.get_verification(store, caller, id))


def _reading(router: Routes) -> None:
    @router.on(
        "GET", "", scope=Scope.AUDIT_READ, answer=Page[AuditEntry], problems=[LiveModeNeeded]
    )
    async def list_audit_entries(
        caller: Caller, store: Storage, paging: Annotated[EntryPaging, Query()]
    ) -> Page[AuditEntry]:
        """Administrative acts, newest first: who, what, from where, and what changed."""
        return await list_entries(store, caller, paging)

    @router.on(
        "GET", "/export", scope=Scope.AUDIT_READ, answer=None, problems=[LiveModeNeeded],
        media_types=[one.partition(";")[0] for one in MEDIA_TYPES.values()],
    )  # fmt: skip
    async def export_audit_log(
        caller: Caller, store: Storage, wanted: Annotated[ExportQuery, Query()]
    ) -> Response:
        """All entries that match, oldest first, as one file: JSON Lines, or CSV in which no cell is a
        formula. The export is itself an entry.
        """
        return export_answer(await begin_export(store, caller, wanted), wanted)

    @router.on(
        "GET", "/{id}", scope=Scope.AUDIT_READ, answer=AuditEntry,
        problems=[EntryNotFound, LiveModeNeeded],
    )  # fmt: skip
    async def get_audit_entry(caller: Caller, store: Storage, id: str) -> AuditEntry:
        """One entry, with what was there before and after."""
        return entry_shape(await get_entry(store, caller, id))


def export_answer(parts: AsyncIterator[bytes], wanted: ExportQuery) -> Response:
    """The file, sent while it is being read."""
    return StreamingResponse(
        parts,
        media_type=MEDIA_TYPES[wanted.format],
        headers={
            "Content-Disposition": f'attachment; filename="audit-log.{wanted.format}"',
            "Cache-Control": "no-store",
        },
    )
