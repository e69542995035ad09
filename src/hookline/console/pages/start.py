"""The first page, finding things by id, and the live stream."""

from dataclasses import dataclass

from starlette.responses import RedirectResponse, Response, StreamingResponse

from hookline.accounts import store as account_sql
from hookline.accounts.sign_in import digest_of
from hookline.console import cookies
from hookline.console import store as sql
from hookline.console.navigation import (
    CREDENTIALS,
    MESSAGES,
    PHONE,
    WEBHOOKS,
    page_about,
)
from hookline.console.routing import Page
from hookline.console.views.samples import send_curl
from hookline.console.visit import Visit
from hookline.errors import NotFound
from hookline.ids import to_uuid
from hookline.numbers.e164 import InvalidNumber, parse_number


@dataclass(frozen=True, slots=True)
class Step:
    """One of the first steps."""

    title: str
    text: str
    verb: str
    url: str
    is_done: bool
    code: str = ""


async def show_start(visit: Visit) -> Response:
    """Three steps, ticked by what the account has."""
    account_id = visit.principal.account_id
    has = (await visit.store.read(sql.first_steps(account_id)))[0]
    rows = await visit.store.read(sql.senders(account_id).limit(1))
    sender = str(rows[0].number) if rows else "+12025550100"
    steps = first_steps(tuple(has), send_curl(visit.guest.origin, sender))
    return await visit.page(
        "start.html",
        active="start",
        steps=steps,
        done=sum(step.is_done for step in steps),
        done_first=next((place for place, step in enumerate(steps) if not step.is_done), -1),
        client_id=str(to_uuid(account_id)),
    )


async def find(visit: Visit) -> Response:
    """Open what a pasted id or number stands for."""
    return RedirectResponse(place_of(visit.guest.query("q")), 303)


async def listen(visit: Visit) -> Response:
    """The live stream of one browser; it ends with the session."""
    guest, live = visit.guest, visit.console.live
    token = cookies.read(guest.request, guest.settings, cookies.SESSION)

    async def is_welcome() -> bool:
        """An open page is no use of the session: it does not keep it alive."""
        found = await visit.store.read(account_sql.session(digest_of(token)))
        session = account_sql.session_from_row(found[0]) if found else None
        return (
            session is not None
            and session.account_id == visit.session.account_id
            and session.is_alive(visit.store.now(), guest.settings.session_hours)
        )

    live.check_room()
    return StreamingResponse(
        live.listen(visit.session.account_id, is_welcome),
        media_type="text/event-stream",
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
    )


def first_steps(has: tuple[bool, ...], curl: str) -> list[Step]:
    """The steps in their order; `has`: a credential, a message that was sent, a webhook."""
    credential, message, webhook = has
    return [
        Step(
            "Create a credential",
            "Its token lets an application send SMS and read events, with the scopes you choose.",
            "Credentials",
            CREDENTIALS,
            credential,
        ),
        Step(
            "Send an SMS",
            "With the token, to a virtual phone. It shows up there within a second, and you can "
            "answer it.",
            "Virtual phone",
            PHONE,
            message,
            curl,
        ),
        Step(
            "Add a webhook",
            "Your receiver gets a signed request when a message is sent, delivered, fails or "
            "arrives.",
            "Webhooks",
            WEBHOOKS,
            webhook,
        ),
    ]


def place_of(text: str) -> str:
    """The page about an id or a number. Raises NotFound."""
    place = page_about(text)
    if place is not None:
        return place
    try:
        number = parse_number(text if text.startswith("+") else f"+{text}")
    except InvalidNumber:
        raise NotFound("This is neither an id of this account nor a number.") from None
    return f"{MESSAGES}?number=%2B{number[1:]}"


PAGES = (
    Page("GET", "/", show_start),
    Page("GET", "/find", find),
    Page("GET", "/live", listen),
)
