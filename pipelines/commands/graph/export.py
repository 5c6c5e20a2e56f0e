"""`graftline export graph`: the stored knowledge graph as files that other tools read."""

from pathlib import Path

import click

from pipelines.commands.command import Command, NearestChoice

FORMATS = ("html", "graphml", "parquet")


@click.command(cls=Command)
@click.argument("folder", metavar="[DIR]", required=False)
@click.option(
    "--format",
    "forms",
    type=NearestChoice(FORMATS),
    multiple=True,
    help="only this one (repeatable; default: all): a page for the browser, GraphML for Gephi, yEd and networkx, or "
    "the five tables as Parquet with their vectors",
)
def command(folder: str | None, forms: tuple[str, ...]) -> int:
    """Write the knowledge graph as an interactive page, as GraphML and as Parquet.

    DIR is by default exports/graph below the home. The page holds all that it shows and loads nothing.
    """
    from pipelines.knowledge.graph import exports
    from resources.graph.stored_graph import current_graph
    from resources.settings import Settings

    home = Settings.load().home
    place, wanted = Path(folder) if folder else home / "exports" / "graph", forms or FORMATS
    vectors = any(form in exports.WITH_VECTORS for form in wanted)
    tables = current_graph(home, vectors)
    for form in wanted:
        written = exports.FORMATS[form](tables, place)
        print(f"{written.path}: {written.told}")
    return 0
