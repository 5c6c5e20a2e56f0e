"""`graftline promote`: a version of the model made champion by hand."""

import click

from pipelines.commands.command import Command


@click.command(cls=Command)
@click.argument("version")
def command(version: str) -> int:
    """Make a version of the model champion, whatever a night decided.

    VERSION is a number of `graftline history`. Who was champion becomes `previous`: `graftline rollback --model` goes
    back to it. What the last decision said about the version is printed.
    """
    from pipelines.finetune.promotion.aliases import promote
    from resources.settings import Settings
    from resources.tracking.tracker import Tracker

    settings = Settings.load()
    print(promote(Tracker(settings.tracking_uri, settings.home), version))
    return 0
