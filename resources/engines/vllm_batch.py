"""vLLM's offline batch: the whole list of prompts at once, on its own continuous batching."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from resources.engines.batch_engine import CannotRun, Engine, Job, Outputs, dtype_name
from resources.engines.likelihoods import of_vllm
from resources.engines.options import EngineOptions, Takes
from resources.engines.servers import vllm_server

_ALL_THAT_FITS = -1
TAKES: Takes = {name: values for name, values in vllm_server.TAKES.items() if name != "data_parallel"}
"""Its server's; copies of a model are the server's alone: offline, vLLM wants a program for each."""
_KNOWN_LAYERS = {
    "VocabParallelEmbedding", "ParallelLMHead", "QKVParallelLinear", "MergedColumnParallelLinear",
    "ColumnParallelLinear", "RowParallelLinear", "ReplicatedLinear", "RMSNorm",
}  # fmt: skip
"""vLLM's layers whose new weights are in use after a swap: a test of tests/integration/finetune says so."""


class VllmModel:
    """A model of vLLM in this process."""

    def __init__(self, llm: Any, dtype: str = "") -> None:
        self._llm, self.dtype = llm, dtype
        self.room = int(llm.llm_engine.model_config.max_model_len)

    def generate(self, prompts: list[list[int]], stop: list[int], job: Job) -> Outputs:
        """Return one output a prompt."""
        from vllm import SamplingParams
        from vllm.sampling_params import StructuredOutputsParams

        schema = job["schema"]
        sampling = SamplingParams(
            **EngineOptions(**job.get("options") or {}).sampling,
            max_tokens=job["max_tokens"],
            stop_token_ids=stop,
            structured_outputs=StructuredOutputsParams(json=schema) if schema else None,
        )
        self._llm.reset_prefix_cache()  # a prefix computed in another batch may round otherwise
        requests: Any = [{"prompt_token_ids": ids} for ids in prompts]
        with _each_told(self._llm, job.get("told")):
            results = self._llm.generate(requests, sampling, use_tqdm=True)
        return [_output(result) for result in results]

    def likelihoods(self, rows: list[list[int]], starts: list[int]) -> Outputs:
        """Return a row's log-probabilities from its start on."""
        return of_vllm(self._llm, rows, starts)

    def swap(self, model: str) -> bool:
        """Take other weights in, where all layers are known to use them afterwards; only on a CPU, measured there."""
        import torch

        if torch.cuda.is_available() or not all(self._llm.apply_model(_is_known)):
            return False
        before = self._llm.apply_model(_packed)[0]
        self._llm.collective_rpc("reload_weights", kwargs={"weights_path": model})
        self._llm.apply_model(_pack_tied_head)
        after = self._llm.apply_model(_packed)[0]
        anew = before.keys() == after.keys() and all(after[name] is not before[name] for name in before)
        return anew and self._llm.apply_model(lambda network: _holds(network, Path(model)))[0]


def load(model: str, room: int, job: Job) -> VllmModel:
    """Load the model with as long a context as its memory allows; CannotRun where vLLM is not there or refuses it."""
    try:
        from vllm import LLM
    except ImportError as error:
        raise CannotRun(f"not importable ({error})") from error
    asked = arguments(EngineOptions(**job.get("options") or {}), job["concurrency"])
    try:
        llm = LLM(
            model=model,
            enforce_eager=True,
            seed=0,
            generation_config="vllm",
            trust_remote_code=job["trust_remote_code"],
            disable_log_stats=True,
            **asked,
        )
    except Exception as error:
        raise CannotRun(f"{type(error).__name__}: {error}") from error
    loaded = VllmModel(llm, asked["dtype"])
    if loaded.room < room:
        raise CannotRun(f"memory for {loaded.room} tokens, and the longest prompt and answer have {room}")
    return loaded


def _output(result: Any) -> dict[str, Any]:
    first = result.outputs[0]
    return {"text": first.text, "token_ids": list(first.token_ids), "finish_reason": first.finish_reason or "length"}


@contextmanager
def _each_told(llm: Any, told: Any) -> Iterator[None]:
    """Have each row told as soon as it is finished: `generate` itself gives all of them at its end."""
    if told is None:
        yield
        return
    engine, before = llm.llm_engine, next(llm.request_counter)  # it gives the next ones to the rows, in their order
    step = engine.step

    def telling() -> Any:
        made = step()
        for result in made:
            if result.finished:
                told(int(result.request_id) - before - 1, _output(result))
        return made

    engine.step = telling
    try:
        yield
    finally:
        del engine.step


def arguments(options: EngineOptions, concurrency: int) -> dict[str, Any]:
    """Return what of vLLM's `LLM` the options decide."""
    guesses = vllm_server.speculative(options)
    return {
        "dtype": options.dtype or dtype_name(),
        "max_model_len": options.max_model_len or _ALL_THAT_FITS,
        "max_num_seqs": options.max_num_seqs or concurrency,
        **{flag: options.given[name] for name, flag in vllm_server.FLAGS.items() if name in options.given},
        **({"speculative_config": guesses} if guesses else {}),
    }


def _is_known(network: Any) -> bool:
    with_weights = (layer for layer in network.modules() if next(layer.parameters(recurse=False), None) is not None)
    return all(type(layer).__name__ in _KNOWN_LAYERS and _plain(layer) for layer in with_weights)


def _plain(layer: Any) -> bool:
    return type(getattr(layer, "quant_method", None)).__name__ in (
        "NoneType", "UnquantizedEmbeddingMethod", "UnquantizedLinearMethod",
    )  # fmt: skip


def _packed(network: Any) -> dict[str, Any]:
    """Return each layer's product over weights that were laid out for it."""
    return {name: layer.cpu_linear for name, layer in network.named_modules() if hasattr(layer, "cpu_linear")}


def _pack_tied_head(network: Any) -> None:
    """Lay the head out anew where it is the embeddings: vLLM 0.32 leaves the former model's head in use there."""
    layers = dict(network.named_modules())
    heads = [layer for layer in layers.values() if type(layer).__name__ == "ParallelLMHead"]
    tables = {id(layer.weight) for layer in layers.values() if type(layer).__name__ == "VocabParallelEmbedding"}
    for head in heads:
        if id(head.weight) in tables:
            head.quant_method.process_weights_after_loading(head)


def _holds(network: Any, model: Path) -> bool:
    """Say whether what carries the checkpoint's names (embeddings, norms) has the checkpoint's values now."""
    import torch
    from safetensors import safe_open

    held, compared = dict(network.named_parameters()), 0
    for file in sorted(model.glob("*.safetensors")):
        with safe_open(file, "pt") as stored:
            for name in set(stored.keys()) & held.keys():
                if held[name].numel() == 0:  # it was laid out elsewhere
                    continue
                wanted = stored.get_tensor(name).to(held[name].dtype)
                if not torch.equal(held[name][: len(wanted)], wanted):
                    return False
                compared += 1
    return compared > 0


def let_go() -> None:
    """End vLLM's process groups, which would refuse a second model in this process."""
    from vllm.distributed import cleanup_dist_env_and_memory

    cleanup_dist_env_and_memory()


ENGINE = Engine(load, "vllm", let_go, TAKES)
