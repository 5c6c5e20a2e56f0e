"""`graftline rollback`: the knowledge graph's previous version again."""

import click

from pipelines.commands.command import Command


@click.command(cls=Command)
def command() -> int:
    """Switch the knowledge graph back to its previous version."""
    from resources.graph.stores import rollback
    from resources.settings import Settings

    print(rollback(Settings.load()))
    return 0
