"""Looks for secrets wherever they could have been left, in plain and in common encodings."""

import base64
import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

import asyncpg
import httpx

from tests.system.installation import Installation

_PREFIXES = ("hk_live_", "hk_test_", "whsec_")


@dataclass
class Watch:
    """The secrets that are known so far. What comes later must not hold them."""

    needles: dict[str, tuple[bytes, ...]] = field(default_factory=dict)
    looked_at: int = 0

    def keep(self, name: str, secret: str) -> str:
        """From now on nothing may hold the secret."""
        assert len(secret) >= 8, name
        self.needles[name] = tuple(sorted(set(spellings(secret)), key=len))
        return secret

    def look(self, where: str, content: str | bytes, *, but: tuple[str, ...] = ()) -> None:
        data = content.encode() if isinstance(content, str) else content
        self.looked_at += 1
        for name, needles in self.needles.items():
            for needle in needles:
                found = data.find(needle)
                if found >= 0 and name not in but:
                    around = data[max(0, found - 60) : found]
                    raise AssertionError(f"{where} holds {name}, after {around!r}")

    def hear(self, answer: httpx.Response) -> None:
        """For httpx: every answer, with its headers."""
        answer.read()
        self.look(
            f"the answer to {answer.request.method} {answer.request.url.path}", answer.content
        )
        self.look("a header of an answer", str(answer.headers.multi_items()))


def spellings(secret: str) -> Iterator[bytes]:
    """The secret as it is, without its prefix, and as somebody may have encoded it."""
    body = secret
    for prefix in _PREFIXES:
        body = body.removeprefix(prefix)
    for text in {secret, body}:
        plain = text.encode()
        yield plain
        yield text[::-1].encode()
        yield quote(text, safe="").encode()
        yield json.dumps(text)[1:-1].encode()
        yield plain.hex().encode()
        yield plain.hex().upper().encode()
        yield text.encode("utf-16-le")
        yield from _base64_inside(plain)
    if secret.startswith("whsec_"):
        yield base64.b64decode(body)  # what signs
        yield base64.b64decode(body).hex().encode()


def _base64_inside(plain: bytes) -> Iterator[bytes]:
    """What base64 makes of it wherever it stands in a longer text: only whole groups count."""
    for shift in range(3):
        skip = -shift % 3
        whole = plain[skip : skip + (len(plain) - skip) // 3 * 3]
        encoded = base64.b64encode(whole)
        yield encoded
        yield encoded.replace(b"+", b"-").replace(b"/", b"_")


async def rows_of(server: Installation) -> list[tuple[str, bytes]]:
    """Every row of every table, as text; bytes as they are and as hexadecimal."""
    if server.database_url:
        return await _postgres_rows(server.database_url)
    with closing(sqlite3.connect(server.data / "hookline.db")) as database:
        tables = [row[0] for row in database.execute(
            "SELECT name FROM sqlite_master WHERE type = 'table'")]  # fmt: skip
        return [
            (table, _bytes_of(row))
            for table in tables
            for row in database.execute(f'SELECT * FROM "{table}"')
        ]


async def _postgres_rows(url: str) -> list[tuple[str, bytes]]:
    connection = await asyncpg.connect(url)
    try:
        tables = await connection.fetch(
            "SELECT tablename FROM pg_tables WHERE schemaname = current_schema()"
        )
        return [
            (table["tablename"], _bytes_of(tuple(row.values())))
            for table in tables
            for row in await connection.fetch(f'SELECT * FROM "{table["tablename"]}"')
        ]
    finally:
        await connection.close()


def _bytes_of(row: tuple[Any, ...]) -> bytes:
    return b"\x1f".join(
        bytes(cell) if isinstance(cell, (bytes, memoryview)) else str(cell).encode() for cell in row
    )


def files_below(folder: Path) -> Iterator[tuple[str, bytes]]:
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            yield str(path.relative_to(folder)), path.read_bytes()
