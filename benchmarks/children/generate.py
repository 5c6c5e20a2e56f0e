"""Raw vLLM or raw transformers, which answers one line of its input after the other until that is closed.

Arguments: vllm or transformers, a file {"model", "prompts", "stop", "max_tokens", "dtype", "sequences"}. A line is how
many of the prompts, and a batch size (vLLM takes them all at once); each is answered by a line {"seconds", "outputs"};
the first line is {"start_seconds"}, from the process's first import on. Nothing of ours is imported.
"""

import json
import os
import sys
import time
from pathlib import Path

STARTED = time.perf_counter()


def vllm(job):
    """Return a function that generates all prompts at once; a prefix that it computed for earlier ones is forgotten."""
    from vllm import LLM, SamplingParams

    llm = LLM(
        model=job["model"],
        dtype=job["dtype"],
        enforce_eager=True,
        seed=0,
        generation_config="vllm",
        max_num_seqs=job["sequences"],
        disable_log_stats=True,
    )
    sampling = SamplingParams(temperature=0.0, max_tokens=job["max_tokens"], stop_token_ids=job["stop"])

    def generate(count, size):
        requests = [{"prompt_token_ids": ids} for ids in job["prompts"][:count]]
        results = llm.generate(requests, sampling, use_tqdm=False)
        return [list(result.outputs[0].token_ids) for result in results]

    return generate, llm.reset_prefix_cache


def transformers(job):
    """Return a function that generates in batches of similar length, padded on the left."""
    import torch
    from transformers import AutoModelForCausalLM

    device = "cuda" if torch.cuda.is_available() else "cpu"
    model = AutoModelForCausalLM.from_pretrained(job["model"], dtype=getattr(torch, job["dtype"])).to(device).eval()
    pad = job["stop"][0]

    def generate(count, size):
        prompts = job["prompts"][:count]
        order, outputs = sorted(range(len(prompts)), key=lambda row: -len(prompts[row])), {}
        for begin in range(0, len(order), size):
            rows = order[begin : begin + size]
            width = max(len(prompts[row]) for row in rows)
            ids = torch.tensor([[pad] * (width - len(prompts[row])) + prompts[row] for row in rows], device=device)
            mask = torch.tensor(
                [[0] * (width - len(prompts[row])) + [1] * len(prompts[row]) for row in rows], device=device
            )
            made = model.generate(
                input_ids=ids,
                attention_mask=mask,
                max_new_tokens=job["max_tokens"],
                do_sample=False,
                eos_token_id=job["stop"],
                pad_token_id=pad,
                temperature=None,
                top_p=None,
                top_k=None,
            )
            for row, tokens in zip(rows, made[:, width:].tolist(), strict=True):
                ends = [place for place, token in enumerate(tokens) if token in job["stop"]]
                outputs[row] = tokens[: ends[0] + 1] if ends else tokens
        return [outputs[row] for row in range(len(prompts))]

    def generate_without_gradients(count, size):
        with torch.inference_mode():
            return generate(count, size)

    return generate_without_gradients, lambda: None


if __name__ == "__main__":
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what a library prints goes to the log
    generate, forget = {"vllm": vllm, "transformers": transformers}[sys.argv[1]](
        json.loads(Path(sys.argv[2]).read_text(encoding="utf-8"))
    )
    print(json.dumps({"start_seconds": time.perf_counter() - STARTED}), file=answers, flush=True)
    for line in sys.stdin:
        forget()
        began = time.perf_counter()
        outputs = generate(*map(int, line.split()))
        print(json.dumps({"seconds": time.perf_counter() - began, "outputs": outputs}), file=answers, flush=True)
