"""`graftline history`: the registered versions of the model, what each was made from, and why it is where it is."""

import json
from collections.abc import Sequence
from dataclasses import asdict

import click

from pipelines.commands.command import Command

_HEAD = ("version", "recipe", "data", "code", "evaluation", "verdict", "aliases", "registered")
_DIGEST = 12


@click.command(cls=Command)
@click.option("--json", "as_json", is_flag=True, help="print one JSON list, with whole digests and reasons")
def command(as_json: bool) -> int:
    """List the versions of the model, what each was made from, and the verdict on it.

    Data and evaluation are digests (of `instruction_dataset`, and of `evaluation` of the recipe), whole with --json,
    which has the reasons too. What an earlier release registered has blanks.
    """
    from pipelines.finetune.promotion.aliases import history
    from resources.settings import Settings
    from resources.tracking.tracker import Tracker

    settings = Settings.load()
    found = history(Tracker(settings.tracking_uri, settings.home))
    if as_json:
        print(json.dumps([asdict(entry) for entry in found], ensure_ascii=False))
        return 0
    rows = [
        (
            entry.version, entry.recipe, entry.dataset[:_DIGEST], entry.code, entry.evaluation[:_DIGEST], entry.verdict,
            ", ".join(entry.aliases), entry.registered,
        )
        for entry in found
    ]  # fmt: skip
    print(_table([_HEAD, *rows]) if rows else "no version of the model is registered yet: graftline run")
    return 0


def _table(rows: Sequence[Sequence[str]]) -> str:
    widths = [max(len(row[place]) for row in rows) for place in range(len(_HEAD))]
    return "\n".join(
        "  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    )
