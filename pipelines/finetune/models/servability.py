"""Whether vLLM serves an adapter as it is: told at training time, from the recipe and what PEFT wrote."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pipelines.core.errors import shell_command
from pipelines.finetune.recipes.recipe import Recipe

VLLM_RANKS = (1, 8, 16, 32, 64, 128, 256, 320, 512)
"""What `--max-lora-rank` takes in vLLM 0.32 (`vllm.config.lora.MaxLoRARanks`); 16 is its default."""
_DEFAULT_RANK = 16
_HEADS = ("classifier", "score")
_PLAIN_STARTS = ("gaussian", "eva", "orthogonal", "mica", "lora_ga")
_REFUSED = {
    "use_dora": "use_dora: vLLM does not add DoRA's magnitudes",
    "lora_bias": "lora_bias: vLLM adds no bias of an adapter",
    "alora_invocation_tokens": "activated LoRA: vLLM would apply it to every token",
    "layer_replication": "layer_replication: vLLM loads the layers as the base has them",
    "use_bdlora": "use_bdlora: vLLM knows no block-diagonal LoRA",
    "use_qalora": "use_qalora: vLLM knows no QALoRA",
}


def vllm_lora(recipe: Recipe, adapter: Path) -> dict[str, Any]:
    """Return {"servable", "reasons", "command"}: whether `vllm serve BASE` takes the adapter, or why it refuses.

    Any recipe's merged model is served by a plain `vllm serve FOLDER`; this is about the adapter beside its base.
    """
    if recipe.finetuning_type != "lora":
        reasons = [f"finetuning_type: {recipe.finetuning_type} trains the model itself, there is no adapter"]
        return {"servable": False, "reasons": reasons, "command": ""}
    config = json.loads((adapter / "adapter_config.json").read_text(encoding="utf-8"))
    reasons = refusals(config, recipe)
    return {"servable": not reasons, "reasons": reasons, "command": "" if reasons else _command(config, adapter)}


def servability_line(serving: Mapping[str, Any]) -> str:
    """Return what `vllm_lora` found as one line: the command, or why vLLM refuses the adapter."""
    return serving["command"] or f"refuses the adapter: {'; '.join(serving['reasons'])}"


def refusals(config: Mapping[str, Any], recipe: Recipe) -> list[str]:
    """Return why vLLM 0.32 refuses an adapter of this adapter_config.json (`vllm.lora.peft_helper`), or []."""
    found = [reason for key, reason in _REFUSED.items() if config.get(key)]
    kept = [name for name in config.get("modules_to_save") or [] if name not in _HEADS]
    if kept:
        found.append(f"additional_target: vLLM takes no whole modules beside an adapter ({', '.join(kept)})")
    if config.get("trainable_token_indices"):
        found.append("trainable_token_indices: vLLM takes no single rows of the embeddings")
    start = config.get("init_lora_weights", True)
    if isinstance(start, str) and start.lower() not in _PLAIN_STARTS:
        found.append(f"init_lora_weights: {start} changes the base's weights, which vLLM loads unchanged")
    if config.get("bias", "none") != "none":
        found.append(f"bias: {config['bias']} trains biases, which vLLM does not load")
    if _rank(config) > VLLM_RANKS[-1]:
        found.append(f"lora_rank: {_rank(config)} is above {VLLM_RANKS[-1]}, the largest --max-lora-rank")
    if recipe.resize_vocab:
        found.append("resize_vocab: the base that vLLM loads has no room for the added tokens")
    return found


def _rank(config: Mapping[str, Any]) -> int:
    return max([int(config["r"]), *(config.get("rank_pattern") or {}).values()])


def _command(config: Mapping[str, Any], adapter: Path) -> str:
    rank = next(allowed for allowed in VLLM_RANKS if allowed >= _rank(config))
    more = ("--max-lora-rank", rank) if rank > _DEFAULT_RANK else ()
    base = config.get("base_model_name_or_path")
    return shell_command("vllm", "serve", base, "--enable-lora", *more, "--lora-modules", f"tuned={adapter}")
