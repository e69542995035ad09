"""Asks an answer URL what to do: one signed POST, no repetition, as somebody is on the line."""

from collections.abc import Awaitable, Callable
from typing import Any, Protocol

import msgspec
from pydantic import ValidationError

from hookline import __version__
from hookline.calls import resource
from hookline.calls.model import Call
from hookline.calls.permission import Permission, check_legs_of
from hookline.clock import SECOND_MS
from hookline.errors import HooklineError
from hookline.ids import AccountId
from hookline.numbers.call_actions import Action, action_list
from hookline.outbound.http_client import HttpClient
from hookline.outbound.signing import signature_headers
from hookline.storage.store import Store

SecretsOf = Callable[[AccountId], Awaitable[list[str]]]
"""The account's signing secrets; joined in `app.py`."""
_BYTES_MAX = 65_536


class AnswerUnusable(HooklineError):
    """The answer URL did not say what to do. Answer 200 with `{"actions": […]}` within the timeout."""

    code = "answer_url_failed"
    status = 502
    title = "The answer URL failed"


class Answers(Protocol):
    """Asks what to do."""

    async def ask(self, call: Call, url: str, event: str, digits: str | None) -> list[Action]:
        """Raises HooklineError in its kinds."""
        ...


class AnswerUrls:
    """Asks customers' servers."""

    def __init__(
        self, store: Store, client: HttpClient, secrets_of: SecretsOf, permission: Permission
    ) -> None:
        self._store = store
        self._client = client
        self._permission = permission
        self._secrets_of = secrets_of
        self._timeout_s = store.settings.answer_url_timeout_s

    async def ask(self, call: Call, url: str, event: str, digits: str | None) -> list[Action]:
        body = msgspec.json.encode(
            {"event": event, "digits": digits, "call": resource.call_resource(call)}
        )
        request_id = self._store.ids.new("ask")
        at_s = self._store.now() // SECOND_MS
        secrets = await self._secrets_of(AccountId(call.account_id))
        headers = (
            ("User-Agent", f"Hookline/{__version__}"),
            ("Content-Type", "application/json"),
            *signature_headers(secrets, request_id, at_s, body),
        )
        response = await self._client.request(
            "POST", url, headers, body, timeout_s=self._timeout_s, kept_max=_BYTES_MAX
        )
        if not 200 <= response.status < 300:
            raise AnswerUnusable(f"It answered {response.status}.")
        if response.truncated:
            raise AnswerUnusable(f"Its answer is longer than {_BYTES_MAX} bytes.")
        actions = actions_in(response.body)
        check_legs_of(await self._permission.of_call(call), "/actions", actions)
        return actions


def actions_in(body: bytes) -> list[Action]:
    """The actions in an answer, which are held to the same rules as those of a request."""
    try:
        answer: Any = msgspec.json.decode(body)  # Any: whatever JSON was sent
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise AnswerUnusable("Its answer is not valid JSON.") from error
    actions = answer.get("actions") if isinstance(answer, dict) else answer
    try:
        return action_list.validate_python(actions)
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False, include_context=False)[0]
        place = "".join(f"/{step}" for step in found["loc"])
        raise AnswerUnusable(f"actions{place}: {found['msg']}"[:300]) from error
