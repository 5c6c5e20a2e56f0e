"""The graph as one HTML file that asks nobody for anything: style, scripts and data are in it."""

import base64
import hashlib
import json
from collections.abc import Mapping
from html import escape
from pathlib import Path
from string import Template
from typing import Any

from pipelines.core.files import write_atomically
from pipelines.core.identity import content_id, file_digest
from pipelines.knowledge.graph.view_data import ViewLimits

LIMITS = ViewLimits()
_PAGE = Path(__file__).parent / "page"
_SCRIPTS = ("map.js", "report.js", "view.js")
_ESCAPED = {ord(letter): f"\\u{ord(letter):04x}" for letter in "<>&\u2028\u2029"}
"""What could end the element that the data stands in, or begin another, as JSON may write it too."""


def write_view(data: Mapping[str, Any], path: Path) -> Path:
    """Write the page of such data (`view_data`), readable by its owner alone, and return its path."""
    write_atomically(path, html_page(data), private=True)
    return path


def html_page(data: Mapping[str, Any]) -> str:
    """Return the page of such data. Names and texts are data to it, never markup: see `_ESCAPED` and the scripts."""
    style = (_PAGE / "view.css").read_text(encoding="utf-8")
    script = "\n".join((_PAGE / name).read_text(encoding="utf-8") for name in _SCRIPTS)
    policy = f"default-src 'none'; script-src {_source(script)}; style-src {_source(style)}; base-uri 'none'"
    page = Template((_PAGE / "view.html").read_text(encoding="utf-8"))
    said = json.dumps(data, ensure_ascii=False, allow_nan=False).translate(_ESCAPED)
    return page.substitute(policy=escape(policy), style=style, script=script, data=said)


def view_version() -> str:
    """Return the digest of all that makes a page of a graph."""
    files = sorted([*Path(__file__).parent.glob("*.py"), *_PAGE.iterdir()])
    return content_id(*(file_digest(path) for path in files if path.is_file()), LIMITS.model_dump_json())


def _source(text: str) -> str:
    digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
    return f"'sha256-{digest}'"
