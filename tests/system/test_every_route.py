"""Every operation of the OpenAPI document: no token, wrong scope, foreign id, valid, and junk."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from hookline.principal import Scope
from tests.system.installation import Installation
from tests.system.recipes import RECIPES, WITHOUT_OWNER, Call, World, send_body

PROBLEM = "application/problem+json"
ALL_SCOPES = sorted(Scope)
DEEP = "[" * 2_000 + "]" * 2_000
HUGE = 2 * 2**20 + 1


@dataclass(frozen=True)
class Operation:
    """One operation, as the document has it."""

    id: str
    method: str
    path: str
    facts: dict[str, Any]  # Any: JSON

    @property
    def scope(self) -> str | None:
        return self.facts.get("x-required-scope")

    @property
    def success(self) -> int:
        return next(int(status) for status in self.facts["responses"] if status[0] == "2")

    @property
    def takes_body(self) -> bool:
        return "requestBody" in self.facts

    @property
    def query(self) -> list[str]:
        return [one["name"] for one in self.facts.get("parameters", []) if one["in"] == "query"]

    def matches(self, method: str, path: str) -> bool:
        pattern = re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(self.path))
        return method == self.method and re.fullmatch(pattern, path) is not None

    def url(self, place: str) -> str:
        return re.sub(r"\{\w+\}", place, self.path)


@dataclass
class Site:
    """A server, an account with all scopes, another account, and the API's document."""

    client: httpx.Client
    """Sends no token of its own."""
    token: str
    outsider: str
    world: World
    operations: list[Operation]

    @property
    def bearer(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"}

    def send(self, operation: Operation, call: Call, **changes: Any) -> httpx.Response:
        """The call, changed by httpx's own keyword arguments; `place` and `token` are ours."""
        place = changes.pop("place", call.place)
        token = changes.pop("token", call.token or self.token)
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        headers |= changes.pop("headers", {})
        given: dict[str, Any] = {"params": call.params, "headers": headers}
        if call.body is not None and "content" not in changes:
            given["json"] = call.body
        url = operation.url(place)
        with self.client.stream(operation.method, url, **(given | changes)) as answer:
            if answer.headers.get("content-type", "").startswith("text/event-stream"):
                next(answer.iter_raw())
                return answer
            answer.read()
            return answer

    def recipe(self, operation: Operation) -> Call:
        return RECIPES[operation.id](self.world)


@pytest.fixture(scope="module")
def site(running: Installation) -> Iterator[Site]:
    token = running.token()
    running.run("accounts", "add", "Outsiders")
    outsider = running.token("--account", "Outsiders")
    document = httpx.get(f"{running.url}/openapi.json").json()
    operations = [
        Operation(facts["operationId"], method.upper(), path, facts)
        for path, methods in document["paths"].items()
        for method, facts in methods.items()
        if path.startswith("/v1/")
    ]
    headers = {"Authorization": f"Bearer {token}"}
    with (
        httpx.Client(base_url=running.url) as client,
        httpx.Client(base_url=running.url, headers=headers) as owner,
    ):
        yield Site(client, token, outsider, World(owner, f"{running.url}/healthz"), operations)


def assert_problem(answer: httpx.Response, *statuses: int) -> None:
    assert answer.status_code in statuses, (answer.status_code, answer.text[:500])
    assert answer.headers["content-type"] == PROBLEM
    problem = answer.json()
    assert problem["status"] == answer.status_code
    assert problem["request_id"] == answer.headers["request-id"]
    assert problem["code"]
    assert problem["title"]
    assert problem["detail"]


def test_every_operation_has_a_recipe(site: Site) -> None:
    assert {operation.id for operation in site.operations} == RECIPES.keys()


def test_nothing_is_done_without_a_token(site: Site, subtests: pytest.Subtests) -> None:
    for operation in site.operations:
        with subtests.test(operation.id):
            answer = site.send(operation, site.recipe(operation), token="")
            assert_problem(answer, 401)
            assert answer.headers["www-authenticate"] == 'Bearer realm="hookline"'


def test_nothing_is_done_with_a_token_that_is_not_one(
    site: Site, subtests: pytest.Subtests
) -> None:
    for operation in site.operations:
        with subtests.test(operation.id):
            answer = site.send(operation, Call("x", {}), token="hk_live_" + "0" * 49)
            assert_problem(answer, 401)
            assert 'error="invalid_token"' in answer.headers["www-authenticate"]


def test_a_missing_scope_is_named(site: Site, subtests: pytest.Subtests) -> None:
    tokens: dict[str, str] = {}
    for operation in site.operations:
        if operation.scope is None:
            continue
        with subtests.test(operation.id):
            scope = operation.scope
            if scope not in tokens:
                others = [one for one in ALL_SCOPES if one != scope]
                tokens[scope] = site.world.credential(*others)["token"]
            answer = site.send(operation, site.recipe(operation), token=tokens[scope])
            assert_problem(answer, 403)
            assert scope in answer.json()["detail"]
            challenge = answer.headers["www-authenticate"]
            assert f'error="insufficient_scope", scope="{scope}"' in challenge


def test_another_accounts_resource_is_not_there(site: Site, subtests: pytest.Subtests) -> None:
    for operation in site.operations:
        if "{" not in operation.path:
            continue
        with subtests.test(operation.id):
            call = site.recipe(operation)
            place = WITHOUT_OWNER.get(operation.id, call.place)
            assert_problem(site.send(operation, call, token=site.outsider, place=place), 404)


def test_a_test_token_does_not_see_live_objects(site: Site, subtests: pytest.Subtests) -> None:
    token = site.world.credential(*ALL_SCOPES, mode="test")["token"]
    for operation in site.operations:
        if not operation.path.startswith(("/v1/messages/{", "/v1/webhooks/{", "/v1/deliveries/{")):
            continue
        with subtests.test(operation.id):
            assert_problem(site.send(operation, site.recipe(operation), token=token), 404)


def test_every_operation_can_succeed(site: Site, subtests: pytest.Subtests) -> None:
    for operation in site.operations:
        with subtests.test(operation.id):
            answer = site.send(operation, site.recipe(operation))
            assert answer.status_code == operation.success, answer.text
            assert answer.headers["request-id"].startswith("req_")
            assert {"ratelimit", "ratelimit-policy"} <= answer.headers.keys()
            assert answer.headers["cache-control"] == "no-store"


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


def test_repeating_with_an_idempotency_key_changes_nothing(
    site: Site, subtests: pytest.Subtests
) -> None:
    for operation in site.operations:
        names = [one["name"] for one in operation.facts.get("parameters", [])]
        if "Idempotency-Key" not in names or operation.id == "rotate_own_credential":
            continue
        with subtests.test(operation.id):
            call, key = site.recipe(operation), {"Idempotency-Key": f"twice-{operation.id}"}
            first = site.send(operation, call, headers=key)
            again = site.send(operation, call, headers=key)
            other = site.send(operation, call, headers=key, json={"x": 1})
            assert (again.status_code, again.json()) == (operation.success, first.json())
            assert again.headers["idempotency-replayed"] == "true"
            assert_problem(other, 422)


def test_methods_that_are_not_there_are_405(site: Site, subtests: pytest.Subtests) -> None:
    by_path: dict[str, set[str]] = {}
    for operation in site.operations:
        by_path.setdefault(operation.path, set()).add(operation.method)
    for path, methods in by_path.items():
        for method in {"GET", "POST", "PUT", "PATCH", "DELETE", "TRACE"} - methods:
            with subtests.test(f"{method} {path}"):
                place = path.replace("{id}", "msg_0").replace("{number}", "+12025550110")
                answer = site.client.request(method, place, headers=site.bearer)
                allowed = {one.strip() for one in answer.headers.get("allow", "").split(",")}
                if not any(one.matches(method, place) for one in site.operations):
                    assert_problem(answer, 405)
                    assert methods & allowed


def test_a_method_that_nobody_knows_is_refused(site: Site) -> None:
    answer = site.client.request("BREW", "/v1/messages", headers=site.bearer)
    assert_problem(answer, 400, 405)


@pytest.mark.parametrize("method", ["HEAD", "OPTIONS"])
def test_head_and_options_do_no_harm(site: Site, subtests: pytest.Subtests, method: str) -> None:
    for path in sorted({operation.path for operation in site.operations}):
        with subtests.test(path):
            place = path.replace("{id}", "msg_0").replace("{number}", "+12025550110")
            answer = site.client.request(method, place, headers=site.bearer)
            assert answer.status_code in {200, 204, 404, 405}
            assert "request-id" in answer.headers


@pytest.mark.parametrize("path", ["/v1", "/v1/", "/v1/nothing", "/v1/messages/", "/v1//messages"])
def test_an_unknown_path_is_404(site: Site, path: str) -> None:
    assert_problem(site.client.get(path, headers=site.bearer), 404)


@pytest.mark.parametrize("path", ["/v1/messages", "/healthz", "/openapi.json", "/nothing"])
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
