"""transformers' `generate`, in batches of similar length: where vLLM is not installed or cannot run an architecture."""

from typing import Any

from resources.engines.batch_engine import Engine, Job, Outputs, dtype_name, left_padded, length_sorted_batches
from resources.engines.likelihoods import of_transformers
from resources.engines.options import SAMPLING, EngineOptions, Takes

TAKES: Takes = {
    "dtype": None,
    "attention_backend": ("eager", "sdpa", "flash_attention_2", "flex_attention"),
    **SAMPLING,
}


class TransformersModel:
    """A model of transformers, on the GPU where there is one."""

    def __init__(self, model: str, job: Job) -> None:
        self.room, self._job = job["context"], job
        self._read(model)

    def _read(self, model: str) -> None:
        import torch
        from transformers import AutoModelForCausalLM, AutoTokenizer

        trust, options = self._job["trust_remote_code"], EngineOptions(**self._job.get("options") or {})
        kernels = {"attn_implementation": options.attention_backend} if options.attention_backend else {}
        self.dtype = options.dtype or dtype_name()
        self._device = "cuda" if torch.cuda.is_available() else "cpu"
        self._tokenizer = AutoTokenizer.from_pretrained(model, trust_remote_code=trust)
        network: Any = AutoModelForCausalLM.from_pretrained(
            model, dtype=getattr(torch, self.dtype), trust_remote_code=trust, **kernels
        )
        self._network = network.to(self._device).eval()

    def swap(self, model: str) -> bool:
        """Read another model in this one's place."""
        del self._network
        self._read(model)
        return True

    def generate(self, prompts: list[list[int]], stop: list[int], job: Job) -> Outputs:
        """Return one output a prompt."""
        import torch
        from tqdm import tqdm

        sampling = EngineOptions(**job.get("options") or {}).sampling
        torch.manual_seed(sampling["seed"])
        outputs: dict[int, dict[str, Any]] = {}
        pad = stop[0] if stop else 0
        for rows in tqdm(length_sorted_batches([len(ids) for ids in prompts], job["max_tokens"])):
            ids, mask = map(torch.tensor, left_padded([prompts[row] for row in rows], pad))
            with torch.inference_mode():
                made = self._network.generate(
                    input_ids=ids.to(self._device),
                    attention_mask=mask.to(self._device),
                    max_new_tokens=job["max_tokens"],
                    eos_token_id=stop or None,
                    pad_token_id=pad,
                    **generation_arguments(sampling),
                )
            for row, tokens in zip(rows, made[:, ids.shape[1] :].tolist(), strict=True):
                outputs[row] = cut(tokens, stop)
                outputs[row]["text"] = self._tokenizer.decode(outputs[row]["token_ids"], skip_special_tokens=True)
                if job.get("told"):
                    job["told"](row, outputs[row])
        return [outputs[row] for row in range(len(prompts))]

    def likelihoods(self, rows: list[list[int]], starts: list[int]) -> Outputs:
        """Return a row's log-probabilities from its start on."""
        return of_transformers(self._network, self._device, rows, starts)


def load(model: str, room: int, job: Job) -> TransformersModel:
    """Load the model."""
    return TransformersModel(model, job)


def generation_arguments(sampling: dict[str, Any]) -> dict[str, Any]:
    """Return sampling by the names of `generate`: what is not said is greedy, or draws from all tokens."""
    drawn = sampling["temperature"] > 0
    wide = {"top_p": 1.0, "top_k": 0} if drawn else {"top_p": None, "top_k": None}
    asked = {name: value for name, value in sampling.items() if name not in ("temperature", "seed")}
    asked = asked if drawn else {name: value for name, value in asked.items() if name == "repetition_penalty"}
    return {"do_sample": drawn, "temperature": sampling["temperature"] if drawn else None, **wide, **asked}


def cut(tokens: list[int], stop: list[int]) -> dict[str, Any]:
    """Return the tokens up to and with the first end token: what follows it is padding."""
    ends = [place for place, token in enumerate(tokens) if token in stop]
    kept = tokens[: ends[0] + 1] if ends else tokens
    return {"token_ids": kept, "finish_reason": "stop" if ends else "length"}


ENGINE = Engine(load, "transformers", takes=TAKES)
