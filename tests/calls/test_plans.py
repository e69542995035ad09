"""What looks for live calls reads their index, on both databases and however many calls there have been."""

import pytest
from sqlalchemy.sql import ClauseElement

from hookline.calls import store as sql
from hookline.calls.model import LIVE
from hookline.storage.schema import LIVE_CALLS
from hookline.storage.store import Store
from tests.services.plans import plan_of


@pytest.mark.parametrize(
    "statement",
    [sql.waiting(10), sql.owners(), sql.abandoned(["node"], 10), sql.release_queued(["node"])],
    ids=["waiting", "owners", "abandoned", "release"],
)
async def test_the_index_of_live_calls_is_read(store: Store, statement: ClauseElement) -> None:
    plan = await plan_of(store, statement)
    assert "ix_calls_live" in plan, plan


def test_the_index_has_the_calls_that_the_room_calls_live() -> None:
    _, _, listed = str(LIVE_CALLS).partition(" IN ")
    assert {one.strip(" '()") for one in listed.split(",")} == {status.value for status in LIVE}
