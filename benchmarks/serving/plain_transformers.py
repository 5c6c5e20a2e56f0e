"""In a process of its own: transformers' `generate` in float32 (the reference) and in the machine's arithmetic."""

import json
import statistics
import time
from pathlib import Path
from typing import Any

from pipelines.core.child_process import as_child, peak_memory_bytes
from pipelines.core.files import write_atomically


def work(spec: dict[str, Any]) -> None:
    """Generate and write the figures to `spec["result"]`."""
    import torch

    started = time.perf_counter()
    device = "cuda" if torch.cuda.is_available() else "cpu"
    network = _load(spec["model"], "float32", device)
    asked, tokens, stop = spec["questions"], spec["tokens"], spec["stop"]
    reference = [_generate(network, [ids], tokens, stop, device)[0] for ids in asked[: spec["compared"]]]
    del network
    started = time.perf_counter()
    network = _load(spec["model"], spec["dtype"], device)
    start = time.perf_counter() - started
    _generate(network, asked[:2], 4, stop, device)
    first = [_timed(network, [ids], 1, stop, device)[0] for ids in asked[:5]]
    speeds, outputs, shares = {}, [], []
    for size, count in spec["grid"]:
        seconds, made = 0.0, []
        for place in range(0, count, size):
            rows = asked[place : min(count, place + size)]
            took, answers = _timed(network, rows, tokens, stop, device)
            seconds, made = seconds + took, [*made, *answers]
            held = [len(row) + len(answer) for row, answer in zip(rows, answers, strict=True)]
            width = max(map(len, rows)) + max(map(len, answers))
            shares.append(sum(held) / (len(rows) * width))
        speeds[size], outputs = sum(map(len, made)) / seconds, made
    found = {
        "reference": reference,
        "speeds": speeds,
        "first": first,
        "memory": peak_memory_bytes(),
        "kv_share": statistics.median(shares),
        "outputs": outputs,
        "start": start,
    }
    write_atomically(Path(spec["result"]), json.dumps(found))


def _load(model: str, dtype: str, device: str) -> Any:
    import torch
    from transformers import AutoModelForCausalLM

    network: Any = AutoModelForCausalLM.from_pretrained(model, dtype=getattr(torch, dtype))
    return network.to(device).eval()


def _timed(network: Any, rows: list[list[int]], tokens: int, stop: list[int], device: str) -> tuple[float, list[Any]]:
    started = time.perf_counter()
    made = _generate(network, rows, tokens, stop, device)
    return time.perf_counter() - started, made


def _generate(network: Any, rows: list[list[int]], tokens: int, stop: list[int], device: str) -> list[list[int]]:
    import torch

    from resources.engines.batch_engine import left_padded
    from resources.engines.transformers_batch import cut

    pad = stop[0] if stop else 0
    ids, mask = (torch.tensor(part, device=device) for part in left_padded(rows, pad))
    with torch.inference_mode():
        made = network.generate(
            input_ids=ids,
            attention_mask=mask,
            max_new_tokens=tokens,
            do_sample=False,
            eos_token_id=stop or None,
            pad_token_id=pad,
            temperature=None,
            top_p=None,
            top_k=None,
        )
    return [cut(row, stop)["token_ids"] for row in made[:, ids.shape[1] :].tolist()]


if __name__ == "__main__":
    as_child(work)
