"""The digest of a night as Markdown, for a terminal and for whatever shows Markdown."""

from collections.abc import Sequence

from pipelines.orchestration.digest.record import Night, duration, one_line
from pipelines.orchestration.digest.sections import Section, sections


def digest_markdown(night: Night) -> str:
    """Return the digest; names and reasons are text in it, never markup."""
    ended = night.ended.partition(".")[0].replace("T", " ")
    head = f"# Night {_text(night.night)}: {_text(night.state)}"
    reason = f"{_text(night.reason)}. " if night.reason else ""
    lines = [head, "", f"{reason}It took {duration(night.seconds)} and ended at {ended} UTC."]
    for section in sections(night):
        lines += ["", *_section(section)]
    return "\n".join(lines) + "\n"


def _section(section: Section) -> list[str]:
    lines = [f"## {_text(section.title)}"]
    for line in section.lines:
        lines += ["", _text(line)]
    if section.rows:
        lines += ["", *_table(section.head, section.rows)]
    return lines


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Return a table without the columns in which nothing stands."""
    kept = [place for place in range(len(head)) if any(row[place] for row in rows)]
    table = [[head[place] for place in kept], ["---"] * len(kept)]
    table += [[_text(row[place]) for place in kept] for row in rows]
    return [f"| {' | '.join(row)} |" for row in table]


def _text(text: str) -> str:
    """Return a text that ends no cell and makes no element, link or picture."""
    return one_line(text).replace("<", "&lt;").replace("](", "]\\(").replace("|", "\\|")
