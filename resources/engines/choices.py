"""What transformers would say at each token of a given answer: what an engine's greedy answers are held against.

One forward pass over prompt and answer instead of generating token by token: up to the first token that differs, what
stands before each token is the same, so that the first difference is where transformers' own greedy answer would part.
"""

import inspect
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pipelines.core.child_process import as_child, run_child
from pipelines.core.files import write_atomically

DTYPES = ("float32", "bfloat16")
_WORKING_BYTES = 1 << 30


def choices_of(
    model: Path, prompts: Sequence[Sequence[int]], answers: Sequence[Sequence[int]], work: Path
) -> dict[str, list[list[int]]]:
    """Return by dtype the likeliest token at each place of each answer, in a process of its own."""
    folder = work / "choices"
    result = folder / "result.json"
    rows = [[list(prompt), list(answer)] for prompt, answer in zip(prompts, answers, strict=True)]
    weights = sum(path.stat().st_size for path in model.glob("*.safetensors"))
    needed = 2 * weights + _WORKING_BYTES  # stored in bfloat16, they are twice as many bytes in float32
    spec = {"model": str(model), "rows": rows, "result": str(result), "needed_bytes": needed}
    run_child("resources.engines.choices", spec, folder, needed_bytes=needed)
    return json.loads(result.read_text(encoding="utf-8"))


def _choose(spec: dict[str, Any]) -> None:
    import torch
    from transformers import AutoModelForCausalLM

    network: Any = AutoModelForCausalLM.from_pretrained(spec["model"], dtype=torch.float32)
    fits = torch.cuda.is_available() and torch.cuda.mem_get_info()[0] > spec["needed_bytes"]
    device, found = "cuda" if fits else "cpu", {}
    for dtype in DTYPES:
        network = network.to(device, getattr(torch, dtype)).eval()
        with torch.inference_mode():
            found[dtype] = [_row(network, prompt, answer, device) for prompt, answer in spec["rows"]]
    write_atomically(Path(spec["result"]), json.dumps(found))


def _row(network: Any, prompt: list[int], answer: list[int], device: str) -> list[int]:
    import torch

    if not answer:
        return []
    known = inspect.signature(network.forward).parameters
    kept = {"logits_to_keep": len(answer) + 1} if "logits_to_keep" in known else {}
    logits = network(input_ids=torch.tensor([prompt + answer], device=device), **kept).logits[0]
    return logits[-len(answer) - 1 : -1].argmax(dim=-1).tolist()


if __name__ == "__main__":
    as_child(_choose)
