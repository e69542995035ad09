"""For every page of the console: what makes it succeed. A page without a recipe fails a test."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx

from hookline.console.navigation import (
    CONVERSATIONS,
    CREDENTIALS,
    ERASURES,
    NUMBERS,
    OPT_OUTS,
    USERS,
    WEBHOOKS,
)
from hookline.console.routes import PAGES
from hookline.console.routing import Page
from tests.system.installation import TEXT, Installation
from tests.system.people import token_in
from tests.system.recipes import (
    ANSWERS_AT_ONCE,
    PHONE,
    SANDBOX_NUMBER,
    World,
    fresh_email,
    fresh_number,
)

HTML = {"accept": "text/html"}
Places = dict[str, str]


@dataclass(frozen=True)
class Request:
    """What stands in the path's braces, and the form."""

    places: Places = field(default_factory=dict)
    form: dict[str, Any] = field(default_factory=dict)
    query: dict[str, str] = field(default_factory=dict)


Recipe = Callable[[World], Request]


def key_of(page: Page) -> str:
    return f"{page.method} {page.path}"


def url_of(page: Page, places: Places) -> str:
    return re.sub(r"\{(\w+)\}", lambda found: places[found[1]], page.path)


def _plain(**form: Any) -> Recipe:
    return lambda _world: Request(form=form)


def _on(make: Callable[[World], str], **form: Any) -> Recipe:
    return lambda world: Request({"id": make(world)}, form)


def _leg(talking: bool, **form: Any) -> Recipe:
    def recipe(world: World) -> Request:
        phone, leg = world.talking() if talking else world.ringing()
        return Request({"digits": phone[1:], "leg": leg}, form)

    return recipe


def _credential(world: World) -> str:
    return str(world.credential()["id"])


def _deleted_credential(world: World) -> Request:
    made = world.credential()
    return Request({"id": made["id"]}, {"confirm": made["token"][-4:]})


def _carrier(world: World) -> str:
    return str(world.make("/v1/carriers", _carrier_body())["id"])


def _carrier_body() -> dict[str, Any]:
    name = f"Page carrier {fresh_number()}"
    smpp = {"host": "127.0.0.1", "port": 9, "system_id": "us", "password": "secret"}
    return {"name": name, "kind": "smpp", "disabled": True, "smpp": smpp}


def _carrier_form() -> dict[str, Any]:
    smpp = {"host": "127.0.0.1", "port": "9", "system_id": "us", "password": "secret"}
    return {"kind": "smpp", "name": f"Typed carrier {fresh_number()}", **smpp}


def _edited_carrier(world: World) -> Request:
    return Request({"id": _carrier(world)}, {**_carrier_form(), "password": ""})


def _route_form(world: World) -> dict[str, Any]:
    route = world.client.get(f"/v1/routes/{world.route()}").json()
    return {
        "name": f"Route {fresh_number()}",
        "tags": "nobody's",
        "carriers": [route["carriers"][0]["carrier_id"]],
    }


def _pool_form() -> dict[str, Any]:
    return {"name": f"Pool {fresh_number()}", "senders": [SANDBOX_NUMBER]}


def _new_route_form(world: World) -> Request:
    return Request(form=_route_form(world))


def _edited_route(world: World) -> Request:
    return Request({"id": world.route()}, _route_form(world))


def _erasure(world: World) -> str:
    return str(world.make("/v1/erasures", {"number": fresh_number()})["id"])


def _erasure_form(_world: World) -> Request:
    number = fresh_number()
    return Request(form={"number": number, "confirm": number[-4:]})


def _user_with_a_session(world: World) -> str:
    return world.session()[0]


def _rotating(world: World) -> str:
    return world.rotating()


def _sound(world: World) -> Request:
    """A phone whose call has played something."""
    phone, leg = world.talking()
    return Request({"digits": phone[1:], "leg": leg, "name": "none.wav"})


_CALL = {"to": ANSWERS_AT_ONCE, "from": SANDBOX_NUMBER, "way": "say", "text": TEXT}
_WEBHOOK_EVENTS = {"events": ["message.*"], "format": "standard"}
_SCOPES = {"scope": ["messages:read"]}

RECIPES: dict[str, Recipe] = {
    "GET /": _plain(),
    "GET /find": lambda _: Request(query={"q": PHONE}),
    "GET /live": _plain(),
    "POST /sign-out": _plain(),
    "POST /session/account": _plain(),
    "POST /session/mode": _plain(mode="live", next="/"),
    "GET /session/password": _plain(),
    "POST /session/password": _plain(),
    "GET /administration": _plain(),
    "GET /administration/integrations": _plain(),
    "GET /administration/integrations/config": _plain(),
    f"GET {CREDENTIALS}": _plain(),
    f"GET {CREDENTIALS}/policy": _plain(),
    f"POST {CREDENTIALS}/policy": lambda _: Request(
        form={"rotation_days": str(30 + int(fresh_number()[-2:])), "disable_idle_after_days": "365"}
    ),
    f"GET {CREDENTIALS}/new": _plain(),
    f"POST {CREDENTIALS}": _plain(description="By a page", mode="live", **_SCOPES),
    f"GET {CREDENTIALS}/{{id}}": _on(_credential),
    f"GET {CREDENTIALS}/{{id}}/edit": _on(_credential),
    f"POST {CREDENTIALS}/{{id}}/edit": _on(_credential, description="Changed", **_SCOPES),
    f"POST {CREDENTIALS}/{{id}}/enable": _on(_credential),
    f"GET {CREDENTIALS}/{{id}}/delete": _on(_credential),
    f"POST {CREDENTIALS}/{{id}}/delete": _deleted_credential,
    f"GET {CREDENTIALS}/{{id}}/rotate": _on(_credential),
    f"POST {CREDENTIALS}/{{id}}/rotate": _on(_credential, grace="3600"),
    f"GET {CREDENTIALS}/{{id}}/rotate-now": _on(_credential),
    f"POST {CREDENTIALS}/{{id}}/rotate-now": _on(_credential, reason="A test"),
    **{f"GET {CREDENTIALS}/{{id}}/rotate/{act}": _on(_rotating)
       for act in ("expire-now", "extend", "cancel")},
    **{f"POST {CREDENTIALS}/{{id}}/rotate/{act}": _on(_rotating)
       for act in ("expire-now", "extend", "cancel")},
    "GET /account": _plain(),
    "GET /account/edit": _plain(),
    "POST /account/edit": lambda _: Request(
        form={"name": f"Acme {fresh_number()}", "allowed_countries": ""}
    ),
    f"GET {ERASURES}": _plain(),
    f"GET {ERASURES}/new": _plain(),
    f"POST {ERASURES}": _erasure_form,
    f"GET {ERASURES}/{{id}}": _on(_erasure),
    "GET /audit": _plain(),
    "GET /audit/export": _plain(),
    "GET /audit/chain": _plain(),
    "POST /audit/verify": lambda world: Request(form=world.nothing_verified()),
    "GET /audit/{id}": _on(World.entry),
    **{f"GET {USERS}/{{id}}{act}": _on(World.user)
       for act in ("", "/edit", "/disable", "/remove", "/end-sessions")},
    f"GET {USERS}": _plain(),
    f"GET {USERS}/invite": _plain(),
    f"POST {USERS}/invite": lambda _: Request(form={"email": fresh_email(), "role": "viewer"}),
    f"POST {USERS}/{{id}}/edit": _on(World.user, name="Dana", role="developer"),
    f"POST {USERS}/{{id}}/disable": _on(World.user),
    f"GET {USERS}/{{id}}/enable": _on(World.disabled_user),
    f"POST {USERS}/{{id}}/enable": _on(World.disabled_user),
    f"POST {USERS}/{{id}}/remove": _on(World.user),
    f"POST {USERS}/{{id}}/end-sessions": _on(_user_with_a_session),
    f"POST {USERS}/{{id}}/sessions/{{session}}/end": lambda world: Request(
        dict(zip(("id", "session"), world.session(), strict=True))
    ),
    f"GET {USERS}/{{id}}/reset-second-factor": _on(World.guarded_user),
    f"POST {USERS}/{{id}}/reset-second-factor": _on(World.guarded_user),
    f"POST {USERS}/invitations/{{id}}/resend": _on(World.invitation),
    f"GET {USERS}/invitations/{{id}}/revoke": _on(World.invitation),
    f"POST {USERS}/invitations/{{id}}/revoke": _on(World.invitation),
    "GET /requests": _plain(),
    "GET /requests/{id}": _on(World.request),
    "GET /session/security": _plain(),
    "POST /session/sessions/{id}/end": lambda world: Request({"id": world.session()[1]}),
    "POST /session/end-others": _plain(),
    "GET /session/second-factor": _plain(),
    "POST /session/second-factor": _plain(),
    "GET /session/second-factor/off": _plain(),
    "POST /session/second-factor/off": _plain(),
    "GET /session/second-factor/codes": _plain(),
    "POST /session/second-factor/codes": _plain(),
    "GET /messages": _plain(),
    "GET /messages/new": _plain(),
    "POST /messages": _plain(**{"from": SANDBOX_NUMBER, "to": PHONE, "text": TEXT}),
    "POST /messages/preview": _plain(text=TEXT),
    "GET /messages/{id}": _on(World.message),
    "POST /messages/{id}/cancel": _on(World.scheduled),
    f"GET {CONVERSATIONS}": _plain(),
    f"GET {CONVERSATIONS}/{{id}}": _on(World.conversation),
    f"POST {CONVERSATIONS}/{{id}}/reply": _on(World.conversation, text=TEXT),
    f"POST {CONVERSATIONS}/{{id}}/read": _on(World.conversation),
    f"GET {OPT_OUTS}": _plain(),
    f"GET {OPT_OUTS}/new": _plain(),
    f"POST {OPT_OUTS}": lambda _: Request(form={"number": fresh_number()}),
    f"GET {OPT_OUTS}/remove": lambda world: Request(query={"number": world.opt_out()}),
    f"POST {OPT_OUTS}/remove": lambda world: Request(form={"number": world.opt_out()}),
    f"GET {OPT_OUTS}/import": _plain(),
    f"POST {OPT_OUTS}/import/check": lambda _: Request(form={"entries": fresh_number()}),
    f"POST {OPT_OUTS}/import": lambda _: Request(form={"entries": fresh_number()}),
    f"GET {OPT_OUTS}/export": _plain(),
    f"GET {OPT_OUTS}/settings": _plain(),
    f"POST {OPT_OUTS}/settings": lambda _: Request(
        form={"language": "en", "confirmations": "yes", "stop_words": f"Halt {fresh_number()}"}
    ),
    "GET /calls": _plain(),
    "GET /calls/new": _plain(),
    "POST /calls": _plain(**_CALL),
    "GET /calls/{id}": _on(World.call),
    "POST /calls/{id}/hangup": _on(World.call),
    "GET /recordings/{id}": _on(World.recording),
    "GET /recordings/{id}/audio": _on(World.recording),
    "GET /recordings/{id}/delete": _on(World.recording),
    "POST /recordings/{id}/delete": _on(World.recording),
    f"GET {WEBHOOKS}": _plain(),
    f"GET {WEBHOOKS}/new": _plain(),
    f"POST {WEBHOOKS}": lambda world: Request(form={"url": world.url, **_WEBHOOK_EVENTS}),
    f"GET {WEBHOOKS}/{{id}}": _on(World.webhook),
    f"GET {WEBHOOKS}/{{id}}/edit": _on(World.webhook),
    f"POST {WEBHOOKS}/{{id}}/edit": lambda world: Request(
        {"id": world.webhook()}, {"url": world.url, "description": "Changed", **_WEBHOOK_EVENTS}
    ),
    f"POST {WEBHOOKS}/{{id}}/pause": _on(World.webhook),
    f"POST {WEBHOOKS}/{{id}}/enable": _on(World.webhook),
    f"GET {WEBHOOKS}/{{id}}/secret": _on(World.webhook),
    f"GET {WEBHOOKS}/{{id}}/rotate-secret": _on(World.webhook),
    f"POST {WEBHOOKS}/{{id}}/rotate-secret": _on(World.webhook),
    f"GET {WEBHOOKS}/{{id}}/test": _on(World.webhook),
    f"POST {WEBHOOKS}/{{id}}/test": _on(World.webhook, event_type="message.sent"),
    f"GET {WEBHOOKS}/{{id}}/delete": _on(World.webhook),
    f"POST {WEBHOOKS}/{{id}}/delete": _on(World.webhook),
    f"GET {WEBHOOKS}/{{id}}/replay": _on(World.webhook),
    f"POST {WEBHOOKS}/{{id}}/replay": _on(World.webhook, status="failed", within="24h"),
    f"POST {WEBHOOKS}/{{id}}/replay/count": _on(World.webhook, status="all", within="7d"),
    f"GET {WEBHOOKS}/{{id}}/replay/progress": _on(World.webhook),
    f"POST {WEBHOOKS}/{{id}}/replays/{{replay}}/cancel": lambda world: Request(
        {"id": world.webhook(), "replay": world.long_replay()}
    ),
    "GET /deliveries": _plain(),
    "GET /deliveries/{id}": _on(World.delivery),
    "POST /deliveries/{id}/resend": _on(World.delivery),
    "GET /carriers": _plain(),
    "GET /carriers/new": _plain(),
    "POST /carriers": lambda _: Request(form=_carrier_form()),
    "GET /carriers/{id}": _on(_carrier),
    "GET /carriers/{id}/edit": _on(_carrier),
    "POST /carriers/{id}/edit": _edited_carrier,
    "POST /carriers/{id}/disable": _on(_carrier),
    "POST /carriers/{id}/enable": _on(_carrier),
    "GET /carriers/{id}/remove": _on(_carrier),
    "POST /carriers/{id}/remove": _on(_carrier),
    "GET /carriers/{id}/test": _on(_carrier),
    "POST /carriers/{id}/test": _on(_carrier, to=PHONE, text=TEXT),
    "GET /account/sending-rules": _plain(),
    "POST /account/sending-rules": lambda _: Request(
        form={"daily_message_cap": f"1{fresh_number()[-6:]}", "duplicate_window_seconds": "0"}
    ),
    "GET /pools": _plain(),
    "GET /pools/new": _plain(),
    "POST /pools": lambda _: Request(form=_pool_form()),
    **{f"GET /pools/{{id}}{act}": _on(World.pool) for act in ("", "/edit", "/remove")},
    "POST /pools/{id}/edit": lambda world: Request({"id": world.pool()}, _pool_form()),
    "POST /pools/{id}/remove": _on(World.pool),
    "GET /routes": _plain(),
    "GET /routes/new": _plain(),
    "POST /routes": _new_route_form,
    "GET /routes/try": _plain(),
    "POST /routes/try": _plain(**{"from": SANDBOX_NUMBER, "to": PHONE}),
    **{f"GET /routes/{{id}}{act}": _on(World.route) for act in ("", "/edit", "/remove")},
    "POST /routes/{id}/edit": _edited_route,
    **{f"POST /routes/{{id}}/{act}": _on(World.route) for act in ("disable", "enable", "remove")},
    f"GET {NUMBERS}": _plain(),
    f"GET {NUMBERS}/new": _plain(),
    f"POST {NUMBERS}": lambda _: Request(form={"number": fresh_number(), "carrier": "sandbox"}),
    f"GET {NUMBERS}/{{id}}": _on(World.number),
    f"GET {NUMBERS}/{{id}}/move": _on(World.number),
    f"POST {NUMBERS}/{{id}}/move": _on(World.number, carrier="sandbox"),
    f"GET {NUMBERS}/{{id}}/remove": _on(World.number),
    f"POST {NUMBERS}/{{id}}/remove": _on(World.number),
    f"GET {NUMBERS}/{{id}}/calls": _on(World.number),
    f"POST {NUMBERS}/{{id}}/calls": _on(World.number, way="", voice_carrier=""),
    "GET /phone": _plain(),
    "POST /phone/{digits}/send": lambda _: Request(
        {"digits": PHONE[1:]}, {"to": SANDBOX_NUMBER, "text": TEXT}
    ),
    "POST /phone/{digits}/call": lambda _: Request({"digits": PHONE[1:]}, {"to": SANDBOX_NUMBER}),
    "POST /phone/{digits}/calls/{leg}/answer": _leg(talking=False),
    "POST /phone/{digits}/calls/{leg}/decline": _leg(talking=False),
    "POST /phone/{digits}/calls/{leg}/hangup": _leg(talking=True),
    "POST /phone/{digits}/calls/{leg}/press": _leg(talking=True, digit="1"),
    "POST /phone/{digits}/calls/{leg}/say": _leg(talking=True, text=TEXT),
    "GET /phone/{digits}/calls/{leg}/sounds/{name}": _sound,
}  # fmt: skip
"""By method and path."""


@dataclass
class Person:
    """Somebody who is signed in to the console, without a browser."""

    client: httpx.Client
    csrf_token: str

    def send(
        self, page: Page, request: Request, *, form: dict[str, Any] | None = None, **headers: str
    ) -> httpx.Response:
        """The page's request with the person's token; `form` in place of the request's."""
        data = {"csrf_token": self.csrf_token, **request.form} if form is None else form
        given: dict[str, Any] = {"headers": {**HTML, **headers}, "params": request.query}
        if page.method == "POST":
            given["data"] = data
        with self.client.stream(page.method, url_of(page, request.places), **given) as answer:
            if not answer.headers.get("content-type", "").startswith("text/event-stream"):
                answer.read()
            return answer


@contextmanager
def signed_in(server: Installation, *options: str, role: str = "owner") -> Iterator[Person]:
    """A new person with this role; `options` as `hookline users add` takes them."""
    email = f"{role}-{fresh_number()[1:]}@example.com"
    password = server.json("users", "add", email, "--role", role, *options)["password"]
    with httpx.Client(base_url=server.url, timeout=30) as client:
        typed = {
            "csrf_token": token_in(client.get("/sign-in")),
            "email": email,
            "password": password,
            "next": "/",
        }
        assert client.post("/sign-in", data=typed).status_code == 303
        yield Person(client, token_in(client.get("/session/password")))


def pages(method: str | None = None) -> list[Page]:
    return [page for page in PAGES if method in {None, page.method}]
