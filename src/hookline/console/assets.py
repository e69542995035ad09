"""The console's own files: read once, style sheets joined, compressed, named by their content.

A name that changes with the content may be cached for ever. Nothing is ever fetched from elsewhere.
"""

import gzip
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response

from hookline.errors import NotFound, Unavailable

PREFIX = "/console-assets"
STYLE_SHEET = "console.css"
_HERE = Path(__file__).parent
_VENDOR = ("htmx.min.js",)
_MEDIA_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
_FOR_EVER = "public, max-age=31536000, immutable"
_VERSION_LENGTH = 16


class AssetsMissing(Unavailable):
    """The console's script library is not installed. Run `make setup`, or install a built wheel."""

    code = "assets_missing"
    title = "The console is not set up"


@dataclass(frozen=True, slots=True)
class Asset:
    """One file as it is sent."""

    body: bytes
    gzipped: bytes
    media_type: str


class Assets:
    """All files under one version, so that scripts may import each other by relative names."""

    def __init__(self, files: Mapping[str, bytes]) -> None:
        self._assets = {name: _asset(name, body) for name, body in files.items()}
        digest = hashlib.sha256()
        for name in sorted(files):
            digest.update(name.encode() + b"\0" + files[name] + b"\0")
        self.version = digest.hexdigest()[:_VERSION_LENGTH]

    def url(self, name: str) -> str:
        """Where the file is served. KeyError when there is none, so that a typo fails a test."""
        self._assets[name]
        return f"{PREFIX}/{self.version}/{name}"

    def names(self) -> list[str]:
        return sorted(self._assets)

    def get(self, name: str) -> Asset:
        asset = self._assets.get(name)
        if asset is None:
            raise NotFound(f"The console has no file {name[:100]!r}.")
        return asset

    def respond(self, request: Request, version: str, name: str) -> Response:
        """The file; another version's name gets today's file, but must not be kept."""
        asset = self.get(name)
        zipped = "gzip" in request.headers.get("accept-encoding", "")
        headers = {
            "Cache-Control": _FOR_EVER if version == self.version else "no-cache",
            "Vary": "Accept-Encoding",
        }
        if zipped:
            headers["Content-Encoding"] = "gzip"
        return Response(
            asset.gzipped if zipped else asset.body, media_type=asset.media_type, headers=headers
        )


def load_assets() -> Assets:
    """The files of this installation. Raises AssetsMissing."""
    files = {"icons.svg": b"", "favicon.svg": b""}
    static = _HERE / "static"
    for name in files:
        files[name] = (static / name).read_bytes()
    files |= {f"js/{path.name}": path.read_bytes() for path in (static / "js").glob("*.js")}
    sheets = sorted((static / "css").glob("*.css"))
    files[STYLE_SHEET] = b"\n".join(path.read_bytes() for path in sheets)
    for name in _VENDOR:
        path = _HERE / "vendor" / name
        if not path.is_file():
            raise AssetsMissing(f"{name} is missing. Run `make setup`, which installs it.")
        files[name] = path.read_bytes()
    return Assets(files)


def _asset(name: str, body: bytes) -> Asset:
    return Asset(body, gzip.compress(body, 9, mtime=0), _MEDIA_TYPES[Path(name).suffix])
