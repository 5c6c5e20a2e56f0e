"""`graftline` alone: what to do first, where everything lies, and whether something is there already."""

from datetime import datetime
from pathlib import Path

import click

from pipelines.commands.command import Command

_QUESTION = 'graftline ask "What does express delivery in Europe cost?"'
_PAGE = f"""  graftline run         materialise every asset once, on the sample or your own data; make run does the same
  {_QUESTION}
  graftline train lora  train one recipe, with other values where you like: lora_rank=4 --max_samples 32
  graftline ui          Dagster and MLflow on localhost
  graftline doctor      each setting, where it comes from, and what is wrong

graftline --help lists all commands, graftline COMMAND --help says what one of them takes."""


@click.command(cls=Command)
def command() -> int:
    """Print the page."""
    from resources.settings import Settings

    print(page(Settings.load().home))
    return 0


def page(home: Path) -> str:
    """Return the first page, by a look at the pointers of stored tables: nothing is opened."""
    tables = home / "tables"
    times = [path.stat().st_mtime for path in tables.glob("*.json")]
    if not times:
        state, following = "nothing is materialised yet", "graftline run"
    elif not (tables / "knowledge_graph.json").exists():
        state, following = "materialised in part", "graftline run"
    else:
        state, following = "materialised", _QUESTION
    if times:
        state += f", last on {datetime.fromtimestamp(max(times)):%Y-%m-%d at %H:%M}"
    return (
        f"Graftline: your own model and your own knowledge graph, kept fresh.\n\n"
        f"Home  {home}: {state}\nNext  {following}\n\n{_PAGE}"
    )
