"""What looks for messages by their status reads the index of that status, on both databases and whatever else there is."""

import pytest
from sqlalchemy.sql import ClauseElement

from hookline.ids import CarrierId
from hookline.messages import ambiguity_store, rerouting_store
from hookline.messages import store as sql
from hookline.messages.model import Status
from hookline.storage.store import Store
from tests.services.plans import plan_of

CARRIER = CarrierId("car_1")
STATEMENTS = {
    "claim": (sql.claim_work(CARRIER, "node", 10), "queued"),
    "claim of others": (sql.claim_work(CARRIER, "node", 10, also_others=True), "queued"),
    "carriers with work": (sql.carriers_with_work(), "queued"),
    "outlived": (sql.outlived(1, 10), "queued"),
    "release": (sql.release_carrier(CARRIER, "node"), "queued"),
    "waiting": (rerouting_store.waiting_for(CARRIER, "", 10), "queued"),
    "owners": (sql.owners(Status.SENDING), "sending"),
    "orphans": (sql.owned_by(["node"], Status.SENDING, 10), "sending"),
    "due": (sql.due(1, 10), "due"),
    "unreported": (rerouting_store.unreported(CARRIER, 0, 1, "", 10), "awaiting_receipt"),
    "awaiting a receipt": (sql.awaiting_receipt(CARRIER, 1, "", 10), "awaiting_receipt"),
    "unheard": (
        ambiguity_store.unheard(CARRIER, (0, ""), 1, is_ambiguous=False),
        "awaiting_receipt",
    ),
}


@pytest.mark.parametrize(("statement", "index"), STATEMENTS.values(), ids=STATEMENTS.keys())
async def test_the_index_of_the_status_is_read(
    store: Store, statement: ClauseElement, index: str
) -> None:
    plan = await plan_of(store, statement)
    assert f"ix_messages_{index}" in plan, plan
    assert "SCAN messages\n" not in plan, plan
