"""TRL's SFTTrainer with a head that is cheap on a CPU: it scores the answers' tokens and no others."""

from typing import Any

_SCALED_HEADS = (
    "final_logit_softcapping",
    "logit_scale",
    "output_multiplier",
    "lm_head_multiplier",
    "logits_scaling",
)


def has_plain_head(config: Any) -> bool:
    """Say whether the logits are the head's output as it is, neither scaled nor capped (as in Gemma 2 or Granite)."""
    return all(getattr(config.get_text_config(), name, None) is None for name in _SCALED_HEADS)


def make_trainer(*arguments: Any, **options: Any) -> Any:
    """Return an SFTTrainer; on a CPU its loss is the same number for a third less work.

    TRL 1.16 picks the positions with loss on GPUs only: elsewhere it scores, recomputes and measures every position
    over the whole vocabulary, which in a small model costs as much as many of its layers.
    """
    import torch
    from torch.nn.functional import cross_entropy
    from trl import SFTTrainer

    class AnswerTrainer(SFTTrainer):
        def compute_loss(self, model, inputs, return_outputs=False, num_items_in_batch=None):
            inner = model.get_base_model() if hasattr(model, "get_base_model") else model
            on_cpu = self.args.device.type == "cpu" and self.args.world_size == 1
            if return_outputs or not on_cpu or self.aux_loss_enabled or not has_plain_head(inner.config):
                return super().compute_loss(model, inputs, return_outputs, num_items_in_batch)
            with self.accelerator.autocast():
                states = inner.base_model(
                    input_ids=inputs["input_ids"], attention_mask=inputs["attention_mask"], use_cache=False
                ).last_hidden_state[:, :-1]
                labels = inputs["labels"][:, 1:]
                counted = labels != -100
                logits = inner.get_output_embeddings()(states[counted])
            loss = cross_entropy(logits.float(), labels[counted], reduction="sum")
            items = counted.sum() if num_items_in_batch is None else num_items_in_batch
            return loss / torch.as_tensor(items).clamp(min=1)

    return AnswerTrainer(*arguments, **options)
