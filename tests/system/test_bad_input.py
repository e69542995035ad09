"""Bad input of any shape, to every operation, is a problem of the 4xx kind."""

import json
import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.system.recipes import send_body
from tests.system.site import Site, assert_problem

DEEP = "[" * 2_000 + "]" * 2_000
HUGE = 2 * 2**20 + 1


def test_a_body_that_cannot_be_used_is_refused(site: Site, subtests: pytest.Subtests) -> None:
    as_json = {"Content-Type": "application/json"}
    for operation in filter(lambda one: one.takes_body, site.operations):
        call = site.recipe(operation)
        spoiled = dict(call.body, no_such_field=1)
        bodies: dict[str, tuple[bytes, int]] = {
            "truncated": (json.dumps(call.body).encode()[:-1], 400),
            "not JSON": (b"hello", 400),
            "not UTF-8": (b'{"\xff": 1}', 400),
            "two values": (b"{} {}", 400),
            "deep": (DEEP.encode(), 400),
            "deep inside": (b'{"metadata":' + DEEP.encode() + b"}", 400),
            "a list": (b"[]", 422),
            "a text": (b'"x"', 422),
            "a number": (b"1e999", 422),
            "NaN": (b"NaN", 400),
            "unknown field": (json.dumps(spoiled).encode(), 422),
        }
        for name, (body, status) in bodies.items():
            with subtests.test(f"{operation.id}: {name}"):
                answer = site.send(operation, call, content=body, headers=as_json)
                assert_problem(answer, status, 422)


def test_a_body_of_another_media_type_is_refused(site: Site, subtests: pytest.Subtests) -> None:
    for operation in filter(lambda one: one.takes_body, site.operations):
        call = site.recipe(operation)
        for given in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""):
            with subtests.test(f"{operation.id}: {given}"):
                answer = site.send(operation, call, content=b"{}", headers={"Content-Type": given})
                assert_problem(answer, 415)


def test_a_body_over_the_limit_is_refused(site: Site, subtests: pytest.Subtests) -> None:
    as_json = {"Content-Type": "application/json"}
    for operation in filter(lambda one: one.takes_body, site.operations):
        call = site.recipe(operation)
        with subtests.test(f"{operation.id}: announced"):
            answer = site.send(operation, call, content=b" " * HUGE, headers=as_json)
            assert_problem(answer, 413)
        with subtests.test(f"{operation.id}: in chunks"):
            pieces = iter([b" " * 65_536] * (HUGE // 65_536 + 1))
            answer = site.send(operation, call, content=pieces, headers=as_json)
            assert_problem(answer, 413)


def test_what_no_database_holds_is_refused(site: Site, subtests: pytest.Subtests) -> None:
    as_json = {"Content-Type": "application/json"}
    for operation in filter(lambda one: one.takes_body, site.operations):
        call = site.recipe(operation)
        for where, body in spoiled_texts(call.body):
            with subtests.test(f"{operation.id}: {where}"):
                answer = site.send(operation, call, content=body.encode(), headers=as_json)
                if operation.id == "send_batch" and answer.status_code == 202:
                    assert answer.json()["refused"] >= 1
                else:
                    assert_problem(answer, 400, 422)


def spoiled_texts(body: Any) -> Iterator[tuple[str, str]]:
    """The body with a NUL, half a surrogate pair, and a huge number in each of its places."""
    whole = json.dumps(body)
    for place in re.finditer(r'"(?:[^"\\]|\\.)*"', whole):
        inside = place.start() + 1
        for name, junk in (("NUL", "\\u0000"), ("surrogate", "\\ud800"), ("low", "\\udc00")):
            yield f"{name} at {place.start()}", whole[:inside] + junk + whole[inside:]
        if whole[place.end() : place.end() + 1] != ":":
            for junk in ("1e400", "123456789012345678901234567890", DEEP, "{}", "false"):
                spoiled = whole[: place.start()] + junk + whole[place.end() :]
                yield f"{junk[:9]} at {place.start()}", spoiled


PLACES = ("%00", "a%00b", "%ED%A0%80", "%FF", "x" * 4_000, "%20", "..%2F..", "msg_", "💥", "+", "0")


def test_a_path_of_junk_leads_nowhere(site: Site, subtests: pytest.Subtests) -> None:
    for operation in site.operations:
        if "{" not in operation.path:
            continue
        call = site.recipe(operation)
        for place in PLACES:
            with subtests.test(f"{operation.id}: {place[:20]}"):
                assert_problem(site.send(operation, call, place=place), 400, 404, 405, 422)


VALUES = ("\x00", "%ED%A0%80", "", "x" * 5_000, "-1", "9" * 40, "💥", "null", "*", "a.b.*", "1e9")


def test_a_query_of_junk_is_refused_or_ignored(site: Site, subtests: pytest.Subtests) -> None:
    for operation in site.operations:
        if operation.id in {"delete_own_credential", "stream_events"}:
            continue
        call = site.recipe(operation)
        for name in operation.query:
            for value in VALUES:
                with subtests.test(f"{operation.id}?{name}={value[:20]!r}"):
                    raw = (
                        value if value.startswith("%") else str(httpx.QueryParams({"": value}))[1:]
                    )
                    url = f"{operation.url(call.place)}?{name}={raw}"
                    answer = site.client.request(operation.method, url, headers=site.bearer)
                    if answer.status_code not in {operation.success, 404}:
                        assert_problem(answer, 400, 422)
        with subtests.test(f"{operation.id}: unknown parameter"):
            answer = site.send(operation, call, params={"no_such_parameter": "1"})
            if operation.query:
                assert_problem(answer, 422, 404)


def test_a_junk_idempotency_key_is_refused(site: Site, subtests: pytest.Subtests) -> None:
    for operation in site.operations:
        names = [one["name"] for one in operation.facts.get("parameters", [])]
        if "Idempotency-Key" not in names:
            continue
        call = site.recipe(operation)
        for key in ("", "a b", "x" * 256, "é"):
            with subtests.test(f"{operation.id}: {key[:9]!r}"):
                given = {"Idempotency-Key": key.encode("latin-1")}
                assert_problem(site.send(operation, call, headers=given), 422)


@pytest.mark.parametrize("path", ["/v1", "/v1/", "/v1/nothing", "/v1/messages/", "/v1//messages"])
def test_an_unknown_path_is_404(site: Site, path: str) -> None:
    assert_problem(site.client.get(path, headers=site.bearer), 404)


@pytest.mark.parametrize("path", ["/v1/messages", "/readyz/", "/openapi.json", "/nothing"])
def test_an_unknown_host_is_refused(site: Site, path: str) -> None:
    headers = {**site.bearer, "Host": "evil.example"}
    assert_problem(site.client.get(path, headers=headers), 400)


def test_two_authorization_headers_are_refused(site: Site) -> None:
    pair = ("Authorization", f"Bearer {site.token}")
    assert_problem(site.client.get("/v1/messages", headers=[pair, pair]), 400)


@pytest.mark.parametrize(
    "value",
    ["", "Bearer", "Basic dXNlcjpwYXNz", "Bearer " + "x" * 5_000, b"Bearer \xff\xfe"],
)
def test_a_junk_authorization_header_is_401(site: Site, value: str | bytes) -> None:
    given = value if isinstance(value, bytes) else value.encode()
    answer = site.client.get("/v1/messages", headers=[(b"Authorization", given)])
    assert_problem(answer, 401)


def test_a_token_in_the_url_is_not_accepted(site: Site) -> None:
    for name in ("token", "access_token", "api_key"):
        assert_problem(site.client.get("/v1/messages", params={name: site.token}), 401)


@pytest.mark.parametrize("client_id", ["", "x", "00000000-0000-7000-8000-000000000000", "é"])
def test_a_wrong_client_id_is_401(site: Site, client_id: str) -> None:
    headers = {
        b"Authorization": f"Bearer {site.token}".encode(),
        b"X-Client-Id": client_id.encode("latin-1"),
    }
    assert_problem(site.client.get("/v1/messages", headers=headers), 401)


def test_one_bad_item_of_a_batch_does_not_spoil_the_others(site: Site) -> None:
    body = {"messages": [send_body(), send_body(to="nobody"), {"x": DEEP[:40]}, None, 5]}
    answer = site.client.post("/v1/messages/batch", json=body, headers=site.bearer)
    assert [item["status"] for item in answer.json()["data"]] == [202, 422, 422, 422, 422]
