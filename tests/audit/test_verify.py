"""A chain that somebody has touched is found out, with the first row and what happened to it."""

import pytest

from hookline.accounts.model import Account
from hookline.audit.append import row_hash
from hookline.audit.model import Anchor, Break, BreakKind
from hookline.audit.verification import PAGE_ROWS, check, read_head
from hookline.storage.schema import audit
from hookline.storage.store import Store
from tests.audit.tampering import act, tamper
from tests.services.store import owner_of

NEW_HASH = "'" + "ab" * 32 + "'"


async def verify(
    store: Store, account: Account, known: Anchor | None = None
) -> tuple[Anchor | None, Break | None]:
    """The last row that fits, and what is wrong after it."""
    last: Anchor | None = None
    head = await read_head(store, account.id)
    async for step in check(store, account.id, head, known=known):
        if isinstance(step, Break):
            return last, step
        last = step
    return last, None


@pytest.fixture
async def trail(store: Store, account: Account, other_account: Account) -> Account:
    """An account with six rows: its own creation, and five acts."""
    await act(store.writer, owner_of(account), "two", "three", "four", "five", "six")
    await act(store.writer, owner_of(other_account), "elsewhere")
    return account


async def broken(store: Store, trail: Account, *statements: str) -> tuple[int, BreakKind]:
    mine = f"account_id = '{trail.id}'"
    changes = [one.replace("MINE", mine) for one in statements]
    await tamper(store.writer, store.database, *changes)
    _, found = await verify(store, trail)
    assert found is not None
    return found.number, found.kind


async def test_an_untouched_trail_is_intact(store: Store, trail: Account) -> None:
    head = await read_head(store, trail.id)
    assert head.number == 6
    assert await verify(store, trail) == (head, None)


async def test_an_empty_trail_is_intact(store: Store, trail: Account) -> None:
    assert [step async for step in check(store, trail.id, Anchor(0, ""))] == []


@pytest.mark.parametrize(
    "change",
    [
        "after = '{}'", "before = NULL", "actor_id = 'usr_2'", "ip = NULL", "at = 5",
        "action = 'x'", f"hash = {NEW_HASH}", f"previous_hash = {NEW_HASH}",
    ],
)  # fmt: skip
async def test_a_changed_row_is_named(store: Store, trail: Account, change: str) -> None:
    found = await broken(store, trail, f"UPDATE audit SET {change} WHERE number = 3 AND MINE")
    assert found == (3, BreakKind.CHANGED)


async def test_a_row_that_is_gone_is_missing(store: Store, trail: Account) -> None:
    found = await broken(store, trail, "DELETE FROM audit WHERE number = 3 AND MINE")
    assert found == (3, BreakKind.MISSING)


async def test_the_first_row_that_is_gone_is_missing(store: Store, trail: Account) -> None:
    found = await broken(store, trail, "DELETE FROM audit WHERE number = 1 AND MINE")
    assert found == (1, BreakKind.MISSING)


async def test_rows_that_moved_up_do_not_hide_the_gap(store: Store, trail: Account) -> None:
    found = await broken(
        store, trail,
        "DELETE FROM audit WHERE number = 3 AND MINE",
        "UPDATE audit SET number = -number WHERE number > 3 AND MINE",
        "UPDATE audit SET number = -number - 1 WHERE number < 0 AND MINE",
    )  # fmt: skip
    assert found == (3, BreakKind.MISSING)


async def test_rows_that_changed_places_are_reordered(store: Store, trail: Account) -> None:
    found = await broken(
        store, trail,
        "UPDATE audit SET number = 99 WHERE number = 3 AND MINE",
        "UPDATE audit SET number = 3 WHERE number = 5 AND MINE",
        "UPDATE audit SET number = 5 WHERE number = 99 AND MINE",
    )  # fmt: skip
    assert found == (3, BreakKind.REORDERED)


async def test_a_row_written_anew_is_known_by_the_next(store: Store, trail: Account) -> None:
    """Whoever computes the row's own hash again cannot make the next row follow it."""
    names = ", ".join(column.name for column in audit.c)
    rows = await store.read(audit.select().where(audit.c.number == 3))
    row = next(row for row in rows if row.account_id == trail.id)
    content = [*tuple(row)[:-2]]
    content[names.split(", ").index("action")] = "innocent"
    digest = row_hash(content, row.previous_hash)
    change = f"UPDATE audit SET action = 'innocent', hash = '{digest}' WHERE number = 3 AND MINE"
    assert await broken(store, trail, change) == (3, BreakKind.CHANGED)


async def test_a_last_row_written_anew_is_found(store: Store, trail: Account) -> None:
    head = await read_head(store, trail.id)
    rows = await store.read(audit.select().where(audit.c.hash == head.hash))
    content = [*tuple(rows[0])[:-3], "{}"]
    digest = row_hash(content, rows[0].previous_hash)
    change = f"UPDATE audit SET after = '{{}}', hash = '{digest}' WHERE number = 6 AND MINE"
    assert await broken(store, trail, change) == (6, BreakKind.CHANGED)


async def test_an_end_that_is_gone_is_missing(store: Store, trail: Account) -> None:
    found = await broken(store, trail, "DELETE FROM audit WHERE number > 4 AND MINE")
    assert found == (5, BreakKind.MISSING)


async def test_a_row_added_past_the_head_is_found(store: Store, trail: Account) -> None:
    columns = ", ".join(column.name for column in audit.c if column.name != "number")
    found = await broken(
        store, trail,
        f"INSERT INTO audit (number, {columns}) SELECT 7, {columns} FROM audit "
        "WHERE number = 6 AND MINE",
    )  # fmt: skip
    assert found == (7, BreakKind.ADDED)


async def shorten(store: Store, trail: Account) -> None:
    """The whole end, and what the database itself knows of it."""
    mine = f"account_id = '{trail.id}'"
    await tamper(
        store.writer, store.database,
        f"DELETE FROM audit WHERE number > 4 AND {mine}",
        "UPDATE account_streams SET audit_number = 4, audit_hash = "
        f"(SELECT hash FROM audit WHERE number = 4 AND {mine}) WHERE {mine}",
    )  # fmt: skip


async def test_only_a_noted_head_tells_of_a_whole_end(store: Store, trail: Account) -> None:
    noted = await read_head(store, trail.id)
    await shorten(store, trail)
    assert (await verify(store, trail))[1] is None
    _, found = await verify(store, trail, noted)
    assert found is not None
    assert (found.number, found.kind) == (5, BreakKind.MISSING)


async def test_a_noted_head_tells_of_a_trail_written_anew(store: Store, trail: Account) -> None:
    noted = await read_head(store, trail.id)
    await shorten(store, trail)
    await act(store.writer, owner_of(trail), "innocent", "innocent", "innocent")
    assert (await verify(store, trail))[1] is None
    _, found = await verify(store, trail, noted)
    assert found is not None
    assert (found.number, found.kind) == (6, BreakKind.CHANGED)


async def test_a_noted_head_stays_good_as_the_trail_grows(store: Store, trail: Account) -> None:
    noted = await read_head(store, trail.id)
    await act(store.writer, owner_of(trail), "seven")
    assert (await verify(store, trail, noted))[1] is None


async def test_a_long_trail_is_followed_page_by_page(store: Store, trail: Account) -> None:
    await act(store.writer, owner_of(trail), *(str(n) for n in range(2 * PAGE_ROWS)))
    head = await read_head(store, trail.id)
    pages = [step async for step in check(store, trail.id, head)]
    assert [one.number for one in pages] == [PAGE_ROWS, 2 * PAGE_ROWS, head.number]
    found = await broken(store, trail, "DELETE FROM audit WHERE number = 1500 AND MINE")
    assert found == (1_500, BreakKind.MISSING)


async def test_what_is_appended_meanwhile_does_no_harm(store: Store, trail: Account) -> None:
    head = await read_head(store, trail.id)
    await act(store.writer, owner_of(trail), "seven")
    steps = [step async for step in check(store, trail.id, head)]
    assert steps == [head]


@pytest.mark.parametrize(
    "text", ["", "42", "42:", "x:" + "0" * 64, "42:" + "g" * 64, "-1:" + "0" * 64]
)
def test_what_is_no_anchor_is_said_to_be_none(text: str) -> None:
    with pytest.raises(ValueError, match="NUMBER:HASH"):
        Anchor.parse(text)


def test_an_anchor_is_read_as_it_was_written() -> None:
    for anchor in (Anchor(0, ""), Anchor(42, "ab" * 32)):
        assert Anchor.parse(str(anchor)) == anchor
