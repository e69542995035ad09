"""A carrier that a template describes, from the queue to what it calls back."""

import asyncio
import hmac
from base64 import b64encode
from collections.abc import AsyncIterator, Mapping
from typing import Any

import msgspec
import pytest
from sqlalchemy import select

from hookline.accounts.model import Account
from hookline.messages.ambiguity import settle_ambiguous
from hookline.messages.model import Status
from hookline.outbound.sealing import SecretBox
from hookline.settings import Settings
from hookline.storage.schema import messages
from hookline.storage.store import Store
from tests.carriers.http.linked import PUBLIC
from tests.carriers.http.wired import Wired, here, wired_room
from tests.messages.room import REAL_NUMBER, SignalingFanOut
from tests.services.http_peer import Asked, BreakOff, HttpPeer, Told, http_peer

ALICE = "+447700900001"
KEY, CALL = "key & more", "call-secret"


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return settings.model_copy(update={"public_url": PUBLIC})


@pytest.fixture
def fan_out() -> SignalingFanOut:
    return SignalingFanOut()


@pytest.fixture
async def wired(
    store: Store, fan_out: SignalingFanOut, account: Account, box: SecretBox
) -> AsyncIterator[Wired]:
    async with wired_room(store, fan_out, account, box) as made:
        yield made


class Gate:
    """The carrier: answers as it was told, one after the other; the last one stays."""

    def __init__(self) -> None:
        self.asked: list[Asked] = []
        self.answers: list[Told | type[BreakOff]] = []

    async def play(self, asked: Asked) -> Told:
        self.asked.append(asked)
        found = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(found, Told):
            return found
        raise found

    def will(self, *answers: Told | type[BreakOff]) -> None:
        self.answers = list(answers)


@pytest.fixture
def gate() -> Gate:
    return Gate()


@pytest.fixture
async def peer(wired: Wired, gate: Gate) -> AsyncIterator[HttpPeer]:
    async with http_peer(gate.play) as served:
        yield served
        await wired.keeper.stop()


def json_template(url: str) -> dict[str, Any]:
    return {
        "request": {
            "url": f"{url}/v1/{{from_digits}}/messages",
            "query": {"ref": "{message_id}"},
            "headers": {"X-Key": "{secret.api_key}"},
            "body": {
                "type": "json",
                "content": {
                    "dest": ["{to_digits}"],
                    "text": "{text}",
                    "unicode": "{is_unicode}",
                    "ttl": "{validity_seconds}",
                    "coding": "{encoding}",
                    "callback": "{receipt_url}",
                },
            },
            "encodings": {"gsm7": "plain"},
        },
        "answer": {
            "success": {"place": {"pointer": "/messages/0/status"}, "values": ["0"]},
            "id": {"pointer": "/messages/0/id"},
            "error_code": {"pointer": "/messages/0/status"},
            "error_text": {"pointer": "/messages/0/text"},
            "throttled": {"codes": ["1"]},
            "passing": {"codes": ["5"], "statuses": [503]},
            "codes": {"invalid_recipient": ["3"]},
        },
        "check": {"type": "query", "name": "k", "secret": "callback"},
        "receipts": {
            "id": "/id", "status": "/state", "error_code": "/err",
            "delivered": ["DELIVRD"], "undelivered": ["UNDELIV", "REJECTD"], "expired": ["EXPIRED"],
        },
        "messages": {
            "sender": "from", "recipient": "to", "text": "body", "id": "id", "reply": "OK",
        },
    }  # fmt: skip


async def connect(wired: Wired, template: Mapping[str, Any], **more: object) -> None:
    settings = {"template": template, "rate": 0, "response_timeout_seconds": 10, **more}
    await wired.connect("http", settings, {"api_key": KEY, "callback": CALL})


def answer(status: str, known: str = "m1", http: int = 200, **headers: str) -> Told:
    body = {"messages": [{"id": known, "status": status, "text": "so it is"}]}
    return Told(http, msgspec.json.encode(body), headers)


async def tell(wired: Wired, url: str, **fields: str) -> int:
    response = await wired.web.post(here(url), json=fields)
    return int(response.status_code)


async def test_message_is_sent_as_the_template_says_and_delivered(
    wired: Wired, gate: Gate, peer: HttpPeer
) -> None:
    gate.will(answer("0"))
    await connect(wired, json_template(peer.url))
    message_id = await wired.send(ALICE, 'say "{to}" & ☃')
    await wired.room.until_status(Status.SENT, message_id)
    [asked] = gate.asked
    sent = asked.json
    assert asked.path == f"/v1/{REAL_NUMBER[1:]}/messages"
    assert (asked.query, asked.headers["x-key"]) == ({"ref": message_id}, KEY)
    assert asked.headers["content-type"] == "application/json"
    assert (sent["dest"], sent["text"]) == (["447700900001"], 'say "{to}" & ☃')
    assert (sent["unicode"], sent["coding"]) == (True, "ucs2")
    assert isinstance(sent["ttl"], int)
    assert f"message_id={message_id}&k=call-secret" in sent["callback"]
    assert await tell(wired, sent["callback"], id="m1", state="BUFFERED") == 204
    assert await tell(wired, sent["callback"], id="m1", state="DELIVRD") == 204
    await wired.room.until_status(Status.DELIVERED, message_id)
    await wired.room.check_history(message_id)


@pytest.mark.parametrize(
    ("state", "status", "code"),
    [("UNDELIV", Status.UNDELIVERED, "17"), ("EXPIRED", Status.EXPIRED, "17")],
)
async def test_failure_has_the_carriers_code(
    wired: Wired, gate: Gate, peer: HttpPeer, state: str, status: Status, code: str
) -> None:
    gate.will(answer("0"))
    await connect(wired, json_template(peer.url))
    message_id = await wired.send(ALICE)
    await wired.room.until_status(Status.SENT, message_id)
    await tell(wired, gate.asked[0].json["callback"], id="m1", state=state, err=code)
    await wired.room.until_status(status, message_id)
    assert (await wired.room.get(message_id)).carrier_code == code


async def test_refusal_is_told_in_our_words_and_theirs(
    wired: Wired, gate: Gate, peer: HttpPeer
) -> None:
    gate.will(answer("3"))
    await connect(wired, json_template(peer.url))
    message_id = await wired.send(ALICE)
    await wired.room.until_status(Status.FAILED, message_id)
    message = await wired.room.get(message_id)
    assert (message.error_code, message.carrier_code) == ("invalid_recipient", "3")
    assert "so it is" in message.timeline


@pytest.mark.parametrize(
    "first", [answer("1"), answer("x", http=429), answer("5"), Told(503), Told(408)]
)
async def test_what_may_pass_is_tried_again_in_order(
    wired: Wired, gate: Gate, peer: HttpPeer, first: Told
) -> None:
    gate.will(first, answer("0", "m1"), answer("0", "m2"), answer("0", "m3"))
    await connect(wired, json_template(peer.url))
    sent = [await wired.send(ALICE, f"{number}") for number in range(3)]
    await wired.room.until_status(Status.SENT, *sent)
    assert [one.json["text"] for one in gate.asked] == ["0", "0", "1", "2"]


@pytest.mark.parametrize("lost", [Told(500), BreakOff])
async def test_receipt_by_our_own_id_decides_a_lost_answer(
    wired: Wired, gate: Gate, peer: HttpPeer, lost: Told | type[BreakOff]
) -> None:
    gate.will(lost, answer("0", "m2"))
    await connect(wired, json_template(peer.url))
    message_id = await wired.send(ALICE, "a long one " * 30)
    await wired.room.until_status(Status.SENT, message_id)
    assert (await wired.room.get(message_id)).error_code == "submit_ambiguous"
    await tell(wired, gate.asked[0].json["callback"], id="m1", state="DELIVRD")
    await settle_ambiguous(wired.room.store, wired.room.dispatcher)
    await wired.room.until_status(Status.DELIVERED, message_id)
    assert len(gate.asked) == 1


@pytest.mark.parametrize("moved", [Told(302, headers={"Location": "/x"}), Told(401)])
async def test_answer_that_is_about_the_carrier_holds_the_messages(
    wired: Wired, gate: Gate, peer: HttpPeer, moved: Told
) -> None:
    gate.will(moved, answer("0"))
    await connect(wired, json_template(peer.url))
    message_id = await wired.send(ALICE)
    await wired.room.until_status(Status.SENT, message_id)  # a second later
    assert "submit_ambiguous" not in (await wired.room.get(message_id)).timeline
    assert len(gate.asked) == 2


async def test_text_answers_queries_and_form_callbacks(
    wired: Wired, gate: Gate, peer: HttpPeer
) -> None:
    gate.will(Told(200, b"ID: 77-a\r\n"), Told(200, b"ERR: 105\r\n"))
    template = {
        "request": {
            "method": "GET",
            "url": f"{peer.url}/send",
            "basic": {"user": "me", "password": "{secret.api_key}"},
            "query": {"to": "{to}", "from": "{from}", "text": "{text}"},
        },
        "answer": {
            "success": {"place": {"pattern": "^(ID):"}, "values": ["ID"]},
            "id": {"pattern": "ID: ([0-9a-z-]+)"},
            "error_code": {"pattern": r"ERR: (\d+)"},
        },
        "check": {"type": "bearer", "secret": "callback"},
        "receipts": {"id": "ref", "status": "st", "delivered": ["4"], "reply": "ACK"},
    }
    await connect(wired, template)
    taken, refused = await wired.send(ALICE), await wired.send(ALICE)
    await wired.room.until_status(Status.FAILED, refused)
    assert (await wired.room.get(refused)).carrier_code == "105"
    pair = b64encode(f"me:{KEY}".encode()).decode()
    assert gate.asked[0].headers["authorization"] == f"Basic {pair}"
    assert gate.asked[0].query == {"to": ALICE, "from": REAL_NUMBER, "text": "hello"}
    headers = {"Authorization": f"Bearer {CALL}"}
    place = here(wired.url("receipts"))
    told = await wired.web.get(f"{place}?ref=77-a&st=4", headers=headers)
    assert (told.status_code, told.text) == (200, "ACK")
    await wired.room.until_status(Status.DELIVERED, taken)


async def test_own_id_serves_where_the_carrier_gives_none(
    wired: Wired, gate: Gate, peer: HttpPeer
) -> None:
    gate.will(Told(202))
    template = json_template(peer.url)
    template["answer"] = {}
    await connect(wired, template)
    message_id = await wired.send(ALICE)
    await wired.room.until_status(Status.SENT, message_id)
    await tell(wired, f"{wired.url('receipts')}?k={CALL}", id=message_id, state="DELIVRD")
    await wired.room.until_status(Status.DELIVERED, message_id)


async def test_several_receipts_at_once_with_a_signature(
    wired: Wired, gate: Gate, peer: HttpPeer
) -> None:
    gate.will(answer("0", "m1"), answer("0", "m2"))
    template = json_template(peer.url)
    template["check"] = {
        "type": "hmac", "header": "X-Sign", "prefix": "sha256=", "secret": "callback",
    }  # fmt: skip
    template["receipts"] |= {"items": "/results"}
    await connect(wired, template)
    sent = [await wired.send(ALICE, f"{number}") for number in range(2)]
    await wired.room.until_status(Status.SENT, *sent)
    items = [{"id": "m1", "state": "DELIVRD"}, {"odd": 1}, {"id": "m2", "state": "DELIVRD"}]
    body = msgspec.json.encode({"results": items})
    sign = hmac.digest(CALL.encode(), body, "sha256").hex()
    place = here(wired.url("receipts"))
    other = hmac.digest(CALL.encode(), body + b" ", "sha256").hex()
    for wrong in ("", sign, f"sha256={other}", "sha256=zz", f"sha1={sign}"):
        told = await wired.web.post(place, content=body, headers={"X-Sign": wrong})
        assert told.status_code == 403
    headers = {"X-Sign": f"sha256={sign}"}
    assert (await wired.web.post(place, content=body, headers=headers)).status_code == 204
    await wired.room.until_status(Status.DELIVERED, *sent)


@pytest.mark.parametrize("key", ["", "?k=", "?k=wrong", "?other=call-secret"])
async def test_without_the_secret_nothing_is_read(
    wired: Wired, gate: Gate, peer: HttpPeer, key: str
) -> None:
    await connect(wired, json_template(peer.url))
    assert await tell(wired, f"{wired.url('receipts')}{key}", id="m1", state="DELIVRD") == 403
    assert await tell(wired, f"{wired.url('messages')}{key}", id="m1") == 403


async def test_callback_without_its_fields_is_refused(
    wired: Wired, gate: Gate, peer: HttpPeer
) -> None:
    await connect(wired, json_template(peer.url))
    url = f"{wired.url('receipts')}?k={CALL}"
    response = await wired.web.post(here(url), json={"id": "m1"})
    assert (response.status_code, response.json()["code"]) == (422, "callback_invalid")
    assert "/state" in response.json()["detail"]
    assert (await wired.web.post(here(url), content=b"\xff\x00{")).status_code == 422


async def test_message_comes_in_once(wired: Wired, gate: Gate, peer: HttpPeer) -> None:
    await connect(wired, json_template(peer.url))
    url = here(f"{wired.url('messages')}?k={CALL}")
    fields = {"from": "447700900001", "to": REAL_NUMBER[1:], "body": "Hi ☃", "id": "in-1"}
    answers = await asyncio.gather(*[wired.web.post(url, data=fields) for _ in range(3)])
    assert {(one.status_code, one.text) for one in answers} == {(200, "OK")}
    [row] = await wired.room.store.read(select(messages))
    assert (row.sender, row.recipient, row.text) == (ALICE, REAL_NUMBER, "Hi ☃")
