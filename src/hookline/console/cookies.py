"""The console's cookies: the session, the form token of guests, and what a person prefers.

Over https the session's name carries `__Host-`, which browsers only accept as Secure, for this
host alone and for every path.
"""

from urllib.parse import quote, urlsplit

from starlette.requests import Request
from starlette.responses import Response

from hookline.principal import Mode
from hookline.settings import Settings

SESSION = "hookline_session"
PENDING = "hookline_pending"
GUEST_FORM = "hookline_form"
MODE = "hookline_mode"
THEME = "hookline_theme"
NOTE = "hookline_note"
_HOST_ONLY = "__Host-"
_NOTE_S = 20
_YEAR_S = 365 * 86_400


def is_https(request: Request, settings: Settings) -> bool:
    """Whether the browser speaks https, also when a proxy in front of us ends it."""
    if request.url.scheme == "https":
        return True
    public = urlsplit(settings.public_url)
    return public.scheme == "https" and request.headers.get("host", "") == public.netloc


def read(request: Request, settings: Settings, name: str) -> str:
    """The value of a cookie that `put` has set; empty when there is none."""
    return request.cookies.get(_full_name(request, settings, name), "")


def put(response: Response, request: Request, settings: Settings, name: str, value: str) -> None:
    """Set a cookie that scripts cannot read and that ends with the browser."""
    response.set_cookie(
        _full_name(request, settings, name),
        value,
        path="/",
        secure=is_https(request, settings),
        httponly=True,
        samesite="lax",
    )


def put_unless_set(
    response: Response, request: Request, settings: Settings, name: str, value: str
) -> None:
    """The same, unless the response sets that cookie already."""
    prefix = f"{_full_name(request, settings, name)}="
    if not any(text.startswith(prefix) for text in response.headers.getlist("set-cookie")):
        put(response, request, settings, name, value)


def drop(response: Response, request: Request, settings: Settings, name: str) -> None:
    """Take a cookie back that `put` has set."""
    response.delete_cookie(
        _full_name(request, settings, name),
        path="/",
        secure=is_https(request, settings),
        httponly=True,
        samesite="lax",
    )


def mode_of(request: Request) -> Mode:
    """Which data the person looks at."""
    return Mode.TEST if request.cookies.get(MODE) == Mode.TEST.value else Mode.LIVE


def theme_of(request: Request) -> str:
    """`light`, `dark`, or empty for the system's choice."""
    theme = request.cookies.get(THEME, "")
    return theme if theme in {"light", "dark"} else ""


def put_mode(response: Response, mode: str) -> None:
    wanted = Mode.TEST if mode == Mode.TEST.value else Mode.LIVE
    response.set_cookie(MODE, wanted.value, path="/", max_age=_YEAR_S, samesite="lax")


def put_note(response: Response, text: str) -> None:
    """A short text that the next page shows once; the page's script reads and drops it."""
    response.set_cookie(NOTE, quote(text), path="/", max_age=_NOTE_S, samesite="lax")


def _full_name(request: Request, settings: Settings, name: str) -> str:
    return f"{_HOST_ONLY}{name}" if is_https(request, settings) else name
