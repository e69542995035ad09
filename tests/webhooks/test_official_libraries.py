"""The official libraries of Standard Webhooks take what is sent, and nothing else.

Python's is a package of ours for development, JavaScript's comes by npm.
"""

import json
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace

import pytest
from msgspec import structs
from standardwebhooks import Webhook, WebhookVerificationError

from hookline.compat import v3
from hookline.events.catalogue import EXAMPLES
from hookline.events.model import EventType
from hookline.outbound.signing import new_secret
from hookline.webhooks.endpoints import rotate_secret
from tests.services.programs import NODE, NPM_FOLDER, NPM_LIBRARIES
from tests.webhooks.nodes import BOX, Node, Receiver, caller, message_event

DATA = json.dumps(EXAMPLES[EventType.MESSAGE_SENT] | {"text": "Zoë, 你好 – 👋"}).encode()


@dataclass(frozen=True)
class Sent:
    """A request as it came, and a secret that its receiver may have."""

    secret: str
    headers: dict[str, str]
    body: str


Library = Callable[[Sequence[Sent]], list[bool]]


def python(requests: Sequence[Sent]) -> list[bool]:
    def is_taken(sent: Sent) -> bool:
        try:
            Webhook(sent.secret).verify(sent.body, sent.headers)
        except WebhookVerificationError:
            return False
        return True

    return [is_taken(sent) for sent in requests]


def javascript(requests: Sequence[Sent]) -> list[bool]:
    for program in (NODE, NPM_LIBRARIES):
        if program.find() is None:
            pytest.skip(program.missing)
    done = subprocess.run(
        [str(NODE.find()), "verify.mjs"],
        cwd=NPM_FOLDER,
        input=json.dumps([asdict(sent) for sent in requests]),
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    found: list[bool] = json.loads(done.stdout)
    return found


@pytest.fixture(params=[python, javascript], ids=lambda library: library.__name__)
def library(request: pytest.FixtureRequest) -> Library:
    found: Library = request.param
    return found


async def next_sent(receiver: Receiver) -> Sent:
    headers, body = (await receiver.take())[0]
    return Sent("", headers, body.decode())


async def test_delivery_is_taken(node: Node, receiver: Receiver, library: Library) -> None:
    owner = caller(await node.account())
    _, secret = await node.endpoint(owner, receiver.url)
    await node.append(structs.replace(message_event(owner.account_id), data=DATA))
    sent = replace(await next_sent(receiver), secret=secret)
    assert library([sent]) == [True]


async def test_both_secrets_are_good_during_a_rotation_and_one_before_and_after(
    node: Node, receiver: Receiver, library: Library
) -> None:
    owner = caller(await node.account())
    made, old = await node.endpoint(owner, receiver.url)
    requests = []
    new = None
    for grace_s in (None, 3_600, 0):  # before, during, and with nothing left of the old one
        if grace_s is not None:
            _, new = await node.store.commit(
                lambda tx, grace_s=grace_s: rotate_secret(
                    tx, node.store, BOX, owner, made.id, grace_s
                )
            )
        await node.append(structs.replace(message_event(owner.account_id), data=DATA))
        sent = await next_sent(receiver)
        requests += [replace(sent, secret=old), replace(sent, secret=new or new_secret())]
    assert library(requests) == [True, False, True, True, False, True]


async def test_request_to_a_status_url_is_taken_with_the_accounts_secret(
    node: Node, receiver: Receiver, library: Library
) -> None:
    account = await node.account()
    await node.append(structs.replace(message_event(account, status_url=receiver.url), data=DATA))
    sent = replace(await next_sent(receiver), secret=await node.account_secret(account))
    assert library([sent]) == [True]


async def test_notification_of_the_v3_format_is_taken(
    node: Node, receiver: Receiver, library: Library
) -> None:
    node.webhooks.formats.register(v3.FORMAT, v3.build, v3.TIMEOUT_S)
    owner = caller(await node.account())
    made, old = await node.endpoint(owner, receiver.url, format=v3.FORMAT)
    _, new = await node.store.commit(
        lambda tx: rotate_secret(tx, node.store, BOX, owner, made.id, 3_600)
    )
    await node.append(structs.replace(message_event(owner.account_id), data=DATA))
    sent = await next_sent(receiver)
    assert json.loads(sent.body)["data"]["messageText"] == "Zoë, 你好 – 👋"
    assert library([replace(sent, secret=one) for one in (old, new)]) == [True, True]


async def test_what_was_altered_or_is_another_senders_is_refused(
    node: Node, receiver: Receiver, library: Library
) -> None:
    owner = caller(await node.account())
    _, secret = await node.endpoint(owner, receiver.url)
    await node.append(structs.replace(message_event(owner.account_id), data=DATA))
    sent = replace(await next_sent(receiver), secret=secret)
    altered = [
        replace(sent, body=sent.body.replace("sent", "lost", 1)),
        replace(sent, secret=new_secret()),
        replace(sent, headers=sent.headers | {"webhook-id": "evt_2"}),
        replace(sent, headers=sent.headers | {"webhook-timestamp": "1700000000"}),
    ]
    assert library(altered) == [False] * len(altered)
