"""`graftline rollback`: the previous version of the graph, or of the model, again."""

import click

from pipelines.commands.command import Command


@click.command(cls=Command)
@click.option("--graph", "what", flag_value="graph", default="graph", help="the knowledge graph; so without either")
@click.option("--model", "what", flag_value="model", help="the champion: the alias goes to the version before")
def command(what: str) -> int:
    """Switch the knowledge graph, or the champion, back to its previous version.

    A second call undoes the first. A model that was rolled back from is promoted by no night any more, until
    `graftline promote` takes it.
    """
    from resources.settings import Settings

    settings = Settings.load()
    if what == "model":
        from pipelines.finetune.promotion import aliases
        from resources.tracking.tracker import Tracker

        print(aliases.rollback(Tracker(settings.tracking_uri, settings.home)))
        return 0
    from resources.graph.stores import rollback

    print(rollback(settings))
    return 0
