"""`graftline night`: what the schedule does, in the foreground."""

import click

from pipelines.commands.command import Command


@click.command(cls=Command)
def command() -> int:
    """What the schedule nightly_retraining does, in the foreground."""
    from pipelines.commands.run import run_night

    return run_night(None)
