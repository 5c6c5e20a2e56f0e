"""Child process: merge an adapter into its base and compare what both say before and after."""

import json
import shutil
from pathlib import Path
from typing import Any

import torch
from transformers import AutoModelForCausalLM

from pipelines.child_process import peak_memory_bytes, read_spec
from pipelines.finetune.conversation import messages_of
from pipelines.finetune.dataset import load_dataset
from pipelines.finetune.loading import load_tokenizer
from pipelines.finetune.masking import encode, template_digest
from pipelines.finetune.recipe import Recipe
from pipelines.finetune.training import RESULT, weights_digest

_ROWS = 3
_CUTOFF = 256


def log_probabilities(model: Any, examples: list[dict[str, list[int]]]) -> torch.Tensor:
    """Return the log-probabilities of the answers' tokens, float32, all rows one after the other."""
    parts = []
    with torch.no_grad():
        for example in examples:
            ids, labels = torch.tensor([example["input_ids"]]), torch.tensor(example["labels"])
            scores = torch.log_softmax(model(input_ids=ids).logits[0, :-1].float(), dim=-1)
            parts.append(scores.gather(1, ids[0, 1:, None])[:, 0][labels[1:] >= 0])
    return torch.cat(parts)


def merge(spec: dict[str, Any]) -> None:
    """Write the merged checkpoint and result.json into spec["output"]."""
    recipe, adapter, output = Recipe(**spec["recipe"]), Path(spec["adapter"]), Path(spec["output"])
    shutil.rmtree(output, ignore_errors=True)
    tokenizer = load_tokenizer(adapter, recipe)
    rows = load_dataset(Path(spec["dataset"]))["test"]
    examples = [encode(tokenizer, messages_of(rows[n]), _CUTOFF) for n in range(min(_ROWS, len(rows)))]
    trained, merged = _before_and_after(spec, recipe, adapter, examples)
    after = log_probabilities(merged, examples)
    merged.config._name_or_path = spec["base_name"]
    merged.config.use_cache = True
    merged.to(torch.bfloat16).save_pretrained(output, safe_serialization=True)
    tokenizer.save_pretrained(output)
    stored = AutoModelForCausalLM.from_pretrained(output, dtype=torch.float32)
    difference = (log_probabilities(stored, examples) - trained).abs()
    result = {
        "digest": weights_digest(output),
        "merge_difference": float((after - trained).abs().max()),
        "stored_difference": float(difference.max()),
        "stored_mean_difference": float(difference.mean()),
        "compared_tokens": len(trained),
        "template_digest": template_digest(tokenizer),
        "bytes": sum(path.stat().st_size for path in output.glob("*.safetensors")),
        "peak_memory_bytes": peak_memory_bytes(),
    }
    (output / RESULT).write_text(json.dumps(result, indent=1), encoding="utf-8")


def _before_and_after(
    spec: dict[str, Any], recipe: Recipe, adapter: Path, examples: list[dict[str, list[int]]]
) -> tuple[torch.Tensor, Any]:
    options = {"dtype": torch.float32, "trust_remote_code": recipe.trust_remote_code, "use_safetensors": True}
    if recipe.finetuning_type != "lora":  # trained whole: there is nothing to merge
        model = AutoModelForCausalLM.from_pretrained(adapter, **options).eval()
        return log_probabilities(model, examples), model
    from peft import PeftModel

    base = AutoModelForCausalLM.from_pretrained(spec["base_path"], **options)
    model = PeftModel.from_pretrained(base, adapter).eval()
    trained = log_probabilities(model, examples)
    return trained, model.merge_and_unload(safe_merge=True)


if __name__ == "__main__":
    merge(read_spec())
