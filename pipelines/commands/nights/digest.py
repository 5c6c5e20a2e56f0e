"""`graftline digest`: what a night did, what it cost, and what became of the model."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from pipelines.commands.command import Command

if TYPE_CHECKING:
    from pipelines.orchestration.digest.record import Night


@click.command(cls=Command)
@click.option("--night", metavar="NIGHT", help="another night than the last one, by its name")
@click.option("--html", type=click.Path(dir_okay=False, path_type=Path), help="write the page with the plots to a file")
@click.option("--json", "as_json", is_flag=True, help="print one JSON object")
@click.option("--list", "listed", is_flag=True, help="list all nights, the last one first")
def command(night: str | None, html: Path | None, as_json: bool, listed: bool) -> int:
    """Say what the last night did, what it cost, and what became of the model.

    What ran, was skipped, was gated or regressed, and why; time and tokens against the plan and the night before; who
    was promoted, held or rejected; which documents failed. A night that is under way says how far it is. Markdown, but
    for --html and --json.
    """
    from pipelines.core.files import write_atomically
    from pipelines.orchestration.digest.markdown import digest_markdown

    if listed:
        return _list(as_json)
    record, page = _found(night)
    if html:
        write_atomically(html, page, private=True)
        print(html)
    if as_json:
        print(json.dumps(record.as_json(), ensure_ascii=False))
    elif not html:
        print(digest_markdown(record), end="")
    return 0


def _found(night: str | None) -> "tuple[Night, str]":
    """Return a night's record and page, as far as it has come; a killed one's are made first."""
    from pipelines.commands.run import open_instance
    from pipelines.core.errors import ServiceError
    from pipelines.definitions import keeping
    from pipelines.orchestration.digest.journal import PAGE
    from pipelines.orchestration.digest.page import digest_page

    if keeping.nights.unfinished():
        with open_instance() as instance:
            try:
                with keeping.nights.alone():
                    keeping.mend(instance)
            except ServiceError:  # one is under way, and its journal is the newest
                entry = keeping.nights.unfinished()[-1]
                if night in (None, entry.night, entry.folder.name):
                    record, pictures = keeping.so_far(instance, entry)
                    return record, digest_page(record, pictures)
    folder, record = keeping.nights.named(night)
    return record, (folder / PAGE).read_text(encoding="utf-8")


def _list(as_json: bool) -> int:
    from pipelines.definitions import keeping

    found = [night for _, night in keeping.nights.records()]
    rows = [{"night": one.night, "state": one.state, "seconds": one.seconds, "verdict": one.verdict} for one in found]
    lines = [f"{one.state:<9} {one.night}  {one.seconds:,.0f} s  {one.verdict}".rstrip() for one in found]
    print(json.dumps(rows, ensure_ascii=False) if as_json else "\n".join(lines) or "no night has ended yet")
    return 0
