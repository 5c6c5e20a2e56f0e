"""The child process that generates: reads a job, runs each of its models in turn, writes RESULT.json, then switches.

It runs vLLM's offline batch, or transformers where vLLM is not installed or cannot run the architecture.
"""

import gc
import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pipelines.compute.processor import fast_bfloat16
from pipelines.core.child_process import read_spec

_TOKENS_PER_BATCH = 4096
_LENGTH_STEP = 256
Outputs = list[dict[str, Any]]
Generate = Callable[[list[list[int]]], Outputs]


class CannotRun(Exception):
    """vLLM is not there or cannot run this model; the message says why."""


def main(job: dict[str, Any]) -> None:
    """Run every model of the job and write `{"batches": [...]}` into its folder."""
    batches = [_run(entry["model"], entry["prompts"], job) for entry in job["jobs"]]
    result = Path(job["folder"]) / "RESULT.json"
    beside = result.with_name(".RESULT.json")
    beside.write_text(json.dumps({"batches": batches}, ensure_ascii=False), encoding="utf-8")
    os.replace(beside, result)


def _run(model: str, prompts: list[list[int]], job: dict[str, Any]) -> dict[str, Any]:
    started, engine, fallback = time.perf_counter(), job["engine"], ""
    stop = stop_token_ids(Path(model))
    if engine == "vllm":
        try:
            generate = _vllm(model, prompts, stop, job)
        except CannotRun as error:
            print(f"vLLM cannot run {model}, transformers does: {error}", flush=True)
            engine, fallback = "transformers", str(error)
    if engine == "transformers":
        generate = _transformers(model, stop, job)
    ready = time.perf_counter()
    outputs = generate(prompts)
    done = time.perf_counter()
    del generate
    _let_go(engine)
    return {
        "engine": engine,
        "fallback": fallback,
        "start_seconds": ready - started,
        "generate_seconds": done - ready,
        "dtype": _dtype(),
        "outputs": outputs,
    }


def _let_go(engine: str) -> None:
    gc.collect()
    if engine == "vllm":  # its process groups would refuse a second model in this process
        from vllm.distributed import cleanup_dist_env_and_memory

        cleanup_dist_env_and_memory()


def _dtype() -> Any:
    import torch

    return "bfloat16" if torch.cuda.is_available() or fast_bfloat16() else "float32"


def stop_token_ids(model: Path) -> list[int]:
    """Return the end tokens of `generation_config.json`, else of `config.json`: the same for either engine."""
    for name in ("generation_config.json", "config.json"):
        path = model / name
        found = json.loads(path.read_text(encoding="utf-8")).get("eos_token_id") if path.exists() else None
        if found is not None:
            return found if isinstance(found, list) else [found]
    return []


def _vllm(model: str, prompts: list[list[int]], stop: list[int], job: dict[str, Any]) -> Generate:
    try:
        from vllm import LLM, SamplingParams
        from vllm.sampling_params import StructuredOutputsParams
    except ImportError as error:
        raise CannotRun(f"not importable ({error})") from error
    longest = max(map(len, prompts)) + job["max_tokens"]
    length = min(-(-longest // _LENGTH_STEP) * _LENGTH_STEP, job["context"])
    try:
        llm = LLM(
            model=model,
            dtype=_dtype(),
            enforce_eager=True,
            seed=0,
            generation_config="vllm",
            max_model_len=length,
            max_num_seqs=job["concurrency"],
            trust_remote_code=job["trust_remote_code"],
            disable_log_stats=True,
        )
    except Exception as error:
        raise CannotRun(f"{type(error).__name__}: {error}") from error
    schema = job["schema"]
    sampling = SamplingParams(
        temperature=0.0,
        max_tokens=job["max_tokens"],
        stop_token_ids=stop,
        structured_outputs=StructuredOutputsParams(json=schema) if schema else None,
    )

    def generate(prompts: list[list[int]]) -> Outputs:
        requests: Any = [{"prompt_token_ids": ids} for ids in prompts]
        results = llm.generate(requests, sampling, use_tqdm=True)
        firsts = [result.outputs[0] for result in results]
        return [
            {"text": first.text, "token_ids": list(first.token_ids), "finish_reason": first.finish_reason or "length"}
            for first in firsts
        ]

    return generate


def _transformers(model: str, stop: list[int], job: dict[str, Any]) -> Generate:
    import torch
    from tqdm import tqdm
    from transformers import AutoModelForCausalLM, AutoTokenizer

    device = "cuda" if torch.cuda.is_available() else "cpu"
    trust = job["trust_remote_code"]
    tokenizer = AutoTokenizer.from_pretrained(model, trust_remote_code=trust)
    network: Any = AutoModelForCausalLM.from_pretrained(model, dtype=getattr(torch, _dtype()), trust_remote_code=trust)
    network = network.to(device).eval()
    pad = stop[0] if stop else 0

    def generate(prompts: list[list[int]]) -> Outputs:
        outputs: dict[int, dict[str, Any]] = {}
        for rows in tqdm(list(length_sorted_batches([len(ids) for ids in prompts], job["max_tokens"]))):
            width = max(len(prompts[row]) for row in rows)
            ids = torch.tensor([[pad] * (width - len(prompts[row])) + prompts[row] for row in rows], device=device)
            mask = torch.tensor([[0] * (width - len(prompts[row])) + [1] * len(prompts[row]) for row in rows])
            with torch.inference_mode():
                made = network.generate(
                    input_ids=ids,
                    attention_mask=mask.to(device),
                    max_new_tokens=job["max_tokens"],
                    do_sample=False,
                    eos_token_id=stop or None,
                    pad_token_id=pad,
                    temperature=None,
                    top_p=None,
                    top_k=None,
                )
            for row, tokens in zip(rows, made[:, width:].tolist(), strict=True):
                outputs[row] = cut(tokens, stop)
                outputs[row]["text"] = tokenizer.decode(outputs[row]["token_ids"], skip_special_tokens=True)
        return [outputs[row] for row in range(len(prompts))]

    return generate


def cut(tokens: list[int], stop: list[int]) -> dict[str, Any]:
    """Return the tokens up to and with the first end token: what follows it is padding."""
    ends = [place for place, token in enumerate(tokens) if token in stop]
    kept = tokens[: ends[0] + 1] if ends else tokens
    return {"token_ids": kept, "finish_reason": "stop" if ends else "length"}


def length_sorted_batches(lengths: list[int], max_tokens: int) -> list[list[int]]:
    """Return row numbers in batches of similar length, longest first, each at most _TOKENS_PER_BATCH with padding."""
    batches: list[list[int]] = []
    for row in sorted(range(len(lengths)), key=lambda row: (-lengths[row], row)):
        widest = lengths[batches[-1][0]] + max_tokens if batches else 0
        if batches and widest * (len(batches[-1]) + 1) <= _TOKENS_PER_BATCH:
            batches[-1].append(row)
        else:
            batches.append([row])
    return batches


if __name__ == "__main__":
    main(read_spec())
