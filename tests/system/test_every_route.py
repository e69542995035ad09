"""Every operation of the OpenAPI document: no token, wrong scope, foreign id, valid, repeated."""

import pytest

from hookline.principal import Scope
from tests.system.recipes import RECIPES, WITHOUT_OWNER, Call
from tests.system.site import Site, assert_problem

ALL_SCOPES = sorted(Scope)
OF_ONE_MODE = tuple(
    f"/v1/{name}/{{"
    for name in (
        "messages",
        "conversations",
        "calls",
        "recordings",
        "webhooks",
        "deliveries",
        "replays",
        "requests",
        "erasures",
    )
)


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
        if not operation.path.startswith(OF_ONE_MODE):
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


def test_repeating_with_an_idempotency_key_changes_nothing(
    site: Site, subtests: pytest.Subtests
) -> None:
    for operation in site.operations:
        names = [one["name"] for one in operation.facts.get("parameters", [])]
        if "Idempotency-Key" not in names:
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
                    assert methods == allowed - {"HEAD"}


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
