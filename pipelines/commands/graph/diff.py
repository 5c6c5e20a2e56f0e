"""`graftline diff`: what the last run that changed the knowledge graph changed in it."""

import json

import click

from pipelines.commands.command import Command

_LONGEST = 200


@click.command(cls=Command)
@click.option("--examples", type=click.IntRange(min=0), default=10, show_default=True, help="at most so many of a kind")
@click.option("--json", "as_json", is_flag=True, help="print one JSON object")
def command(examples: int, as_json: bool) -> int:
    """List what is new, gone or changed in the knowledge graph since its previous version.

    Entities and relations, those of most mentions and weight first. `graftline rollback` goes back to that version.
    """
    from pipelines.core.errors import NotMaterializedError
    from pipelines.knowledge.graph.changes import COMPARED, graph_changes
    from resources.graph.stored_graph import current_graph, stored_graph
    from resources.settings import Settings

    home = Settings.load().home
    after, before = current_graph(home), stored_graph(home, "previous")
    if before is None:
        raise NotMaterializedError(
            "the knowledge graph", "no previous version", "two different graphs stored", "graftline run"
        )
    found = graph_changes(before, after)
    listed = found.examples(examples)
    columns = {name: found.tables[name].columns for name in COMPARED}
    if as_json:
        print(json.dumps({"counts": found.counts, "columns": columns, "examples": listed}, ensure_ascii=False))
        return 0
    for name in COMPARED:
        counts = ", ".join(f"{count} {kind}" for kind, count in found.tables[name].counts.items())
        where = ", ".join(f"{column} {count}" for column, count in columns[name].items())
        print(f"{name}: {counts}" + (f" ({where})" if where else ""))
    for row in listed:
        print(f"  {row['what']}: {_line(row['which'])}" + (f": {_line(row['how'])}" if row["how"] else ""))
    return 0


def _line(text: str) -> str:
    """Return what a terminal takes for text alone, on one line: a name may hold anything."""
    plain = "".join(letter if letter.isprintable() else "\ufffd" for letter in " ".join(text.split()))
    return plain if len(plain) <= _LONGEST else f"{plain[: _LONGEST - 1]}…"
