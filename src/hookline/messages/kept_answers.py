"""Answers that are kept for an Idempotency-Key, without the texts of their messages.

A text is stored with its message and nowhere else. A repeated answer gets it from there, so that a
text that has been removed meanwhile is not told again, by one message's answer or by a batch's.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from hookline.messages.store import TEXT
from hookline.storage.transaction import Transaction

Shape = dict[str, Any]  # Any: a resource's JSON


class WithoutTexts:
    """How `Once` keeps and repeats an answer of `POST /v1/messages/batch`."""

    def kept(self, body: bytes) -> bytes:
        return without_texts(body)

    async def repeated(self, tx: Transaction, body: bytes) -> bytes:
        return (await with_texts(tx, [body]))[0]


def without_texts(body: bytes) -> bytes:
    """The answer as it is kept."""
    answer: Shape = msgspec.json.decode(body)
    for message in _messages_in(answer):
        message["text"] = None
    return msgspec.json.encode(answer)


async def with_texts(tx: Transaction, bodies: Sequence[bytes]) -> list[bytes]:
    """The kept answers with the texts that their messages still have."""
    answers: list[Shape] = [msgspec.json.decode(body) for body in bodies]
    told = [message for answer in answers for message in _messages_in(answer)]
    found = await tx.select(TEXT, [(message["id"],) for message in told])
    for message, rows in zip(told, found, strict=True):
        message["text"] = rows[0][0] if rows else None
    return [msgspec.json.encode(answer) for answer in answers]


def _messages_in(answer: Shape) -> Iterator[Shape]:
    """The answer itself, or what a batch has accepted."""
    if answer["object"] == "message":
        yield answer
        return
    for item in answer["data"]:
        if item["message"] is not None:
            yield item["message"]
