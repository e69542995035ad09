"""The public pages: the API reference, the errors, and the console's own files."""

import json

from starlette.responses import Response

from hookline.console.assets import PREFIX
from hookline.console.reference import chapters, error_pages, event_pages
from hookline.console.routing import OpenPage
from hookline.console.visit import Guest
from hookline.errors import NotFound


async def show_reference(guest: Guest) -> Response:
    """Every operation of this server's own OpenAPI document."""
    document = guest.request.app.openapi()
    return guest.page(
        "docs/api.html",
        active="api",
        chapters=chapters(document, guest.origin),
        events=event_pages(document),
        origin=guest.origin,
    )


async def list_errors(guest: Guest) -> Response:
    return guest.page("docs/errors.html", active="errors", pages=error_pages())


async def show_error(guest: Guest) -> Response:
    """One code: when it happens, and what to do."""
    code = guest.path("code")
    page = next((page for page in error_pages() if page.code == code), None)
    if page is None:
        raise NotFound("There is no such error code.")
    example = {
        "type": f"/docs/errors/{page.code}",
        "title": page.title,
        "status": page.status,
        "detail": "…",
        "code": page.code,
        "request_id": "req_…",
    }
    text = json.dumps(example, indent=2, ensure_ascii=False)
    return guest.page("docs/error.html", active="errors", page=page, example=text)


async def send_asset(guest: Guest) -> Response:
    return guest.console.assets.respond(guest.request, guest.path("version"), guest.path("name"))


OPEN_PAGES = (
    OpenPage("GET", "/docs/api", show_reference),
    OpenPage("GET", "/docs/errors", list_errors),
    OpenPage("GET", "/docs/errors/{code}", show_error),
    OpenPage("GET", f"{PREFIX}/{{version}}/{{name:path}}", send_asset),
)
