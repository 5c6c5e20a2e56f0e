"""What an embedding model wants before its inputs, where its configuration says nothing: by a setting or its card."""

import json
import re
from collections.abc import Mapping
from pathlib import Path

from pipelines.core.errors import ConfigurationError
from pipelines.core.identity import json_digest
from resources.embedding.model_folder import prompt_before

Prompts = Mapping[str, str]
_EXAMPLE = """EMBEDDING_PROMPTS='{"query": "query: ", "passage": "passage: "}'"""
_KEYS = ("query", "document", "passage")
_QUOTED = re.compile(r"""["'`](?P<prompt>(?:[a-z]+_)?(?P<kind>query|passage|document): ?)""")
"""An example text in a card: "query: how much protein …", 'search_document: TSNE is …'."""
_E5 = re.compile(r"(?<![a-z0-9])e5(?![a-z0-9])", re.IGNORECASE)


def prompts_setting(value: str) -> Prompts | None:
    """Return what EMBEDDING_PROMPTS says, None where it is unset; ConfigurationError for what is no prompts."""
    if not value:
        return None
    try:
        found = json.loads(value)
    except ValueError:
        found = None
    texts = isinstance(found, dict) and all(isinstance(text, str) for text in found.values())
    if not texts or set(found) - set(_KEYS):
        raise ConfigurationError(
            "EMBEDDING_PROMPTS", f"'{value[:80]}'", f"a JSON object of texts by {', '.join(_KEYS)}", f"set {_EXAMPLE}"
        )
    return found


def card_prompts(folder: Path) -> Prompts:
    """Return the words that the card's (README.md) example texts begin with, {} unless both kinds of text have some."""
    card = folder / "README.md"
    text = card.read_text(encoding="utf-8", errors="replace") if card.is_file() else ""
    found: dict[str, str] = {}
    for match in _QUOTED.finditer(text):
        found.setdefault(match["kind"], f"{match['prompt'].strip()} ")
    return found if prompt_before("query", found) and prompt_before("document", found) else {}


def are_there(prompts: Mapping[str, str | None]) -> bool:
    """Say whether anything stands before a question or a document."""
    return any(prompt_before(kind, prompts) for kind in ("query", "document"))


def mark_beside(own: Mapping[str, str | None], used: Prompts) -> str:
    """Return what a model's name ends with where other prompts than its own are used: their vectors are others."""
    pairs = [[prompt_before(kind, one) for kind in ("query", "document")] for one in (own, used)]
    return "" if pairs[0] == pairs[1] else f"+prompts-{json_digest(pairs[1])[:6]}"


def told_of_card(model: str, prompts: Prompts) -> str:
    """Return the line for prompts that the card alone has."""
    query, document = prompt_before("query", prompts), prompt_before("document", prompts)
    return (
        f"{model}: its configuration names no prompts, its card does: {query!r} is put before questions and "
        f"{document!r} before texts. Without them: EMBEDDING_PROMPTS='{{}}'; with others: {_EXAMPLE}"
    )


def missing(model: str) -> str:
    """Return the line for a model without prompts that by its name was trained with some, "" for any other."""
    if not _E5.search(model):
        return ""
    return (
        f"{model} is an E5 by its name, which was trained with words before its inputs, and no file here names them: "
        f"it finds less without. Set {_EXAMPLE}, or EMBEDDING_PROMPTS='{{}}' where it wants none"
    )
