"""QR codes as drawings within a page."""

from __future__ import annotations

import io

import segno
from markupsafe import Markup


def qr_code(text: str, title: str) -> Markup:
    """An SVG element that needs no style; ``title`` is what it says to people who cannot see it."""
    drawing = io.BytesIO()
    segno.make_qr(text, error="m").save(
        drawing, kind="svg", xmldecl=False, svgns=True, title=title, border=2, omitsize=True, nl=False,
        svgclass=None, lineclass=None,
    )  # fmt: skip
    return Markup(drawing.getvalue().decode())  # noqa: S704 - segno's own output; it escapes the title
