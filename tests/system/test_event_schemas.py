"""What a server really tells is as its own /asyncapi.json says."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from hookline.events.model import EventType
from tests.events.published import Document, validator_of
from tests.system.inspection import wait_for
from tests.system.installation import installed
from tests.system.recipes import PHONE, SANDBOX_NUMBER, World, call_body, send_body, tomorrow

BUSY, UNANSWERED, DECLINED, TROUBLE = (f"+1500555000{n}" for n in ("7", "8", "9", "1"))
CALL_TROUBLE = "+15005550011"
SOON_SEEN = set(EventType) - {
    EventType.CREDENTIAL_EXPIRING,  # what only days bring is held against its schema in its room
    EventType.CREDENTIAL_ROTATION_DUE,
    EventType.CREDENTIAL_IDLE,
    EventType.WEBHOOK_FAILING,
    EventType.CREDENTIAL_USED_FROM_NEW_IP,
    EventType.RECORDING_FAILED,  # a carrier that breaks; in the room of calls, too
}
GATHER = {"digits": 1, "timeout_seconds": 10, "prompt": {"say": {"text": "Press a key."}}}


@pytest.fixture(scope="module")
def owner(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """Of an installation of its own: what happens here would disturb others."""
    with installed(tmp_path_factory.mktemp("events")) as made:
        made.start()
        headers = {"Authorization": f"Bearer {made.token()}"}
        with httpx.Client(base_url=made.url, headers=headers, timeout=60) as client:
            yield client


@pytest.fixture(scope="module")
def events(owner: httpx.Client) -> list[dict[str, Any]]:
    """Of a run in which nearly everything happens."""
    world = World(owner, str(owner.base_url))
    _send_messages(world)
    _place_calls(world)
    _change_credentials(world)
    webhook = world.webhook()
    for disabled in (True, False):
        owner.patch(f"/v1/webhooks/{webhook}", json={"disabled": disabled}).raise_for_status()
    wait_for(lambda: {event["type"] for event in everything(owner)} >= SOON_SEEN)
    return everything(owner)


def everything(client: httpx.Client) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    while True:
        after = {"after": found[-1]["id"]} if found else {}
        page = client.get("/v1/events", params={"limit": 100, **after}).json()
        found += page["data"]
        if not page["has_more"]:
            return found


def _send_messages(world: World) -> None:
    for to in (PHONE, TROUBLE):
        world.make("/v1/messages", send_body(to=to))
    later = world.message(send_at=tomorrow())
    world.make(f"/v1/messages/{later}/cancel", None)
    for text in ("See you then", "STOP"):
        world.make(f"/v1/virtual_phones/{PHONE}/messages", {"to": SANDBOX_NUMBER, "text": text})


def _place_calls(world: World) -> None:
    for to in (BUSY, DECLINED, CALL_TROUBLE):
        world.make("/v1/calls", call_body(to=to))
    world.make("/v1/calls", call_body(to=UNANSWERED, ring_timeout_seconds=2))
    world.make("/v1/calls", call_body(actions=[{"gather": GATHER}, {"hangup": {}}]))
    ringing = world.make("/v1/calls", call_body(to=UNANSWERED))["id"]
    world.make(f"/v1/calls/{ringing}/hangup", None)
    world.make(f"/v1/virtual_phones/{PHONE}/calls", {"to": SANDBOX_NUMBER})
    world.client.delete(f"/v1/recordings/{world.recording()}").raise_for_status()


def _change_credentials(world: World) -> None:
    known = world.credential()
    path = f"/v1/credentials/{known['id']}"
    world.client.patch(path, json={"description": "Other"}).raise_for_status()
    rotated = world.client.post(f"{path}/rotate", json={"grace_seconds": 60, "reason": "Due"})
    world.client.delete(path).raise_for_status()
    assert rotated.json()["token"]
    leaked = world.credential()["token"]
    world.make("/v1/credentials/report_leak", {"token": leaked, "url": "https://example.com/x"})


@pytest.mark.parametrize("kind", sorted(SOON_SEEN))
def test_events_are_as_published(
    kind: str, owner: httpx.Client, events: list[dict[str, Any]]
) -> None:
    document: Document = owner.get("/asyncapi.json").json()
    validator = validator_of(document, kind)
    told = [event for event in events if event["type"] == kind]
    assert told
    for event in told:
        validator.validate(event)


def test_every_event_that_came_is_published(
    owner: httpx.Client, events: list[dict[str, Any]]
) -> None:
    document: Document = owner.get("/asyncapi.json").json()
    for event in events:
        validator_of(document, event["type"]).validate(event)
