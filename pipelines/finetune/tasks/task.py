"""A stage as an object: all that a training does differently from stage to stage, in one place a stage."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pipelines.finetune.conversation import Conversation
from pipelines.finetune.recipes.recipe import Recipe
from pipelines.finetune.recipes.stages import Stage
from pipelines.finetune.templates.encoding import RowEncoding
from pipelines.finetune.templates.masking import Tools

Dialogue = tuple[Conversation, Tools]
"""A conversation and the tools that it may call."""


@dataclass(frozen=True)
class HeldOutMetric:
    """The figure on held-out rows that a training must better: its short name, and which way is better."""

    name: str = "loss"
    lower_is_better: bool = True

    def improved(self, before: float, after: float) -> bool:
        """Say whether the second figure is better than the first; as good is not better."""
        return after < before if self.lower_is_better else after > before


@dataclass(frozen=True)
class Task:
    """What a stage does.

    `encoding` makes token ids of a stored row, and `dialogues` the conversations in it, by which its cost is estimated.
    `arguments(options, recipe)` returns TRL's configuration of the options that every stage shares.
    `make_trainer(model, arguments, tokenizer, train_dataset=, eval_dataset=, callbacks=)` returns the trainer.
    """

    stage: Stage
    encoding: RowEncoding
    dialogues: Callable[[Mapping[str, Any]], list[Dialogue]]
    arguments: Callable[[dict[str, Any], Recipe], Any]
    make_trainer: Callable[..., Any]
    metrics: Mapping[str, str] = field(default_factory=lambda: {"eval_loss": "loss"})
    """Of an evaluation: the trainer's names of the figures that are kept, and ours."""
    logged: Mapping[str, str] = field(default_factory=dict)
    """Of an update: the trainer's names of figures beside loss and learning rate, and ours."""
    judged_by: HeldOutMetric = field(default_factory=HeldOutMetric)
    """What the adapter's check compares before and after."""
    without_padding: bool = False
    """Whether the trainer takes samples one behind the other where the model's attention keeps them apart."""
    sequences: int = 1
    """Sequences that one row gives to a batch."""
    has_reference: bool = False
    """Whether training compares with the base: without an adapter to switch off, it is held a second time."""
    run_label: str = ""
    """What stands before the method in a run's name."""
    model_class: str = "AutoModelForCausalLM"
    """The class of transformers that loads the base."""
    adapter_type: str = "CAUSAL_LM"
    """PEFT's name of what the model does."""

    def held_out(self, evaluated: Mapping[str, float]) -> dict[str, float]:
        """Return the kept figures of an evaluation by their short names."""
        return {short: float(evaluated[name]) for name, short in self.metrics.items() if name in evaluated}
