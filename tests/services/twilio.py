"""Twilio as its documentation describes it, on loopback: messages taken, refused, put off, lost.

Callbacks are signed by Twilio's own package, so that what we check was not written by us.
"""

import asyncio
import itertools
import json
from base64 import b64decode
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx
from twilio.request_validator import RequestValidator

from tests.services.http_peer import Asked, BreakOff, HttpPeer, Told

ACCOUNT = "AC" + "0123456789abcdef" * 2
TOKEN = "0fedcba9876543210fedcba987654321"
PATIENCE_S = 20.0
_AGAIN_S = 0.2
_REFUSALS = {21211: "Invalid 'To' Phone Number", 21606: "The 'From' number is not yours"}


@dataclass
class Rule:
    """How the next messages are treated that it fits, `times` of them."""

    to: str = ""
    """A part of the number."""
    times: int = 1_000_000
    status: int = 201
    code: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    takes: bool = True
    """Whether a message whose answer is lost, or is 5xx, was taken all the same."""
    hangs: bool = False
    breaks: bool = False
    states: tuple[str, ...] = ("sent", "delivered")
    """What is called back."""
    error: str = ""
    calls_first: bool = False
    """Whether it calls back before it answers."""

    @property
    def is_whole(self) -> bool:
        return self.status == 201 and not (self.hangs or self.breaks)


@dataclass(frozen=True)
class Taken:
    """A message that Twilio has taken."""

    sid: str
    fields: dict[str, str]

    @property
    def text(self) -> str:
        return self.fields["Body"]

    @property
    def recipient(self) -> str:
        return self.fields["To"]


class Twilio:
    """One account. `reach` turns a public URL into one that `client` can call from here."""

    def __init__(
        self, reach: Callable[[str], str] = lambda url: url, client: httpx.AsyncClient | None = None
    ) -> None:
        self.peer = HttpPeer(self._play)
        self.rules: deque[Rule] = deque()
        self.asked: list[Asked] = []
        self.taken: list[Taken] = []
        self.fates: dict[str, tuple[str, int | None]] = {}
        """What it tells of a message when it is asked: its state, and an error."""
        self.answers: list[tuple[str, int]] = []
        """What callbacks were answered with: their state, and the status."""
        self.is_stubborn = False
        """Whether it calls back again until it is answered 2xx, which the real one has to be asked for."""
        self.is_locked = False
        """Whether it refuses the credentials."""
        self.delay_s = 0.0
        self.at_once = 0
        self.most_at_once = 0
        self.has_news = asyncio.Event()
        self._reach = reach
        self._sids = itertools.count(1)
        self._validator = RequestValidator(TOKEN)
        self._client = client or httpx.AsyncClient(timeout=30)
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def url(self) -> str:
        return self.peer.url

    async def close(self) -> None:
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._client.aclose()
        await self.peer.stop()

    async def until(self, is_so: Callable[[], object]) -> None:
        """Returns once it is so; looks whenever it was asked, or a callback was answered."""
        async with asyncio.timeout(PATIENCE_S):
            while not is_so():
                self.has_news.clear()
                await self.has_news.wait()

    async def call(
        self, url: str, fields: dict[str, str], *, signature: str | None = None
    ) -> httpx.Response:
        """A signed callback."""
        sign = self._validator.compute_signature(url, fields) if signature is None else signature
        return await self._client.post(
            self._reach(url), data=fields, headers={"X-Twilio-Signature": sign}
        )

    async def write_to(self, url: str, sender: str, to: str, text: str, **more: str) -> Any:
        """A message from a phone; `MessageSid` makes it one that came before."""
        sid = more.pop("MessageSid", f"SM{next(self._sids):032x}")
        fields = {
            "MessageSid": sid, "SmsSid": sid, "AccountSid": ACCOUNT, "From": sender, "To": to,
            "Body": text, "NumMedia": "0", "NumSegments": "1", "ApiVersion": "2010-04-01", **more,
        }  # fmt: skip
        return await self.call(url, fields)

    async def tell(self, one: Taken, state: str, error: str = "") -> int:
        """Call back about a message; the status of the answer."""
        fields = {
            "MessageSid": one.sid, "SmsSid": one.sid, "AccountSid": ACCOUNT,
            "MessageStatus": state, "SmsStatus": state, "ApiVersion": "2010-04-01",
            "From": one.fields["From"], "To": one.fields["To"],
        }  # fmt: skip
        if error:
            fields["ErrorCode"] = error
        status = await self._call_once(one.fields["StatusCallback"], fields)
        while self.is_stubborn and not 200 <= status < 300:
            await asyncio.sleep(_AGAIN_S)
            status = await self._call_once(one.fields["StatusCallback"], fields)
        self.answers.append((state, status))
        self.has_news.set()
        return status

    async def _call_once(self, url: str, fields: dict[str, str]) -> int:
        """The status of the answer; 0 when there is none."""
        try:
            return (await self.call(url, fields)).status_code
        except httpx.TransportError:
            return 0

    # --- its API -------------------------------------------------------------------------------

    async def _play(self, asked: Asked) -> Told:
        self.asked.append(asked)
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        self.has_news.set()
        try:
            return await self._answer(asked)
        finally:
            self.at_once -= 1
            self.has_news.set()

    async def _answer(self, asked: Asked) -> Told:
        if not _knows(asked) or self.is_locked:
            return _problem(401, 20003, "Authenticate")
        if asked.path == f"/2010-04-01/Accounts/{ACCOUNT}.json":
            return _told(200, {"sid": ACCOUNT, "status": "active"})
        if asked.method == "GET" and "/Messages/" in asked.path:
            return self._fate(asked.path.rpartition("/")[2].removesuffix(".json"))
        if asked.method != "POST" or not asked.path.endswith(f"/{ACCOUNT}/Messages.json"):
            return _problem(404, 20404, "The requested resource was not found")
        await asyncio.sleep(self.delay_s)
        rule = self._rule(asked.form["To"])
        one = self._take(asked.form, rule)
        if rule.calls_first and one is not None:
            await self._call_back(one, rule)
        elif one is not None and "StatusCallback" in one.fields:
            self._spawn(self._call_back(one, rule))
        if rule.hangs:
            self.has_news.set()
            await asyncio.sleep(3_600)
        if rule.breaks:
            raise BreakOff
        if not rule.is_whole:
            told = _problem(rule.status, rule.code, _REFUSALS.get(rule.code, "No"))
            return Told(told.status, told.body, {**told.headers, **rule.headers})
        assert one is not None
        return _told(201, {"sid": one.sid, "status": "queued", "error_code": None, "code": None})

    def _fate(self, sid: str) -> Told:
        """A message's resource."""
        if sid not in self.fates:
            return _problem(404, 20404, "The requested resource was not found")
        state, error = self.fates[sid]
        return _told(200, {"sid": sid, "status": state, "error_code": error})

    def _rule(self, to: str) -> Rule:
        for rule in self.rules:
            if rule.times and rule.to in to:
                rule.times -= 1
                return rule
        return Rule()

    def _take(self, fields: dict[str, str], rule: Rule) -> Taken | None:
        has_it = rule.is_whole or (rule.takes and (rule.hangs or rule.breaks or rule.status >= 500))
        if not has_it:
            return None
        one = Taken(f"SM{next(self._sids):032x}", fields)
        self.taken.append(one)
        ends = rule.states[-1] if rule.states else "delivered"
        self.fates[one.sid] = ends, int(rule.error) if rule.error else None
        return one

    async def _call_back(self, one: Taken, rule: Rule) -> None:
        for state in rule.states:
            await self.tell(one, state, rule.error if state in {"undelivered", "failed"} else "")

    def _spawn(self, work: Any) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


@asynccontextmanager
async def played_twilio(
    reach: Callable[[str], str] = lambda url: url, client: httpx.AsyncClient | None = None
) -> AsyncIterator[Twilio]:
    """Twilio, for the length of the block."""
    twilio = Twilio(reach, client)
    await twilio.peer.start()
    try:
        yield twilio
    finally:
        await twilio.close()


def _knows(asked: Asked) -> bool:
    kind, _, pair = asked.headers.get("authorization", "").partition(" ")
    return kind == "Basic" and b64decode(pair).decode() == f"{ACCOUNT}:{TOKEN}"


def _told(status: int, body: object) -> Told:
    return Told(status, json.dumps(body).encode(), {"Content-Type": "application/json"})


def _problem(status: int, code: int, message: str) -> Told:
    return _told(status, {"code": code, "message": message, "status": status, "more_info": "…"})
