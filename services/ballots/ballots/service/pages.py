"""Documents as pages: HTML for browsers, and the program that makes PDF of it.

Two programs share this file: the service, which writes HTML and never imports what makes PDF, and
``python pages.py``, which the service starts for a PDF, so that neither its processor time nor its memory is
the service's. That one reads a request from its standard input and writes the PDF to its standard output; it
imports nothing of the service.
"""

import json
import os
import resource
import sys
from base64 import b64encode
from collections.abc import Mapping
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

TEMPLATES = Path(__file__).parents[1] / "templates"
FONTS = {"Noto Sans SC": "NotoSansSC-Regular.otf", "Noto Serif SC": "NotoSerifSC-Regular.otf"}
"""Embedded into PDF, of each only what is used. Browsers take the fonts that they have."""

MISSING = 3
"""Exit status of the program when what makes PDF is not installed; its last line says what."""

MOST_MEMORY = 2**30

HOW_TO_INSTALL = (
    "PDF needs the extra `pdf` of piaojue-ballots (pip install 'piaojue-ballots[pdf]') and the library Pango "
    "(Debian: libpango-1.0-0, libpangoft2-1.0-0)."
)


def page(template: str, facts: Mapping[str, Any], *, fonts: str = "") -> str:
    """The HTML of ``<template>.html``. ``fonts``: CSS that names the files of fonts."""
    from markupsafe import Markup

    written = _environment().get_template(f"{template}.html")
    return str(written.render(facts, fonts=Markup(fonts), qr=qr))


def policy(html: str) -> str:
    """The Content-Security-Policy of a page: nothing from anywhere, and no style but its own."""
    style = html.partition("<style>")[2].partition("</style>")[0]
    hashed = b64encode(sha256(style.encode()).digest()).decode()
    return f"default-src 'none'; style-src 'sha256-{hashed}'; base-uri 'none'; form-action 'none'; " + (
        "frame-ancestors 'none'"
    )


def qr(text: str) -> Any:
    """A QR code as inline SVG, which a quarter of it may be missing from."""
    import segno
    from markupsafe import Markup

    code = segno.make(text, error="q", micro=False, boost_error=False)
    return Markup(code.svg_inline(border=0, omitsize=True, dark="#000", svgclass="qr", lineclass=None))


@cache
def _environment() -> Any:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    return Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _font_faces() -> str:
    import pylopdf_fonts_zh_cn

    folder = Path(pylopdf_fonts_zh_cn.__file__).parent
    return "".join(
        f'@font-face{{font-family:"{name}";src:url("{(folder / file).as_uri()}")}}'
        for name, file in FONTS.items()
    )


def main() -> None:
    """Ends with :data:`MISSING` when it cannot work here."""
    try:
        import segno  # noqa: F401  # slips need it
        import weasyprint

        fonts = _font_faces()
    except (ImportError, OSError):  # OSError: a library of the system
        sys.exit(MISSING)
    limit(int(sys.argv[1]))
    request = json.load(sys.stdin)
    html = page(request["template"], request["facts"], fonts=fonts)
    fetcher = weasyprint.urls.URLFetcher(allowed_protocols=("file",))  # which fonts are
    sys.stdout.buffer.write(weasyprint.HTML(string=html, url_fetcher=fetcher).write_pdf())


def limit(seconds: int) -> None:
    """Others go first, and there is an end to it, whatever the service does meanwhile."""
    os.nice(10)
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))


if __name__ == "__main__":
    main()
