"""Server-side request forgery through the API: no place that takes a URL takes one that leads inside."""

from collections.abc import Iterator
from itertools import cycle
from typing import Any

import httpx
import pytest

from tests.outbound.forbidden import HOSTS, URLS
from tests.system.installation import TEXT, installed
from tests.system.recipes import PHONE

OURS = "+12025550100"
MESSAGE = {"from": OURS, "to": PHONE, "text": TEXT}
CALL = {"from": OURS, "to": PHONE}
PLACES: dict[str, tuple[str, str, Any, str]] = {  # Any: JSON; "URL" in it is replaced
    "webhook": ("POST", "/v1/webhooks", {"url": "URL", "events": ["*"]}, "/url"),
    "changed webhook": ("PATCH", "/v1/webhooks/{webhook}", {"url": "URL"}, "/url"),
    "failover": (
        "POST", "/v1/webhooks",
        {"url": "https://example.com/", "events": ["*"], "failover_url": "URL"}, "/failover_url",
    ),
    "changed failover": (
        "PATCH", "/v1/webhooks/{webhook}", {"failover_url": "URL"}, "/failover_url",
    ),
    "status_url": ("POST", "/v1/messages", MESSAGE | {"status_url": "URL"}, "/status_url"),
    "answer_url": ("POST", "/v1/calls", CALL | {"answer_url": "URL"}, "/answer_url"),
    "status_url of a call": (
        "POST", "/v1/calls", CALL | {"agent": PHONE, "status_url": "URL"}, "/status_url",
    ),
    "played file": (
        "POST", "/v1/calls", CALL | {"actions": [{"play": {"url": "URL"}}]}, "/actions",
    ),
    "inbound answer_url": (
        "PATCH", "/v1/numbers/{number}", {"inbound_voice": {"answer_url": "URL"}},
        "/inbound_voice/answer_url",
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def strict(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """A server whose operator lists no private network, as it is by default."""
    with installed(tmp_path_factory.mktemp("strict"), allow_targets="") as made:
        made.start()
        headers = {"Authorization": f"Bearer {made.token()}"}
        with httpx.Client(base_url=made.url, headers=headers, timeout=30) as client:
            yield client


@pytest.fixture(scope="module")
def ids(strict: httpx.Client) -> dict[str, str]:
    made = strict.post("/v1/webhooks", json={"url": "https://example.com/", "events": ["*"]})
    numbers = strict.get("/v1/numbers").json()["data"]
    return {"webhook": made.json()["id"], "number": numbers[0]["id"]}


def ask(client: httpx.Client, ids: dict[str, str], place: str, url: str) -> httpx.Response:
    method, path, body, _ = PLACES[place]
    return client.request(method, path.format(**ids), json=_with(body, url))


def _with(body: Any, url: str) -> Any:
    if isinstance(body, dict):
        return {name: _with(value, url) for name, value in body.items()}
    if isinstance(body, list):
        return [_with(value, url) for value in body]
    return url if body == "URL" else body


@pytest.mark.parametrize("place", PLACES)
def test_no_place_takes_a_url_that_leads_inside(
    strict: httpx.Client, ids: dict[str, str], place: str
) -> None:
    pointer = PLACES[place][3]
    for host, scheme in zip(HOSTS, cycle(("http", "https")), strict=False):
        answer = ask(strict, ids, place, f"{scheme}://{host}:8080/hook")
        assert answer.status_code == 422, (host, answer.text)
        (error,) = answer.json()["errors"]
        assert (error["pointer"], error["code"]) == (pointer, "target_not_allowed"), host
        assert "HOOKLINE_ALLOW_TARGETS" in error["detail"], host


@pytest.mark.parametrize("place", PLACES)
def test_no_place_takes_a_url_that_can_be_read_in_two_ways(
    strict: httpx.Client, ids: dict[str, str], place: str
) -> None:
    pointer = PLACES[place][3]
    for url in URLS:
        answer = ask(strict, ids, place, url)
        assert answer.status_code == 422, (url, answer.text)
        (error,) = answer.json()["errors"]
        assert error["pointer"] == pointer, (url, error)
        assert error["code"] == "target_invalid", (url, error)


def test_the_v3_surface_takes_none_of_them_either(strict: httpx.Client) -> None:
    account = strict.get("/v1/account").json()
    headers = {"X-Client-Id": account["client_id"]}
    for method, path in (
        ("PUT", "/api/v3/integrations/sms/webhooks"),
        ("POST", "/api/v3/calls/webhooks"),
    ):
        for url in [f"https://{host}/" for host in HOSTS] + URLS:
            answer = strict.request(method, path, json={"url": url}, headers=headers)
            assert answer.status_code == 400, (url, answer.text)
        assert strict.get(path, headers=headers).json()["data"]["url"] is None
