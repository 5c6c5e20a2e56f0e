"""HTML pages: what they show, and what their head says of them."""

import sys
from pathlib import Path
from typing import Any

from pipelines.knowledge.documents.encodings.encodings import decode
from pipelines.knowledge.documents.formats.extracted import Extracted, declared_author, iso_date, unreadable
from pipelines.knowledge.documents.formats.html_blocks import page_text
from pipelines.knowledge.documents.formats.limits import Limits

_AUTHOR = ("author", "article:author", "dc.creator", "dcterms.creator")
_DATE = ("date", "article:published_time", "dc.date", "dcterms.created", "dcterms.date", "article:modified_time")
_FRAMES_A_LEVEL = 3


def read_html(path: Path, limits: Limits) -> Extracted:
    """Return the text of a page; title, author and date from its head."""
    from bs4 import BeautifulSoup

    text, encoding = decode(path.read_bytes(), path.name, declared=True)
    soup = BeautifulSoup(text, "lxml")
    depth = _depth(soup)
    if depth > limits.depth:
        raise unreadable(
            path.name, f"elements nested {depth} deep", f"at most {limits.depth} levels", "save the page's content anew"
        )
    sys.setrecursionlimit(max(sys.getrecursionlimit(), 1000 + _FRAMES_A_LEVEL * limits.depth))
    title = " ".join(soup.title.get_text().split()) if soup.title else ""
    author, date = _meta(soup, _AUTHOR), _meta(soup, _DATE)
    shown, left_out = page_text(soup)
    return Extracted(shown, title, declared_author(author), iso_date(date), encoding=encoding, left_out=left_out)


def _meta(soup: Any, names: tuple[str, ...]) -> str:
    found: dict[str, str] = {}
    for tag in soup.find_all("meta"):
        name = str(tag.get("name") or tag.get("property") or "").lower()
        found.setdefault(name, str(tag.get("content") or "").strip())
    return next((found[name] for name in names if found.get(name)), "")


def _depth(soup: Any) -> int:
    """Return how deep the elements are nested, without recursion."""
    deepest, waiting = 0, [(soup, 0)]
    while waiting:
        node, depth = waiting.pop()
        deepest = max(deepest, depth)
        waiting += [(child, depth + 1) for child in node.children if getattr(child, "name", None)]
    return deepest
