"""`graftline entities`: who is who in the graph, why, and what a person says of it."""

from typing import TYPE_CHECKING

import click

from pipelines.commands.command import HELP_SETTINGS, Command
from pipelines.core.errors import InputError, NotMaterializedError

if TYPE_CHECKING:
    from pipelines.knowledge.entities.edits import Edit, Edits
    from pipelines.knowledge.entities.lookup import Book
    from resources.tables.tables import TableStore

_MOST = 30


@click.group(context_settings=HELP_SETTINGS)
def command() -> None:
    """Show, join and part the entities of the graph.

    Merges and splits are kept in a file (GRAFTLINE_ENTITY_EDITS, unset: entities.yaml in the home), replayed on every
    run, and can be taken back. They take effect at the next `graftline run`.
    """


@command.command("list", cls=Command)
@click.option("--duplicates", is_flag=True, help="pairs that look alike and were not joined, the likeliest first")
@click.option("--edits", is_flag=True, help="the merges and splits by hand, numbered")
@click.option("--count", type=click.IntRange(1), default=_MOST, show_default=True, help="lines at most")
def list_entities(duplicates: bool, edits: bool, count: int) -> int:
    """List the most mentioned entities, the suspected duplicates, or the edits by hand."""
    from pipelines.core.errors import shell_command
    from pipelines.knowledge.entities.checks import first_pairs

    if edits:
        made = _edits()
        for number, edit in enumerate(made.made, start=1):
            click.echo(f"{number}  {edit}" + (f"  # {edit.note}" if edit.note else ""))
        click.echo(f"{len(made.made)} edits in {made.file}")
        return 0
    tables = _tables()
    if duplicates:
        pairs = tables.read("suspected_duplicates")
        for row in first_pairs(pairs, count):
            click.echo(f"{row['one']} ~ {row['other']}  {row['rule']} {row['score']:.2f}: {row['reason']}")
            click.echo(f"    {shell_command('graftline', 'entities', 'merge', row['one'], row['other'])}")
        click.echo(f"{pairs.num_rows} suspected pairs")
        return 0
    rows = sorted(tables.read("entities").to_pylist(), key=lambda row: (-row["mentions"], row["name"]))
    for row in rows[:count]:
        aliases = f"  also {', '.join(row['aliases'][:4])}" if row["aliases"] else ""
        click.echo(f"{row['mentions']:6}  {row['type']:13} {row['name']}{aliases}")
    click.echo(f"{len(rows)} entities")
    return 0


@command.command("show", cls=Command)
@click.argument("name")
def show(name: str) -> int:
    """Print all that is known of an entity.

    NAME is its name, an alias or the beginning of its id. Printed are its type, description, names (with why they are
    its own), relations, the places where it stands, and its community.
    """
    book = _book()
    for number, row in enumerate(book.find(name)):
        click.echo(
            ("\n" if number else "") + f"{row['name']}  {row['type']}  {row['mentions']} mentions  {row['entity_id']}"
        )
        if row["description"]:
            click.echo(f"  {row['description']}")
        for one in book.names_of(row):
            where = f" in {_path(book, one['document_id'])}" if one["document_id"] else ""
            said = f": {one['evidence']}" if one["evidence"] else ""
            why = f"{one['rule']} {one['score']:.2f} by {one['by']}{said}"
            click.echo(f"  also {one['alias']} ({one['mentions']}){where}, {why}")
        for line in book.relations_of(row):
            click.echo(f"  {line}")
        for line in book.sentences_of(row):
            click.echo(f"  {line}")
        if community := book.community_of(row):
            click.echo(f"  community: {community}")
    return 0


@command.command("merge", cls=Command)
@click.argument("one", metavar="A")
@click.argument("other", metavar="B")
@click.option("--note", default="", help="why, kept beside the edit")
def merge(one: str, other: str, note: str) -> int:
    """Say that two names are one thing; the same name twice: all of that name are one."""
    return _keep(_book().merge(one, other).model_copy(update={"note": note}))


@command.command("split", cls=Command)
@click.argument("name")
@click.option("--alias", default="", help="the one name that is something else; unset: all that it was joined with")
@click.option("--document", default="", metavar="PATH", help="the document in which the name is somebody else's")
@click.option("--note", default="", help="why, kept beside the edit")
def split(name: str, alias: str, document: str, note: str) -> int:
    """Say that a name is not its aliases, not one of them, or somebody else in one document."""
    if alias and document:
        raise click.UsageError("one of --alias and --document")
    return _keep(_book().split(name, alias, document).model_copy(update={"note": note}))


@command.command("undo", cls=Command)
@click.argument("number", type=click.IntRange(1), required=False)
def undo(number: int | None) -> int:
    """Take back the last edit by hand, or the one with this NUMBER of `graftline entities list --edits`."""
    edits = _edits()
    if not edits.made or (number or 1) > len(edits.made):
        found = f"{len(edits.made)} edits in {edits.file}"
        raise InputError(f"undo {number or ''}".strip(), found, "an edit's number", "graftline entities list --edits")
    place = (number or len(edits.made)) - 1
    edits.without(place).write()
    click.echo(f"taken back: {edits.made[place]}; it takes effect at the next graftline run")
    return 0


def _keep(edit: "Edit") -> int:
    edits = _edits().with_edit(edit)
    edits.write()
    click.echo(f"{edit}: edit {len(edits.made)} in {edits.file}")
    click.echo("It takes effect at the next graftline run; graftline entities undo takes it back.")
    return 0


def _path(book: "Book", document_id: str) -> str:
    chunks = book.chunks.select(["document_id", "path"]).to_pylist()
    return next((row["path"] for row in chunks if row["document_id"] == document_id), document_id)


def _edits() -> "Edits":
    from pipelines.knowledge.entities.edits import Edits
    from resources.settings import Settings

    return Edits.read(Settings.load().entity_edits_file)


def _tables() -> "TableStore":
    from resources.settings import Settings
    from resources.tables.tables import TableStore

    tables = TableStore(Settings.load().home / "tables")
    if not tables.digest("aliases"):  # none yet, or those of an earlier release
        run = "graftline run --select entity_graph"
        raise NotMaterializedError("the entities", "no stored table", "an earlier run", run)
    return tables


def _book() -> "Book":
    from pipelines.knowledge.entities.lookup import Book

    tables = _tables()
    entities, relations, aliases, chunks = map(tables.read, ("entities", "relations", "aliases", "chunks"))
    return Book(entities, relations, aliases, chunks, tables.find("communities"), tables.find("community_summaries"))
