"""A QR code as SVG, without scripts and styles of its own."""

import io

import segno
from markupsafe import Markup


def qr_svg(text: str) -> Markup:
    """An `svg` element; its colours are the page's."""
    out = io.BytesIO()
    segno.make(text, error="m", micro=False).save(
        out,
        kind="svg",
        xmldecl=False,
        svgns=False,
        omitsize=True,
        border=2,
        svgclass="qr",
        lineclass=None,
        title=None,
    )
    return Markup(out.getvalue().decode("ascii"))  # noqa: S704 - segno draws shapes, no text
