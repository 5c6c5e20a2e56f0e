"""vLLM in a generator's process: its own continuous batching, one step after the other."""

from pathlib import Path
from typing import Any

from pipelines.serving.champion.inbox import Asked, Inbox, Tell
from resources.engines.batch_engine import CannotRun, dtype_name, stop_token_ids

_GPU_SHARE = 0.4
"""Of a GPU's memory: two models are there while one takes the other's place, and an embedder beside them."""
_AT_ONCE = 64
_ALL = 1 << 20


class VllmLoop:
    """A model of vLLM in this process."""

    name = "vllm"

    def __init__(self, model: str) -> None:
        try:
            from vllm import EngineArgs
            from vllm.v1.engine.llm_engine import LLMEngine
        except ImportError as error:
            raise CannotRun(f"not importable ({error})") from error
        try:
            self._engine = LLMEngine.from_engine_args(
                EngineArgs(
                    model=model,
                    dtype=dtype_name(),
                    enforce_eager=True,
                    seed=0,
                    generation_config="vllm",
                    max_model_len=-1,
                    max_num_seqs=_AT_ONCE,
                    gpu_memory_utilization=_GPU_SHARE,
                    disable_log_stats=True,
                )
            )
        except Exception as error:
            raise CannotRun(f"{type(error).__name__}: {error}") from error
        self.room = int(self._engine.model_config.max_model_len)
        self._stop = stop_token_ids(Path(model))
        self._under_way: dict[str, int] = {}
        self._tokens: dict[str, int] = {}

    def work(self, inbox: Inbox, tell: Tell) -> None:
        """Take in what came, make one token of each answer, and tell it."""
        for asked in inbox.take(_ALL, wait=not self._under_way):
            try:
                name = self._engine.add_request(
                    str(asked.number), {"prompt_token_ids": asked.prompt}, self._params(asked)
                )
            except ValueError as error:
                tell({"id": asked.number, "error": str(error)})
                continue
            self._under_way[name if isinstance(name, str) else str(asked.number)] = asked.number
        gone = inbox.left(set(self._under_way.values()))
        for name in [name for name, number in self._under_way.items() if number in gone]:
            self._engine.abort_request([name], internal=True)
            self._forget(name)
        if self._under_way:
            for result in self._engine.step():
                self._told(result, inbox, tell)

    def _told(self, result: Any, inbox: Inbox, tell: Tell) -> None:
        name = result.request_id
        if name not in self._under_way:
            name = next((one for one, number in self._under_way.items() if str(number) == name), None)
        if name is None:  # what came of one that was left
            return
        number, first = self._under_way[name], result.outputs[0]
        self._tokens[name] = self._tokens.get(name, 0) + len(first.token_ids)
        if first.text:
            tell({"id": number, "text": first.text})
        if result.finished:
            tell({"id": number, "finish": first.finish_reason or "length", "tokens": self._tokens[name]})
            inbox.ended(number)
            self._forget(name)

    def _forget(self, name: str) -> None:
        self._under_way.pop(name)
        self._tokens.pop(name, None)

    def _params(self, asked: Asked) -> Any:
        from vllm import SamplingParams
        from vllm.sampling_params import RequestOutputKind

        wanted = asked.sampling
        return SamplingParams(
            temperature=wanted.temperature,
            top_p=wanted.top_p,
            top_k=wanted.top_k,
            min_p=wanted.min_p,
            presence_penalty=wanted.presence_penalty,
            frequency_penalty=wanted.frequency_penalty,
            repetition_penalty=wanted.repetition_penalty,
            seed=wanted.seed,
            stop=list(wanted.stop),
            stop_token_ids=self._stop,
            max_tokens=wanted.max_tokens,
            output_kind=RequestOutputKind.DELTA,
        )
