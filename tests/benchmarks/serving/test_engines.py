"""The table of engines: every engine has its rows, those that cannot run or fail say why, the page shows them."""

import json
from pathlib import Path
from typing import Any

import pytest

from benchmarks import engines
from benchmarks.serving import prompts as asked
from benchmarks.serving.figures import ENGINES, FIGURES, Measured, agreement, identifier, page, rows_of, skipped_rows
from benchmarks.serving.prompts import GUIDE_PREFIX, Prompts
from benchmarks.serving.servers import SERVERS, gauge, slots_share
from benchmarks.training.samples import Sample
from pipelines.core.errors import ServiceError

IT = Measured({1: 10.0, 8: 40.0}, [0.1, 0.3, 0.2], 1 << 30, 0.5, [[1, 2, 3], [4, 5]], 0.0, None, 3.0, "bfloat16")


def test_agreement_ends_at_the_first_token_that_differs() -> None:
    assert agreement([[1, 2, 3, 4]], [[1, 9, 3, 4]]) == 0.25
    assert agreement([[1, 2], [3, 4]], [[1, 2, 7], [3]]) == 0.75  # one goes on, the other ends early
    assert agreement([[1], [2]], [[2], [1]]) == 0


def test_an_engine_that_was_measured_has_a_row_for_each_figure() -> None:
    rows = {row.id: row for row in rows_of("vllm-server", IT, [[1, 2, 9], [4, 5]])}
    assert list(rows) == [identifier("vllm-server", name) for name in FIGURES]
    assert (
        rows["vllm_tokens_per_second"].value == 40 and "the guide says 100–150" in rows["vllm_tokens_per_second"].note
    )
    assert rows["vllm_first_token_seconds"].value == 0.2 and rows["vllm_peak_memory_gib"].value == 1
    assert rows["vllm_agreement"].value == 0.8 and rows["vllm_agreement"].note.startswith("1 of 2 answers")
    assert rows["vllm_prefix_hit_rate"].value == 0  # no hit is a figure, and not the same as none told
    assert rows["vllm_long_prefix_hit_rate"].note == "vllm-server does not tell it"


def test_every_row_id_belongs_to_one_engine_and_the_gpu_rows_to_none_of_them() -> None:
    assert len(engines.ROWS) == len(ENGINES) * len(FIGURES)
    assert not set(engines.ROWS) & set(engines.GPU_ROWS) and set(engines.RENAMED.values()) == set(engines.GPU_ROWS)
    assert {*ENGINES} - {"transformers"} == set(SERVERS)


def test_the_page_has_a_line_for_each_engine_also_for_those_skipped() -> None:
    text = page([*rows_of("transformers", IT, [[1, 2, 3]]), *skipped_rows("sglang", "sglang is not installed")])
    lines = [line for line in text.splitlines() if line.startswith("| ")]
    assert lines[2].startswith("| transformers | 40 (1: 10, 8: 40) | 0.2 | 1 | 0.5 | 1 | 0 | – | 10 |")
    assert lines[3] == "| sglang (skipped: sglang is not installed) | – | – | – | – | – | – | – | 120–180 |"


def test_what_servers_say_of_their_room() -> None:
    assert gauge('a 1\nvllm:kv_cache_usage_perc{engine="0"} 1.5e-1\n', "vllm:kv_cache_usage_perc") == 0.15
    assert gauge("a 1\n", "b") is None
    busy = {"n_ctx": 100, "is_processing": True, "n_prompt_tokens": 50}
    assert slots_share([busy, busy, {**busy, "is_processing": False}, {"n_ctx": 100, "is_processing": False}]) == 0.25


def test_what_cannot_run_or_fails_says_so_and_the_others_are_measured(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(engine: str, *_: Any) -> Measured:
        if engine == "llama.cpp":
            return IT
        raise ServiceError(f"the {engine} server", "exit status 1", "one that answers", "read its log")

    monkeypatch.setattr(engines, "measure", fails)
    monkeypatch.setattr(engines, "_plain", lambda *_: (IT, [[1, 2, 3]]))
    monkeypatch.setattr(engines, "dtype_name", lambda: "float32")
    monkeypatch.setattr(engines, "prompts", lambda *_: Prompts([[1, 2]], [[1]], [[1]]))
    for name in SERVERS:
        reason = "no GPU" if name == "tensorrt-llm" else ""
        monkeypatch.setitem(engines.SERVERS, name, type("Server", (), {"why_not": staticmethod(lambda r=reason: r)}))
    rows = {row.id: row for row in engines.measured(tmp_path, tmp_path / "work", ENGINES, engines.QUICK, 1)}
    assert rows.keys() == engines.ROWS.keys()
    assert rows["tensorrt_llm_agreement"].note == "skipped: no GPU"
    assert rows["vllm_agreement"].value is None and "exit status 1" in rows["vllm_agreement"].note
    assert rows["llama_cpp_agreement"].value == rows["transformers_agreement"].value == 1


def test_questions_are_asked_alone_and_the_long_prefix_is_shared(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = [Sample(f"question {number}", f"answer {number}") for number in range(40)]
    monkeypatch.setattr(asked.samples, "gsm8k", lambda: drawn)
    monkeypatch.setattr(asked, "render_conversations", lambda model, conversations: conversations)
    found: Any = asked.prompts(Path("model"), 5, 1)
    assert len(found.questions) == 5 and all([turn["role"] for turn in one] == ["user"] for one in found.questions)
    assert [one[0]["content"] for one in found.guide] == [
        f"{GUIDE_PREFIX}{name}？" for name in ("什么是机器学习", "什么是深度学习", "什么是神经网络")
    ]
    assert len(found.long) == 3 and all(one[:16] == found.long[0][:16] and len(one) == 17 for one in found.long)
    assert not {json.dumps(one[-1:]) for one in found.long} & {json.dumps(one) for one in found.questions}
