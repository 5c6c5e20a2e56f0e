"""Child process: merge an adapter into its base, and measure what trained, merged and stored weights say."""

import json
import shutil
from pathlib import Path
from typing import Any

import torch
import transformers

from pipelines.core.checkpoints.revision import checkpoint_digest
from pipelines.core.child_process import as_child, peak_memory_bytes
from pipelines.core.progress.told import tell
from pipelines.finetune.conversation import ANSWERED
from pipelines.finetune.dataset.stored import load_dataset
from pipelines.finetune.merging.compared import Example, compared_examples, nothing_to_compare
from pipelines.finetune.merging.record import MergeResult
from pipelines.finetune.models.loading import fit_vocabulary, load_tokenizer, quantization
from pipelines.finetune.recipes.recipe import Recipe
from pipelines.finetune.tasks.tasks import task_of
from pipelines.finetune.templates.masking import template_digest
from pipelines.finetune.templates.tokenizing import stop_ids
from pipelines.finetune.training.training import RESULT

_SHARD = "5GB"
_COMPARED, _COMPARED_WHOLE, _COMPARED_QUANTISED = 5, 4, 2
"""How often the rows are read: with an adapter, of a model that was trained whole, and more of a quantised base."""


def log_probabilities(model: Any, examples: list[Example]) -> torch.Tensor:
    """Return the log-probabilities of the answers' tokens, float32, all rows one after the other."""
    parts = []
    with torch.no_grad():
        for example in examples:
            ids = torch.tensor([example["input_ids"]], device=model.device)
            scores = torch.log_softmax(model(input_ids=ids).logits[0, :-1].float(), dim=-1)
            said = scores.gather(1, ids[0, 1:, None])[:, 0].cpu()
            parts.append(said[torch.tensor(example["labels"][1:]) >= 0])
    return torch.cat(parts)


def device_for(base: Path) -> str:
    """Return "cuda" where a GPU has room for the base in float32 and half as much again, else "cpu"."""
    if not torch.cuda.is_available():
        return "cpu"
    stored = sum(path.stat().st_size for path in base.glob("*.safetensors"))
    wide = 2 * stored  # checkpoints are published in 16 bits; one in 32 needs half of this
    return "cuda" if torch.cuda.mem_get_info()[0] > 1.5 * wide else "cpu"


class Merge:
    """One adapter, its base and some held-out rows; `measured` fills up as it goes."""

    def __init__(self, spec: dict[str, Any]) -> None:
        self.spec, self.recipe, self.adapter = spec, Recipe(**spec["recipe"]), Path(spec["adapter"])
        self.tokenizer = load_tokenizer(self.adapter, self.recipe)
        self.task = task_of(self.recipe)
        data = load_dataset(Path(spec["dataset"]))
        # The split is by source: a small dataset may hold nothing out, and training rows compare as well.
        self.examples = self._examples(data["test"]) or self._examples(data["train"])
        if not self.examples:
            raise nothing_to_compare(spec["dataset"])
        self.device = device_for(Path(spec["base_path"]))
        self.measured: dict[str, Any] = {"compared_rows": len(self.examples)}
        self._said = 0
        self._tell()

    def _examples(self, rows: Any) -> list[Example]:
        rows = (row for row in rows if row.get("kind", ANSWERED) == self.task.stage.kind)
        return compared_examples((dialogue for row in rows for dialogue in self.task.dialogues(row)), self.tokenizer)

    def load(self, path: str | Path, dtype: torch.dtype = torch.float32, **options: Any) -> Any:
        """Return a checkpoint for inference, with room for the tokens that training added."""
        options |= {"dtype": dtype, "trust_remote_code": self.recipe.trust_remote_code, "use_safetensors": True}
        options["device_map"] = {"": self.device}  # unset, quantised weights alone would go to a GPU
        model = getattr(transformers, self.task.model_class).from_pretrained(path, **options).eval()
        fit_vocabulary(model, self.tokenizer)
        return model

    def says(self, model: Any) -> torch.Tensor:
        """Return what the model says of the rows' answers; their number is measured once."""
        said = log_probabilities(model, self.examples)
        self.measured["compared_tokens"] = len(said)
        self._said += 1
        self._tell()
        return said

    def _tell(self) -> None:
        """Tell the parent how many of the comparisons are done."""
        wanted = (_COMPARED if self.recipe.finetuning_type == "lora" else _COMPARED_WHOLE) + (
            _COMPARED_QUANTISED if self.recipe.quantization_bit else 0
        )
        tell(Path(self.spec["progress"]), self._said, wanted)

    def differ(self, name: str, one: torch.Tensor, other: torch.Tensor) -> None:
        """Keep the largest and the mean difference of two answers to the same rows."""
        difference = (one - other).abs()
        self.measured[f"{name}_difference"] = float(difference.max())
        self.measured[f"{name}_mean_difference"] = float(difference.mean())

    def merged(self) -> tuple[torch.Tensor, Any]:
        """Return what base and adapter say together in float32, and the merged model."""
        if self.recipe.finetuning_type != "lora":  # trained whole: there is nothing to merge
            model = self.load(self.adapter)
            said = self.says(model)
            self.differ("merge", said, said)
            self.differ("trained", said, said)
            return said, model
        from peft import PeftModel

        base, as_trained = self._base()
        model = PeftModel.from_pretrained(base, self.adapter).eval()
        said = self.says(model)
        whole = _tied_as_it_is(model.merge_and_unload(safe_merge=True))
        after = self.says(whole)
        self.differ("merge", after, said)
        self.differ("trained", after, said if as_trained is None else as_trained)
        return said, whole

    def _base(self) -> tuple[Any, torch.Tensor | None]:
        """Return the base that the adapter was trained on, and what the two say where that base is quantised."""
        path = self.spec["base_path"]
        if not self.recipe.quantization_bit:
            return self.load(path), None
        from peft import PeftModel

        packed = {"quantization_config": quantization(self.recipe, torch.float32)}
        said = self.says(PeftModel.from_pretrained(self.load(path, **packed), self.adapter).eval())
        # Loaded anew: a model that PEFT has wrapped and unwrapped is not dequantised to what it was. The default of
        # `dequantize` would round to bfloat16.
        base = self.load(path, **packed).dequantize(torch.float32)
        base.to(torch.float32)
        if hasattr(base.config, "quantization_config"):
            del base.config.quantization_config
        return base, said

    def base_in_half(self) -> None:
        """Measure what bfloat16 and (for 8 bits) quantising change in the base alone: the yardsticks of the checks."""
        path = self.spec["base_path"]
        exact = self.says(self.load(path))
        self.differ("base", self.says(self.load(path, torch.bfloat16)), exact)
        if self.recipe.quantization_bit:
            packed = self.load(path, quantization_config=quantization(self.recipe, torch.float32))
            self.differ("quantised_base", self.says(packed), exact)


def merge(spec: dict[str, Any]) -> None:
    """Write the merged checkpoint and result.json into spec["output"]."""
    output = Path(spec["output"])
    shutil.rmtree(output, ignore_errors=True)
    work = Merge(spec)
    trained, model = work.merged()
    model.config._name_or_path = spec["base_name"]
    model.config.use_cache = True
    _stop_where_turns_end(model, work)
    model.to(torch.bfloat16).save_pretrained(output, safe_serialization=True, max_shard_size=_SHARD)
    work.tokenizer.save_pretrained(output)
    del model
    work.differ("stored", work.says(work.load(output)), trained)
    work.base_in_half()
    result = MergeResult(
        digest=checkpoint_digest(output),
        **work.measured,
        merged_onto="the dequantised base" if work.recipe.quantization_bit else "the base",
        template_digest=template_digest(work.tokenizer),
        bytes=sum(path.stat().st_size for path in output.glob("*.safetensors")),
        device=work.device,
        peak_memory_bytes=peak_memory_bytes(),
    )
    (output / RESULT).write_text(json.dumps(result.as_json(), indent=1), encoding="utf-8")


def _tied_as_it_is(model: Any) -> Any:
    """Say in the configuration whether the head is still the embeddings: training one of a tied pair parts them."""
    into, out = model.get_input_embeddings(), model.get_output_embeddings()
    if model.config.tie_word_embeddings and out is not None and into.weight is not out.weight:
        if torch.equal(into.weight, out.weight):
            out.weight = into.weight
        else:
            model.config.tie_word_embeddings = False
    return model


def _stop_where_turns_end(model: Any, work: Merge) -> None:
    ends = stop_ids(work.tokenizer, work.recipe, model.generation_config.eos_token_id or model.config.eos_token_id)
    model.config.eos_token_id = work.tokenizer.eos_token_id
    model.generation_config.eos_token_id = ends if len(ends) > 1 else ends[0]


if __name__ == "__main__":
    as_child(merge)
