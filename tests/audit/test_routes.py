"""The audit log over HTTP."""

import csv
import io
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest
from httpx import AsyncClient

from hookline.accounts.model import Account
from hookline.audit.append import record
from hookline.audit.routes import routes
from hookline.audit.runs import Verifier
from hookline.audit.verification import PAGE_ROWS
from hookline.clock import DAY_MS, ManualClock
from hookline.principal import Mode, Principal, PrincipalKind, Scope
from hookline.storage.store import Store
from hookline.storage.transaction import Transaction
from hookline.storage.wakeups import Wakeups
from tests.audit.tampering import act, tamper
from tests.services.store import owner_of
from tests.services.web import KnownCallers, bearer, web_client

URL = "/v1/audit"
RUNS = f"{URL}/verifications"


@pytest.fixture
async def web(store: Store, account: Account, other_account: Account) -> AsyncIterator[AsyncClient]:
    tester = replace(owner_of(account), kind=PrincipalKind.CREDENTIAL, mode=Mode.TEST)
    callers = KnownCallers(
        owner=owner_of(account),
        nothing=owner_of(account, *Scope),
        outsider=owner_of(other_account),
        tester=tester,
    )
    async with web_client(store, callers, routes()) as client:
        client.headers.update(bearer("owner"))
        yield client


@pytest.fixture
def verifier(store: Store) -> Verifier:
    return Verifier(store, Wakeups(store.database, store.writer))


async def note(store: Store, who: Principal, action: str, resource: str, **facts: Any) -> None:
    async def use_case(tx: Transaction) -> None:
        record(tx, who, action, resource, **facts)

    await store.commit(use_case)


@pytest.fixture
async def acts(store: Store, account: Account, clock: ManualClock) -> None:
    """Of several people, on several days."""
    mara, kim = owner_of(account), replace(owner_of(account), id="usr_2", label="Kim@Example.com")
    clock.advance(seconds=DAY_MS / 1_000)
    await note(store, mara, "credential.create", "crd_1", after={"description": "100%_sure"})
    clock.advance(seconds=DAY_MS / 1_000)
    await note(store, replace(kim, ip="2001:db8::7"), "opt_out.add", "+447700900123")
    await note(store, kim, "credential_policy.update", "acc_1", before={"days": 1}, after={})


async def found(web: AsyncClient, **params: Any) -> list[str]:
    answer = await web.get(URL, params={"order": "asc", **params})
    assert answer.status_code == 200, answer.text
    return [entry["action"] for entry in answer.json()["data"]]


async def test_every_route_knows_who_may(web: AsyncClient, verifier: Verifier) -> None:
    entry = (await web.get(URL)).json()["data"][0]["id"]
    run = (await web.post(RUNS, json={})).json()["id"]
    await verifier.verify_next()
    for method, path, body, expected in (
        ("GET", URL, None, 200),
        ("GET", f"{URL}/{entry}", None, 200),
        ("GET", f"{URL}/export", None, 200),
        ("POST", RUNS, {}, 202),
        ("GET", RUNS, None, 200),
        ("GET", f"{RUNS}/{run}", None, 200),
    ):
        statuses = [
            (await web.request(method, path, json=body, headers=headers)).status_code
            for headers in ({"Authorization": ""}, bearer("who"), bearer("nothing"))
        ]
        assert statuses == [401, 401, 403], path
        assert (await web.request(method, path, json=body)).status_code == expected, path
        test = await web.request(method, path, json=body, headers=bearer("tester"))
        assert (test.status_code, test.json()["code"]) == (403, "live_mode_needed"), path
        if path.endswith((entry, run)):
            outside = await web.request(method, path, headers=bearer("outsider"))
            assert outside.status_code == 404, path


async def test_an_entry_says_all_that_was_written(web: AsyncClient, acts: None) -> None:
    listed = (await web.get(URL, params={"action": "credential_policy.update"})).json()["data"][0]
    entry = (await web.get(f"{URL}/{listed['id']}")).json()
    assert entry == listed
    assert entry["actor"] == {"kind": "user", "id": "usr_2", "label": "Kim@Example.com"}
    assert (entry["before"], entry["after"]) == ({"days": 1}, {})
    assert entry["id"] == f"aud_{entry['number']}_{entry['hash'][:12]}"


@pytest.mark.parametrize(
    ("params", "expected"),
    [
        ({"actor": "usr_2"}, ["opt_out.add", "credential_policy.update"]),
        ({"actor": "kim@example.com"}, ["opt_out.add", "credential_policy.update"]),
        ({"action": "credential.*"}, ["credential.create"]),
        ({"action": "credential.create"}, ["credential.create"]),
        ({"resource": "crd_1"}, ["credential.create"]),
        ({"resource": " 447700900123"}, ["opt_out.add"]),
        ({"ip": "2001:db8::7"}, ["opt_out.add"]),
        ({"q": "KIM@"}, ["opt_out.add", "credential_policy.update"]),
        ({"q": "100%_s"}, ["credential.create"]),
        ({"q": "100x"}, []),
        ({"q": "DAYS"}, ["credential_policy.update"]),
    ],
)
async def test_a_filter_lets_pass_what_it_says(
    web: AsyncClient, acts: None, params: dict[str, str], expected: list[str]
) -> None:
    assert await found(web, **params) == expected


async def test_days_narrow_the_log(web: AsyncClient, acts: None) -> None:
    listed = (await web.get(URL, params={"resource": "crd_1"})).json()["data"][0]["created_at"]
    assert await found(web, **{"created[lt]": listed}) == ["account.create"]
    assert "account.create" not in await found(web, **{"created[gte]": listed})


async def test_pages_follow_each_other_while_acts_are_added(
    web: AsyncClient, store: Store, account: Account
) -> None:
    await act(store.writer, owner_of(account), *(str(n) for n in range(5)))
    first = (await web.get(URL, params={"limit": 2})).json()
    await act(store.writer, owner_of(account), "meanwhile")
    second = (await web.get(URL, params={"limit": 9, "cursor": first["next_cursor"]})).json()
    seen = [entry["action"] for page in (first, second) for entry in page["data"]]
    assert seen == ["4", "3", "2", "1", "0", "account.create"]
    assert (second["has_more"], second["next_cursor"]) == (False, None)


@pytest.mark.parametrize(
    "params",
    [
        {"cursor": "aud_1"}, {"cursor": "crd_x"}, {"action": "*"}, {"action": "a.*.b"},
        {"q": "x" * 201}, {"limit": 0}, {"created[gte]": "yesterday"}, {"unknown": "1"},
    ],
)  # fmt: skip
async def test_a_filter_that_is_none_is_refused(web: AsyncClient, params: dict[str, Any]) -> None:
    for url in (URL, f"{URL}/export"):
        assert (await web.get(url, params=params)).status_code == 422, url


@pytest.mark.parametrize("entry", ["aud_1_000000000000", "aud_99_000000000000", "aud_1", "x"])
async def test_an_entry_that_is_none_is_not_there(web: AsyncClient, entry: str) -> None:
    answer = await web.get(f"{URL}/{entry}")
    assert (answer.status_code, answer.json()["code"]) == (404, "audit_entry_not_found")


async def test_an_export_has_every_entry_in_order(
    web: AsyncClient, store: Store, account: Account
) -> None:
    """More than one page of it, and the export itself last."""
    await act(store.writer, owner_of(account), *(str(n) for n in range(PAGE_ROWS + 1)))
    answer = await web.get(f"{URL}/export")
    entries = [json.loads(line) for line in answer.text.splitlines()]
    assert [entry["number"] for entry in entries] == list(range(1, PAGE_ROWS + 4))
    assert entries[-1]["action"] == "audit.export"
    assert answer.headers["content-type"] == "application/x-ndjson"
    assert answer.headers["content-disposition"] == 'attachment; filename="audit-log.jsonl"'


async def test_an_export_is_narrowed_like_the_list(web: AsyncClient, acts: None) -> None:
    answer = await web.get(f"{URL}/export", params={"action": "opt_out.*"})
    assert [json.loads(line)["action"] for line in answer.text.splitlines()] == ["opt_out.add"]


@pytest.mark.parametrize("sign", ["=", "+", "-", "@", "\t", "\r"])
async def test_no_cell_of_a_table_is_a_formula(
    web: AsyncClient, store: Store, account: Account, sign: str
) -> None:
    evil = f'{sign}HYPERLINK("http://evil.example")'
    await note(store, replace(owner_of(account), label=evil, user_agent=evil), "x", evil)
    answer = await web.get(f"{URL}/export", params={"format": "csv", "action": "x"})
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    rows = list(csv.DictReader(io.StringIO(answer.text, newline="")))
    assert {rows[0][name] for name in ("actor_label", "user_agent", "resource_id")} == {f"'{evil}"}


async def test_a_run_ends_as_intact_with_the_head_to_note(
    web: AsyncClient, verifier: Verifier, acts: None
) -> None:
    begun = (await web.post(RUNS, json={})).json()
    assert (begun["status"], begun["checked"], begun["total"]) == ("queued", 0, 4)
    assert await verifier.verify_next()
    ended = (await web.get(f"{RUNS}/{begun['id']}")).json()
    assert (ended["status"], ended["checked"], ended["found"]) == ("intact", 4, None)
    assert ended["finished_at"]
    known = (await web.post(RUNS, json={"known": ended["head"]})).json()
    await verifier.verify_next()
    assert (await web.get(f"{RUNS}/{known['id']}")).json()["status"] == "intact"
    assert not await verifier.verify_next()


async def test_a_run_says_what_is_broken(
    web: AsyncClient, store: Store, account: Account, verifier: Verifier, acts: None
) -> None:
    await tamper(store.writer, store.database, "UPDATE audit SET actor_id = 'x' WHERE number = 3")
    begun = (await web.post(RUNS, json={})).json()
    await verifier.verify_next()
    ended = (await web.get(f"{RUNS}/{begun['id']}")).json()
    assert (ended["status"], ended["found"]["number"]) == ("broken", 3)
    assert ended["found"]["kind"] == "changed"


async def test_one_run_goes_on_at_a_time(web: AsyncClient, verifier: Verifier) -> None:
    begun = (await web.post(RUNS, json={})).json()["id"]
    again = await web.post(RUNS, json={})
    assert (again.status_code, again.json()["code"]) == (409, "audit_verification_running")
    assert begun in again.json()["detail"]
    elsewhere = await web.post(RUNS, json={}, headers=bearer("outsider"))
    assert elsewhere.status_code == 202


@pytest.mark.parametrize("known", ["x", "1:", "1:" + "g" * 64, 5])
async def test_a_head_that_is_none_is_refused(web: AsyncClient, known: object) -> None:
    assert (await web.post(RUNS, json={"known": known})).status_code == 422


async def test_a_run_that_a_dead_node_left_is_taken_up_where_it_stood(
    web: AsyncClient, store: Store, account: Account, clock: ManualClock, verifier: Verifier
) -> None:
    await act(store.writer, owner_of(account), *(str(n) for n in range(PAGE_ROWS)))
    begun = (await web.post(RUNS, json={})).json()
    commits = 0

    class Dies(Verifier):
        async def _say(self, run: Any, checked: Any) -> Any:
            nonlocal commits
            commits += 1
            if commits > 2:
                raise ConnectionError
            return await super()._say(run, checked)

    with pytest.raises(ConnectionError):
        await Dies(store, Wakeups(store.database, store.writer)).verify_next()
    left = (await web.get(f"{RUNS}/{begun['id']}")).json()
    assert (left["status"], left["checked"]) == ("running", PAGE_ROWS)
    assert not await verifier.verify_next()  # it may only be slow
    clock.advance(seconds=61)
    assert await verifier.verify_next()
    assert (await web.get(f"{RUNS}/{begun['id']}")).json()["status"] == "intact"
