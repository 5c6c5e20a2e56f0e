"""Where a chunk stands, in words: its section path, and the header of title and path that is embedded before it."""

from collections.abc import Iterable, Iterator

from pipelines.knowledge.cutting.pieces import CountTokens
from pipelines.knowledge.cutting.syntax import parse, path_of
from pipelines.knowledge.readers import CODE
from pipelines.knowledge.sections import SEPARATOR, Sections, headings

_WITHOUT_HEADINGS = ("csv", "json", "jsonl")


def section_paths(text: str, format: str, places: Iterable[tuple[int, int]]) -> list[str]:
    """Return the section path of each (start, end): of the headings above its start, in code of what it defines."""
    if format in _WITHOUT_HEADINGS:
        return ["" for _ in places]
    if format not in CODE:
        sections = Sections(headings(text))
        return [sections.path(start) for start, _ in places]
    tree = parse(text, format)
    definitions = tree.definitions() if tree else []
    return [SEPARATOR.join(path_of(definitions, start, end)) for start, end in places]


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
