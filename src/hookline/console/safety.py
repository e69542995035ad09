"""What every answer of the console tells the browser not to do."""

_SOURCES = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "img-src": "'self' data:",
    "font-src": "'self'",
    "connect-src": "'self'",
    "media-src": "'self'",
    "worker-src": "'self'",
    "manifest-src": "'self'",
    "object-src": "'none'",
    "base-uri": "'none'",
    "form-action": "'self'",
    "frame-ancestors": "'none'",
}
CONTENT_SECURITY_POLICY = "; ".join(f"{name} {sources}" for name, sources in _SOURCES.items())

PAGE_HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
NO_STORE = "no-store"


def local_path(text: str | None, *, default: str = "/") -> str:
    """The text if it is a path of this server, else the default; no way to send a person elsewhere.

    Browsers read `//host` and `/\\host` as another host, and drop tabs and line breaks in between.
    """
    if not text or not text.startswith("/") or text.startswith("//"):
        return default
    if "\\" in text or any(ord(character) < 0x21 or ord(character) > 0x7E for character in text):
        return default
    return text
