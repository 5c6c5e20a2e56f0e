"""An engine: says each prompt's last tokens again, as a stand-in where a real model would be too slow."""

from typing import Any

from resources.engines.batch_engine import Engine, Generate, Outputs


def load(model: str, prompts: list[list[int]], stop: list[int], job: dict[str, Any]) -> Generate:
    """Return what generates; only the model's tokenizer is loaded."""
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(model)

    def generate(prompts: list[list[int]]) -> Outputs:
        echoes = [ids[-job["max_tokens"] :] for ids in prompts]
        return [{"text": tokenizer.decode(ids), "token_ids": ids, "finish_reason": "length"} for ids in echoes]

    return generate


ENGINE = Engine(load, package="transformers")
