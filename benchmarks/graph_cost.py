r"""What a graph costs: model tokens of a build with reports and of a small change, ours and three peers' side by side.

.venv/bin/python -m benchmarks.graph_cost --json docs/benchmarks/graph_cost.json \
    --markdown docs/benchmarks/graph_cost.md
"""

import json
import shutil
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.corpora.multihop import folder as data_folder
from benchmarks.cost.counting_server import CountingServer, Tokens, counting_server
from benchmarks.cost.scripted_model import REPORT
from benchmarks.cost.systems import OURS, PEERS, TABLES, System
from benchmarks.ground.common import (
    Row,
    add_sizes,
    chosen_sizes,
    finish,
    machine,
    number,
    parse,
    ratio,
    result,
    say,
    versions,
)
from benchmarks.ground.process import ProcessFailed
from benchmarks.peers import PEERS as REQUIREMENTS
from pipelines.core.errors import GraftlineError
from resources.settings import Settings
from resources.tables.tables import TableStore

ROWS = {
    "tokens_per_corpus_token": ("tokens", "<= 12"),
    "tokens_vs_graphrag": ("x", ">= 8"),
    "tokens_vs_lightrag": ("x", ">= 5"),
    "tokens_vs_nano_graphrag": ("x", ""),
    "delta_tokens": ("share", "<= 0.15"),
    "delta_vs_peers": ("x", ">= 5"),
    "delta_vs_peers_same_work": ("x", ""),
    "delta_equals_rebuild": ("rows", "<= 0"),
}
_PACKAGES = ("dagster", "lancedb", "openai", "tiktoken")


@dataclass(frozen=True)
class Sizes:
    """Passages of 2Wiki, each a document."""

    documents: int


FULL, QUICK = Sizes(100), Sizes(40)


@dataclass
class Spent:
    """What one system asked of the model for the first build and for the change, and the seconds of both."""

    build: Tokens = field(default_factory=Tokens)
    delta: Tokens = field(default_factory=Tokens)
    seconds: list[float] = field(default_factory=list)
    failure: str = ""


def write(texts: Path, passages: Sequence[dict[str, str]]) -> None:
    """Write one file a passage."""
    texts.mkdir(parents=True)
    for place, passage in enumerate(passages):
        _file(texts, place).write_text(f"{passage['title']}\n\n{passage['text']}\n", encoding="utf-8")


def _file(texts: Path, place: int) -> Path:
    return texts / f"passage-{place:05}.txt"


def change(texts: Path, passages: Sequence[dict[str, str]], count: int) -> int:
    """Change, delete and add 1 % of the first `count` passages each, evenly spread; return how many of each."""
    share = max(1, count // 100)
    step = count // share
    for place in range(share):
        changed = _file(texts, place * step + step // 3)
        more = passages[count + share + place]["text"].split(". ")[0].rstrip(".")
        changed.write_text(f"{changed.read_text(encoding='utf-8').rstrip()} {more}.\n", encoding="utf-8")
        _file(texts, place * step + 2 * step // 3).unlink()
        added = passages[count + place]
        _file(texts, count + place).write_text(f"{added['title']}\n\n{added['text']}\n", encoding="utf-8")
    return share


def spend(system: System, kept: Path, first: Path, changed: Path, server: CountingServer) -> Spent:
    """Build over the first folder, then bring it up to date with the changed one."""
    spent = Spent()
    try:
        for name, texts in (("build", first), ("delta", changed)):
            say(f"{system.name}: {name}")
            before, started = server.counted(), time.monotonic()
            system.bring(kept, texts, server.address)
            setattr(spent, name, server.counted() - before)
            spent.seconds.append(time.monotonic() - started)
    except (ProcessFailed, GraftlineError, OSError, AssertionError) as error:
        spent.failure = str(error)
    return spent


def differing_rows(one: Path, other: Path) -> dict[str, int]:
    """Return by table how many rows only one of two homes has."""
    found = {}
    for name in TABLES:
        rows = [
            {json.dumps(row, sort_keys=True, default=str) for row in TableStore(home / "tables").read(name).to_pylist()}
            for home in (one, other)
        ]
        found[name] = len(rows[0] ^ rows[1])
    return found


def rows_of(spent: dict[str, Spent], corpus: int, differing: dict[str, int] | None, share: int) -> list[Row]:
    """Return the rows of what was counted; one whose system failed says so."""
    ours = spent[OURS.name]
    if ours.failure:
        return [Row(name, *ROWS[name], note=f"not measured: {ours.failure}") for name in ROWS]
    told = f"{corpus:,} tokens of corpus; {ours.build}; {ours.seconds[0]:.0f} s"
    found = [Row("tokens_per_corpus_token", *ROWS["tokens_per_corpus_token"], ours.build.total / corpus, note=told)]
    for peer in PEERS:
        row, theirs = f"tokens_vs_{peer.name}", spent.get(peer.name)
        if theirs is None or theirs.failure:
            found.append(Row(row, *ROWS[row], note=f"not measured: {theirs.failure if theirs else 'left out'}"))
            continue
        note = f"{theirs.build.total / corpus:.1f} tokens a token of corpus; {theirs.build}; {theirs.seconds[0]:.0f} s"
        value = ratio(theirs.build.total, ours.build.total)
        found.append(Row(row, *ROWS[row], value, ours.build.total, theirs.build.total, note))
    note = f"{share} documents changed, {share} deleted, {share} added; {ours.delta or 'nothing was asked'}"
    shares = ratio(ours.delta.total, ours.build.total)
    found.append(Row("delta_tokens", *ROWS["delta_tokens"], shares, ours.delta.total, ours.build.total, note))
    found += [_delta_against_peers(spent), _delta_of_the_same_work(spent)]
    if differing is not None:
        total = sum(differing.values())
        note = f"{', '.join(f'{name} {rows}' for name, rows in differing.items())}: rows that only one of the two has"
        found.append(Row("delta_equals_rebuild", *ROWS["delta_equals_rebuild"], float(total), note=note))
    return found


def _measured(spent: dict[str, Spent]) -> dict[System, int]:
    """Return the tokens of the change by peer, of those that ran."""
    return {peer: one.delta.total for peer in PEERS if (one := spent.get(peer.name)) and not one.failure}


_NO_DELTA = "not measured: no peer ran, or nothing was asked for the change"


def _delta_against_peers(spent: dict[str, Spent]) -> Row:
    name, ours, measured = "delta_vs_peers", spent[OURS.name].delta.total, _measured(spent)
    if not measured or not ours:
        return Row(name, *ROWS[name], note=_NO_DELTA)
    least = min(measured.values())
    note = "; ".join(f"{peer.name} {number(tokens)} tokens by {peer.update}" for peer, tokens in measured.items())
    return Row(name, *ROWS[name], ratio(least, ours), ours, least, f"the cheapest peer's; {note}")


def _delta_of_the_same_work(spent: dict[str, Spent]) -> Row:
    """Return the least over the peers where ours leaves out the reports beside one that writes none."""
    name, ours, measured = "delta_vs_peers_same_work", spent[OURS.name].delta, _measured(spent)
    mine = {peer: ours.total - (0 if peer.reports else ours.of_kind(REPORT)) for peer in measured}
    if not measured or not all((*measured.values(), *mine.values())):
        return Row(name, *ROWS[name], note=_NO_DELTA)
    note = "; ".join(
        f"{peer.name} {number(tokens)} against {number(mine[peer])}"
        + ("" if peer.reports else ", which writes no reports: ours without them")
        for peer, tokens in measured.items()
    )
    return Row(name, *ROWS[name], min(ratio(tokens, mine[peer]) for peer, tokens in measured.items()), note=note)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print and write; see the module."""
    options = parse("graph_cost", tuple(ROWS), arguments, lambda parser: add_sizes(parser, FULL))
    host, size = machine(), chosen_sizes(options, FULL, QUICK)
    work = Settings.load().home / "work" / "graph-cost-benchmark"
    shutil.rmtree(work, ignore_errors=True)
    corpus_file = data_folder() / "2wikimultihopqa_corpus.json"
    passages = json.loads(corpus_file.read_text(encoding="utf-8"))
    count = min(size.documents, len(passages) // 2)
    first, changed = work / "first", work / "changed"
    write(first, passages[:count])
    shutil.copytree(first, changed)
    share = change(changed, passages, count)
    deltas = {"delta_vs_peers", "delta_vs_peers_same_work"}
    wanted = {peer.name for peer in PEERS if {f"tokens_vs_{peer.name}", *deltas} & set(options.rows)}
    with counting_server() as server:
        corpus = sum(server.length(path.read_text(encoding="utf-8")) for path in first.iterdir())
        systems = [OURS, *(peer for peer in PEERS if peer.name in wanted)]
        spent = {system.name: spend(system, work / system.name, first, changed, server) for system in systems}
        differing = None
        if "delta_equals_rebuild" in options.rows and not spent[OURS.name].failure:
            OURS.bring(work / "rebuilt", changed, server.address)
            differing = differing_rows(work / OURS.name, work / "rebuilt")
    rows = [row for row in rows_of(spent, corpus, differing, share) if row.id in options.rows]
    found = result("graph_cost", rows, host, versions=_versions(), details=_details(spent), documents=count)
    given = " ".join(sys.argv[1:] if arguments is None else arguments)
    finish(options, found, f"python -m benchmarks.graph_cost {given}".strip())
    return 0


def _versions() -> dict[str, str]:
    """Return our packages' versions and those that the peers' environments are made with."""
    pinned = (
        requirement.split("==") for peer in PEERS for requirement in REQUIREMENTS[peer.name] if "==" in requirement
    )
    return versions(_PACKAGES) | {name: version for name, version in pinned}


def _details(spent: dict[str, Spent]) -> dict[str, Any]:
    lines = [
        f"{name}: build {one.build}; {one.seconds[0]:.0f} s\n{name}: change {one.delta}; {one.seconds[1]:.0f} s"
        for name, one in spent.items()
        if not one.failure
    ]
    return {"What was asked": "\n".join(lines)} if lines else {}


if __name__ == "__main__":
    try:
        sys.exit(main())
    except GraftlineError as problem:  # no data, for one
        sys.exit(str(problem))
