"""A server with two accounts, and the operations that its OpenAPI document tells of."""

import re
from dataclasses import dataclass
from itertools import repeat
from typing import Any

import httpx

from tests.system.recipes import RECIPES, Call, World

PROBLEM = "application/problem+json"


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

    def url(self, place: str | tuple[str, ...]) -> str:
        places = repeat(place) if isinstance(place, str) else iter(place)
        return re.sub(r"\{\w+\}", lambda _: next(places), self.path)


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


def operations_of(document: dict[str, Any]) -> list[Operation]:
    """Those that need a token."""
    return [
        Operation(facts["operationId"], method.upper(), path, facts)
        for path, methods in document["paths"].items()
        for method, facts in methods.items()
        if path.startswith("/v1/") and facts["security"]
    ]


def assert_problem(answer: httpx.Response, *statuses: int) -> None:
    assert answer.status_code in statuses, (answer.status_code, answer.text[:500])
    assert answer.headers["content-type"] == PROBLEM
    problem = answer.json()
    assert problem["status"] == answer.status_code
    assert problem["request_id"] == answer.headers["request-id"]
    assert problem["code"]
    assert problem["title"]
    assert problem["detail"]
