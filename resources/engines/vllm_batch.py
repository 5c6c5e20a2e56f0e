"""vLLM's offline batch: the whole list of prompts at once, on its own continuous batching."""

from typing import Any

from resources.engines.batch_engine import CannotRun, Engine, Generate, Outputs, dtype_name

_LENGTH_STEP = 256


def load(model: str, prompts: list[list[int]], stop: list[int], job: dict[str, Any]) -> Generate:
    """Load the model; CannotRun where vLLM is not there or refuses it."""
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
            dtype=dtype_name(),
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


def let_go() -> None:
    """End vLLM's process groups, which would refuse a second model in this process."""
    from vllm.distributed import cleanup_dist_env_and_memory

    cleanup_dist_env_and_memory()


ENGINE = Engine(load, "vllm", let_go)
