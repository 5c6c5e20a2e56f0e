"""`graftline export neo4j`: the graph as files for Neo4j's import."""

import shlex
from pathlib import Path

import click

from pipelines.commands.command import Command
from pipelines.core.errors import NotMaterializedError


@click.command(cls=Command)
@click.argument("folder", metavar="DIR")
def command(folder: str) -> int:
    """Write the files of a first load into a Neo4j that may be stopped.

    The command of neo4j-admin that takes them is printed; the next run with NEO4J_URI makes the indexes.
    """
    from resources.graph.embedded import EmbeddedGraphStore
    from resources.graph.neo4j_loads.import_files import write_import_files
    from resources.settings import Settings

    store = EmbeddedGraphStore(Settings.load().home / "graph")
    graph, version = store.graph(), store.version()
    if graph is None or version is None:
        run = "graftline run --select knowledge_graph"
        raise NotMaterializedError("graftline export neo4j", "no graph", "an earlier run", run)
    line = write_import_files(graph, version, Path(folder))
    print(
        f"cd {shlex.quote(str(Path(folder).absolute()))}    # where the server is, while it is stopped\n{line}\n"
        "# start the server; then, for the indexes:\n"
        "NEO4J_URI=bolt://localhost:7687 graftline run --select knowledge_graph"
    )
    return 0
