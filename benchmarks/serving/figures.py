"""What is measured of an engine, the guide's own figures beside it, and the table that holds both."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from benchmarks.ground.common import Row, median, number

ENGINES = ("vllm-server", "transformers", "llama.cpp", "sglang", "tensorrt-llm")
"""In the table's order; a hosted API is somebody else's machine and stands in no table of this one's."""
FIGURES = {
    "tokens_per_second": ("tokens/s", "generated, at the best batch size; in parentheses each size's"),
    "first_token_seconds": ("s", "from the request to the first piece of the answer, median"),
    "peak_memory_gib": ("GiB", "largest resident sets of its processes, added up"),
    "kv_share": ("share", "of the room for keys and values that held tokens, at its most"),
    "agreement": ("share", "of the reference's tokens up to the first that differs; transformers, float32, batch 1"),
    "prefix_hit_rate": ("share", "of the guide's three prompts' tokens that were known from an earlier one"),
    "long_prefix_hit_rate": ("share", "the same of three questions after eight answered ones"),
}
GUIDE = {"transformers": "10", "vllm-server": "100–150", "sglang": "120–180", "tensorrt-llm": "200+"}
"""The guide's tokens a second: 7B, 100 in, 100 out, A100."""
GUIDE_SAYS = (
    "The guide's figures are of a 7B model on an A100 (100 tokens in, 100 out), ours of the model and machine above: "
    "only their order can be compared. It says of keys and values that half of their room is wasted by fixed "
    "allocation and 95 % used by paging; that vLLM shares no prefix and SGLang does (today's vLLM does, in whole "
    "blocks: a prefix shorter than a block is not shared); that llama.cpp on a CPU is 10–20 times slower than a GPU."
)
_BY_BATCH = "by batch size "


@dataclass(frozen=True)
class Measured:
    """What one engine did; a figure that it does not tell is None."""

    speeds: Mapping[int, float]
    """Tokens a second by batch size."""
    first_token_seconds: Sequence[float]
    peak_memory_bytes: int
    kv_share: float | None
    outputs: Sequence[Sequence[int]]
    prefix_hit_rate: float | None
    long_prefix_hit_rate: float | None
    start_seconds: float
    dtype: str


def identifier(engine: str, figure: str) -> str:
    """Return the id of a row.

    >>> identifier("llama.cpp", "agreement")
    'llama_cpp_agreement'
    """
    return f"{engine.removesuffix('-server').replace('.', '_').replace('-', '_')}_{figure}"


def rows_of_all() -> dict[str, tuple[str, str]]:
    """Return every row's id with its unit and target: there are none, the table says what is."""
    return {identifier(engine, figure): (unit, "") for engine in ENGINES for figure, (unit, _) in FIGURES.items()}


def agreement(reference: Sequence[Sequence[int]], made: Sequence[Sequence[int]]) -> float:
    """Return the share of the reference's tokens that come before the first difference of each answer.

    >>> agreement([[1, 2, 3, 4], [5, 6]], [[1, 2, 9, 4], [5, 6]])
    0.6666666666666666
    """
    alike = 0
    for wanted, found in zip(reference, made, strict=True):
        pairs = [one == other for one, other in zip(wanted, found, strict=False)]
        alike += pairs.index(False) if False in pairs else len(pairs)
    return alike / sum(map(len, reference))


def rows_of(engine: str, it: Measured, reference: Sequence[Sequence[int]]) -> list[Row]:
    """Return the rows of an engine that was measured."""
    made = it.outputs[: len(reference)]
    values = {
        "tokens_per_second": max(it.speeds.values()),
        "first_token_seconds": median(it.first_token_seconds),
        "peak_memory_gib": it.peak_memory_bytes / 2**30,
        "kv_share": it.kv_share,
        "agreement": agreement(reference, made),
        "prefix_hit_rate": it.prefix_hit_rate,
        "long_prefix_hit_rate": it.long_prefix_hit_rate,
    }
    same = sum(list(one) == list(other) for one, other in zip(reference, made, strict=True))
    notes = {
        "tokens_per_second": f"{it.dtype}; {_BY_BATCH}"
        + ", ".join(f"{size}: {number(speed)}" for size, speed in it.speeds.items())
        + f"; its start took {number(it.start_seconds)} s and is not in them"
        + (f"; the guide says {GUIDE[engine]}" if engine in GUIDE else ""),
        "agreement": f"{same} of {len(reference)} answers are the same to their end",
    }
    for name, (_, told) in FIGURES.items():
        notes.setdefault(name, f"{engine} does not tell it" if values[name] is None else told)
    return [
        Row(identifier(engine, name), unit, "", values[name], note=notes[name]) for name, (unit, _) in FIGURES.items()
    ]


def skipped_rows(engine: str, reason: str) -> list[Row]:
    """Return the rows of an engine that cannot run here."""
    return [Row(identifier(engine, name), unit, "", note=f"skipped: {reason}") for name, (unit, _) in FIGURES.items()]


def _by_batch(row: Row | None) -> str:
    """Return a speed's batch sizes as its note tells them, in parentheses; "" where it has none."""
    told = [part for part in row.note.split("; ") if part.startswith(_BY_BATCH)] if row else []
    return f" ({told[0].removeprefix(_BY_BATCH)})" if told else ""


def page(rows: Sequence[Row]) -> str:
    """Return the table of all engines as Markdown, one row an engine."""
    by_id = {row.id: row for row in rows}
    head = ["engine", *FIGURES, "the guide's tokens a second"]
    lines = ["", "## One table", "", "| " + " | ".join(head) + " |", "| " + " | ".join(["---"] * len(head)) + " |"]
    for engine in ENGINES:
        own = [by_id.get(identifier(engine, name)) for name in FIGURES]
        if not any(own):
            continue
        reason = next((row.note for row in own if row and row.note.startswith("skipped")), "")
        cells = [number(row.value if row else None) for row in own]
        cells[0] += _by_batch(own[0])
        lines.append(
            "| " + " | ".join([f"{engine} ({reason})" if reason else engine, *cells, GUIDE.get(engine, "–")]) + " |"
        )
    meanings = [f"- `{name}`: {told}" for name, (_, told) in FIGURES.items()]
    return "\n".join([*lines, "", *meanings, "", GUIDE_SAYS, ""])
