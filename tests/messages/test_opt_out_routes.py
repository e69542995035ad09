"""Opt-outs over HTTP: senders, filters, settings, import and export."""

from typing import Any

import pytest
from httpx import AsyncClient

from tests.messages.room import PHONE, REAL_NUMBER, SANDBOX_NUMBER, Room
from tests.messages.test_routes import problem
from tests.services.web import bearer

URL = "/v1/opt_outs"
SETTINGS = "/v1/account/opt_out_settings"
PERSON = "+447700900321"


async def add(web: AsyncClient, **body: Any) -> dict[str, Any]:
    answer = await web.post(URL, json=body)
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


async def numbers(web: AsyncClient, **params: str) -> list[tuple[str, str | None]]:
    found = (await web.get(URL, params={"order": "asc", **params})).json()["data"]
    return [(one["number"], one["sender"]) for one in found]


async def test_an_opt_out_may_name_one_sender(web: AsyncClient) -> None:
    made = await add(web, number=PERSON, sender=SANDBOX_NUMBER)
    assert (made["sender"], made["source"], made["language"]) == (SANDBOX_NUMBER, "manual", None)
    body = {"from": SANDBOX_NUMBER, "to": PERSON, "text": "hello"}
    problem(await web.post("/v1/messages", json=body), 422, "recipient_opted_out")
    assert (await web.post("/v1/messages", json=body | {"from": REAL_NUMBER})).status_code == 202
    found = await web.get(f"{URL}/{PERSON}", params={"sender": SANDBOX_NUMBER})
    assert found.json() == made == (await web.get(f"{URL}/{PERSON}")).json()
    other = await web.get(f"{URL}/{PERSON}", params={"sender": REAL_NUMBER})
    problem(other, 404, "not_found")


async def test_only_the_accounts_own_senders_can_be_named(web: AsyncClient) -> None:
    answer = await web.post(URL, json={"number": PERSON, "sender": "+12025550177"})
    assert problem(answer, 422, "unknown_sender") == [("/sender", "unknown_sender")]


async def test_an_opt_out_of_all_senders_includes_each(web: AsyncClient) -> None:
    await add(web, number=PERSON)
    again = await web.post(URL, json={"number": PERSON, "sender": REAL_NUMBER})
    problem(again, 409, "already_opted_out")
    left = await web.delete(f"{URL}/{PERSON}", params={"sender": REAL_NUMBER})
    problem(left, 404, "not_found")
    assert (await web.delete(f"{URL}/{PERSON}")).status_code == 204
    assert await numbers(web) == []


async def test_pages_and_filters_know_senders(web: AsyncClient) -> None:
    for sender in (REAL_NUMBER, SANDBOX_NUMBER):
        await add(web, number=PERSON, sender=sender)
    await add(web, number=PHONE)
    assert await numbers(web, sender=REAL_NUMBER) == [(PERSON, REAL_NUMBER)]
    assert await numbers(web, number="+1202") == [(PHONE, None)]
    assert await numbers(web, source="import") == []
    seen, cursor = [], None
    while True:
        params = {"limit": "1", "order": "desc"} | ({"cursor": cursor} if cursor else {})
        page = (await web.get(URL, params=params)).json()
        seen += [(one["number"], one["sender"]) for one in page["data"]]
        if not (cursor := page["next_cursor"]):
            break
    expected = [(PERSON, REAL_NUMBER), (PERSON, SANDBOX_NUMBER), (PHONE, None)]
    assert sorted(seen, key=str) == sorted(expected, key=str)
    assert seen == sorted(expected, key=lambda one: (one[0], one[1] or ""), reverse=True)


async def test_an_import_is_all_or_nothing_and_can_be_repeated(web: AsyncClient) -> None:
    entries = [
        {"number": PERSON, "created_at": "2024-05-01T00:00:00Z"},
        {"number": PHONE, "sender": REAL_NUMBER},
    ]
    wrong = [*entries, {"number": "447700900321"}, {"number": PERSON, "sender": "Nobody"}]
    answer = await web.post(f"{URL}/import", json={"entries": wrong})
    pointers = problem(answer, 422, "invalid")
    assert [pointer for pointer, _ in pointers] == ["/entries/2/number", "/entries/3/sender"]
    assert await numbers(web) == []
    for expected in ({"added": 2, "present": 0}, {"added": 0, "present": 2}):
        done = await web.post(f"{URL}/import", json={"entries": entries})
        assert done.json() == {"object": "opt_out_import", **expected}
    known = (await web.get(f"{URL}/{PERSON}")).json()
    assert (known["source"], known["created_at"]) == ("import", "2024-05-01T00:00:00.000Z")


async def test_what_was_exported_can_be_imported(web: AsyncClient, room: Room) -> None:
    await add(web, number=PERSON, sender=SANDBOX_NUMBER)
    await add(web, number=PHONE)
    answer = await web.get(f"{URL}/export")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    lines = answer.text.splitlines()
    assert lines[0] == "number,sender,source,language,created_at"
    assert [line.split(",")[:3] for line in lines[1:]] == [
        [PHONE, "", "manual"],
        [PERSON, SANDBOX_NUMBER, "manual"],
    ]


async def test_settings_are_read_and_changed_by_name(web: AsyncClient) -> None:
    first = (await web.get(SETTINGS)).json()
    assert (first["scope"], first["confirmations"], first["language"]) == ("account", True, "en")
    assert first["default_texts"]["es"]["stop"].startswith("{account}: No recibirá")
    changes = {"scope": "sender", "stop_words": ["Genug"], "texts": {"de": {"stop": "Ende."}}}
    changed = (await web.patch(SETTINGS, json=changes)).json()
    assert (changed["scope"], changed["stop_words"], changed["confirmations"]) == (
        "sender", ["Genug"], True,
    )  # fmt: skip
    assert changed["texts"] == {"de": {"stop": "Ende.", "start": None, "help": None}}
    again = await web.patch(SETTINGS, json={"texts": {"de": {"stop": None}}, "stop_words": []})
    assert (again.json()["texts"], again.json()["stop_words"]) == ({}, [])


@pytest.mark.parametrize(
    ("wanted", "pointer", "code"),
    [
        ({"language": "xx"}, "/language", "unknown_language"),
        ({"texts": {"xx": {"stop": "a"}}}, "/texts/xx", "unknown_language"),
        ({"texts": {"en": {"help": "Stop!"}}}, "/texts/en/help", "text_is_a_word"),
        ({"stop_words": ["!"]}, "/stop_words/0", "invalid_word"),
        ({"stop_words": ["a b c d e f g h i j k l m"]}, "/stop_words/0", "invalid_word"),
        ({"stop_words": ["a"], "help_words": ["b", "Á"]}, "/help_words/1", "word_repeated"),
        ({"ignored_words": ["Baja", "STOP"]}, "/ignored_words/1", "word_required"),
    ],
)
async def test_settings_that_cannot_work_are_refused(
    web: AsyncClient, wanted: dict[str, Any], pointer: str, code: str
) -> None:
    answer = await web.patch(SETTINGS, json=wanted)
    assert (pointer, code) in problem(answer, 422, "invalid")


async def test_settings_are_changed_in_live_mode_only(web: AsyncClient) -> None:
    answer = await web.patch(SETTINGS, json={"scope": "sender"}, headers=bearer("test"))
    problem(answer, 403, "live_mode_needed")
