"""Refuses forms that another site has made a browser send.

Three things must hold: the cookie is SameSite=Lax, the browser says that the request comes from
here, and the form carries a token that only a page of ours could know.
"""

import hmac
from urllib.parse import urlsplit

from starlette.requests import Request

from hookline.errors import Forbidden

FIELD = "csrf_token"


class ForgedRequest(Forbidden):
    """The form did not come from this console, or is older than the session. Reload it and try again."""

    code = "forged_request"
    title = "The form is out of date"

    def __init__(self) -> None:
        super().__init__(
            "It was made in another session or on another site. Open the page again and repeat."
        )


def check_origin(request: Request, public_url: str) -> None:
    """Raise ForgedRequest when the browser says that another site is behind the request."""
    site = request.headers.get("sec-fetch-site")
    if site is not None and site != "same-origin":
        raise ForgedRequest
    origin = request.headers.get("origin")
    if origin is None:
        return
    ours = {request.headers.get("host", ""), urlsplit(public_url).netloc} - {""}
    try:
        place = urlsplit(origin).netloc
    except ValueError:  # no browser sends such a thing
        raise ForgedRequest from None
    if place not in ours:
        raise ForgedRequest


def check_token(expected: str, given: str) -> None:
    """Raise ForgedRequest unless both are the same text, and not empty."""
    if not expected or not hmac.compare_digest(expected.encode(), given.encode(errors="replace")):
        raise ForgedRequest
