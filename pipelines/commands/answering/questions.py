"""`graftline questions`: questions with gold answers and documents, made from the graph's relations."""

import json
from collections import Counter
from pathlib import Path

import click

from pipelines.commands.command import Command
from pipelines.core.errors import InputError


@click.command(cls=Command)
@click.option("--count", type=click.IntRange(min=1), default=40, show_default=True, help="how many at most")
@click.option("--seed", type=int, default=0, show_default=True, help="another one chooses others")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="the file; by default one that nights ask")
def command(count: int, seed: int, out: Path | None) -> int:
    """Make questions with gold answers and documents from the graph's relations.

    Half ask for one relation, a quarter for two in a row that stand in two documents, a quarter for one that the graph
    lacks. They are marked as generated and as right as the graph is: read them before you trust a figure.
    """
    from pipelines.answering.scoreboard.generation import generate_questions
    from pipelines.core.files import write_atomically
    from resources.settings import Settings
    from resources.tables.tables import TableStore

    settings = Settings.load()
    tables = TableStore(settings.home / "tables")
    rows = generate_questions(tables.read("entities"), tables.read("relations"), tables.read("chunks"), count, seed)
    if not rows:
        raise InputError(
            "the knowledge graph",
            "no typed relation that one document alone states",
            "relations such as LOCATED_IN or FOUNDED_BY",
            "add documents, or name a model that finds relations: GRAFTLINE_EXTRACTOR=llm graftline run",
        )
    path = out or settings.questions / "generated.jsonl"
    _refuse_others_questions(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(path, "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows))
    kinds = Counter(row["type"] for row in rows)
    print(f"{len(rows)} questions ({', '.join(f'{number} {kind}' for kind, number in sorted(kinds.items()))}): {path}")
    if len(rows) < count:
        print(f"the graph holds no more of these kinds: {count - len(rows)} fewer than {count}")
    return 0


def _refuse_others_questions(path: Path) -> None:
    """Raise InputError where the file holds a line that this command did not make."""
    from pipelines.answering.scoreboard.questions import GENERATED

    lines = path.read_text(encoding="utf-8-sig").splitlines() if path.exists() else []
    for number, line in enumerate(lines, start=1):
        try:
            made = not line.strip() or json.loads(line).get("origin") == GENERATED
        except (json.JSONDecodeError, AttributeError):
            made = False
        if not made:
            raise InputError(
                f"{path}, line {number}", "a line that is not generated", "a new file, or one of this command's",
                "graftline questions --out another.jsonl",
            )  # fmt: skip
