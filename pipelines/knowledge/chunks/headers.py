"""The header that is embedded before a chunk: where it stands, in words, its document's title and its section."""

from collections.abc import Iterable, Iterator

from pipelines.knowledge.chunks.pieces import CountTokens
from pipelines.text.sections import SEPARATOR


def contextual_headers(title: str, sections: Iterable[str], most: int, count_tokens: CountTokens) -> dict[str, str]:
    """Return the header for each section path: title and path in at most so many tokens, the middle left out first."""
    candidates = {section: list(_candidates(title, section)) for section in sorted(set(sections))}
    texts = sorted({text for found in candidates.values() for text in found})
    tokens = dict(zip(texts, count_tokens(texts), strict=True)) if texts else {}
    return {
        section: next((text for text in found if tokens[text] <= most), "") for section, found in candidates.items()
    }


def _candidates(title: str, section: str) -> Iterator[str]:
    """Yield headers from the fullest to the shortest; a path that begins with the title does not repeat it."""
    path = section.split(SEPARATOR) if section else []
    parts = path if path[:1] == [title] or not title else [title, *path]
    if not parts:
        yield ""
        return
    yield SEPARATOR.join(parts)
    if len(parts) > 2:
        yield SEPARATOR.join([parts[0], parts[-1]])
    yield parts[-1]
    for length in (80, 40, 20):
        if len(parts[-1]) > length:
            yield parts[-1][:length].rstrip() + "…"
