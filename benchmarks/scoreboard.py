"""The scoreboard that a home's last run made, and that of retrieval alone on MuSiQue-100 and 2Wiki-101.

.venv/bin/python -m benchmarks.scoreboard --made --datasets musique --markdown docs/benchmarks/scoreboard.md

`--made` prints the board of GRAFTLINE_HOME, which `graftline run` makes over the modes of GRAFTLINE_MODES. On the
multi-hop sets each mode is paired with `native`, and no model is asked.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa

from benchmarks.corpora import multihop
from benchmarks.corpora.board_page import board_page
from benchmarks.ground.common import machine, say
from benchmarks.retrieval import fill
from pipelines.answering.retrievers import Retrievers
from pipelines.answering.scoreboard.board import ALL, scoreboard_of, verdicts_of
from pipelines.answering.scoreboard.pairs import GRAPH_MODES, graph_verdict
from pipelines.answering.scoreboard.picture import draw_scoreboard
from pipelines.answering.scoreboard.scoring import retrieval_scores
from pipelines.answering.settings import AnswerSettings
from pipelines.core.errors import GraftlineError, NotMaterializedError
from pipelines.core.schemas import QUESTIONS
from resources.graph.embedded import EmbeddedGraphStore
from resources.settings import Settings
from resources.tables.tables import TableStore

_DEEP = 5


def questions_of(corpus: multihop.QuestionSet) -> pa.Table:
    """Return a corpus's questions as QUESTIONS; each passage is a document, named by its chunk's id."""
    rows = [
        {
            "id": f"{corpus.name}-{number:03}",
            "question": question.text,
            "answer": "",
            "documents": sorted(question.gold),
            "type": "multi-hop",
            "language": "en",
            "origin": "",
        }
        for number, question in enumerate(corpus.questions)
    ]
    return pa.Table.from_pylist(rows, schema=QUESTIONS)


def board_of(name: str, modes: Sequence[str], home: Path, limit: int | None) -> pa.Table:
    """Return the scoreboard of these modes' retrieval on one corpus; its store is kept below `home`."""
    corpus, embedder = multihop.load(name, limit), multihop.CorpusEmbedder(home)
    store = EmbeddedGraphStore(home / "bench" / "retrieval" / name)
    fill(store, corpus, embedder, home, with_graph=bool(set(modes) & set(GRAPH_MODES)))
    retrievers = Retrievers(store, embedder, AnswerSettings())

    def retrieve(question: str, mode: str) -> list[str]:
        return [row["chunk_id"] for row in retrievers.of(mode).retrieve(question, _DEEP).chunks]

    scores = retrieval_scores(questions_of(corpus), modes, retrieve, {key: key for key in corpus.ids})
    return scoreboard_of(scores)


def made(home: Path, picture: Path | None) -> str:
    """Return the board of the home's last run as Markdown, and draw it; NotMaterializedError where there is none."""
    board = TableStore(home / "tables").find("scoreboard")
    if board is None:
        raise NotMaterializedError(
            str(home), "no scoreboard", "the board of a run", "graftline run --select scoreboard"
        )
    if picture:
        draw_scoreboard(board, picture)
    return f"## The questions of the home, every mode\n\n{board_page(board)}"


def section(name: str, board: pa.Table) -> str:
    """Return one corpus's figures and what is said of each mode, as Markdown."""
    rows = {(row["mode"], row["metric"]): row for row in board.to_pylist() if row["type"] == row["language"] == ALL}
    lines = [f"## {name}", "", "| mode | recall@5 | interval | ms a query |", "| --- | --- | --- | --- |"]
    for mode in sorted({mode for mode, _ in rows}):
        recall, seconds = rows[mode, "recall_at_5"], rows[mode, "seconds"]
        span = f"[{recall['low']:.3f}, {recall['high']:.3f}]"
        lines.append(f"| `{mode}` | {recall['value']:.3f} | {span} | {1000 * seconds['value']:.0f} |")
    verdicts = {kind: said for kind, said in verdicts_of(board).items() if kind == ALL}
    graph = graph_verdict(verdicts)
    lines += ["", *(f"- {line}" for said in verdicts.values() for line in said), *([f"- {graph}"] if graph else [])]
    return "\n".join(lines) + "\n"


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print and, where asked, write; see the module."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.scoreboard", description=__doc__.splitlines()[0])
    parser.add_argument("--modes", default="native,hybrid,local,global", help="modes, divided by commas")
    parser.add_argument("--datasets", default=",".join(multihop.DATASETS), help="divided by commas")
    parser.add_argument("--limit", type=int, help="so many questions of each alone")
    parser.add_argument("--made", action="store_true", help="the board of GRAFTLINE_HOME's last run first")
    parser.add_argument("--picture", type=Path, help="where to draw that board")
    parser.add_argument("--markdown", type=Path, help="the page to write")
    options = parser.parse_args(arguments)
    home, parts = Settings.load().home, []
    if options.made:
        parts.append(made(home, options.picture))
    for name in filter(None, options.datasets.split(",")):
        say(name)
        parts.append(section(name, board_of(name, options.modes.split(","), home, options.limit)))
    command = " ".join(["python -m benchmarks.scoreboard", *(sys.argv[1:] if arguments is None else arguments)])
    host = machine()
    where = f"{host['processor']}, {host['cores']} cores, load {host['load_at_start']} at the start"
    page = f"# Benchmark: scoreboard\n\nMade by `{command}`. {where}.\n\n" + "\n".join(parts)
    print(page)
    if options.markdown:
        options.markdown.write_text(page, encoding="utf-8")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except GraftlineError as problem:
        sys.exit(str(problem))
