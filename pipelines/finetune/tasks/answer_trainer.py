"""TRL's SFTTrainer over rows without padding, with a head that scores the answers' tokens and no others."""

from typing import Any

from pipelines.finetune.tasks.batching import CPU_TOKENS, GPU_TOKENS, PaddedCollator, RowCollator, split_into_passes


def make_trainer(model: Any, arguments: Any, tokenizer: Any, *, tokens: int | None = None, **options: Any) -> Any:
    """Return an SFTTrainer whose loss and gradients are TRL's own, for less work.

    The samples of a batch go through the model in passes of at most `tokens` tokens (unset: as the device likes),
    without padding where the model's attention keeps samples apart. Its evaluation is the mean loss of a token.
    """
    import contextlib

    import torch
    from trl import SFTTrainer

    from pipelines.compute.acceleration import keeps_samples_apart
    from pipelines.compute.answer_loss import has_plain_head, install_answer_loss

    class AnswerTrainer(SFTTrainer):
        def training_step(self, model, inputs, num_items_in_batch=None):
            if not plain_head:
                return super().training_step(model, inputs, num_items_in_batch)
            model.train()
            parts = split_into_passes(self._prepare_inputs(inputs), budget)
            total = torch.zeros((), device=self.args.device)
            for number, part in enumerate(parts):
                last = number == len(parts) - 1
                with contextlib.nullcontext() if last else self.accelerator.no_sync(model):
                    with self.compute_loss_context_manager(), self.accelerator.autocast():
                        loss = model(**part, answer_loss=True, use_cache=False)[0]
                    # The count is of all processes, whose gradients are averaged.
                    loss = loss / torch.as_tensor(num_items_in_batch).clamp(min=1) * self.args.world_size
                    self.accelerator.backward(loss)
                total += loss.detach()
            return total

        def evaluate(self, eval_dataset=None, ignore_keys=None, metric_key_prefix="eval"):
            if not plain_head:
                return super().evaluate(eval_dataset, ignore_keys, metric_key_prefix)
            sums = torch.zeros(2, dtype=torch.float64, device=self.args.device)
            bare: Any = self.accelerator.unwrap_model(self.model)
            was = bare.training
            bare.eval()
            rank, world = self.args.process_index, self.args.world_size
            rows: Any = self.eval_dataset if eval_dataset is None else eval_dataset
            collate: Any = self.data_collator
            size = self.args.per_device_eval_batch_size
            for first in range(rank * size, len(rows), world * size):
                examples = [rows[n] for n in range(first, min(first + size, len(rows)))]
                for part in split_into_passes(self._prepare_inputs(collate(examples)), budget):
                    with torch.no_grad(), self.accelerator.autocast():
                        # The bare model: ranks may have different numbers of batches, and DDP's forward would wait.
                        sums[0] += bare(**part, answer_loss=True, use_cache=False)[0].double()
                    sums[1] += (part["labels"][:, 1:] != -100).sum()
            bare.train(was)
            total, count = self.accelerator.reduce(sums, "sum").tolist()
            metrics = {f"{metric_key_prefix}_loss": total / max(count, 1), f"{metric_key_prefix}_tokens": count}
            self.log(dict(metrics))
            self.control = self.callback_handler.on_evaluate(self.args, self.state, self.control, metrics)
            return metrics

    inner = model.get_base_model() if hasattr(model, "get_base_model") else model
    plain_head = has_plain_head(inner.config)
    first = next(model.parameters())
    budget = tokens or (CPU_TOKENS * 4 // first.element_size() if first.device.type == "cpu" else GPU_TOKENS)
    collator = RowCollator() if keeps_samples_apart(model) and plain_head else PaddedCollator(tokenizer.pad_token_id)
    trainer = AnswerTrainer(model, arguments, data_collator=collator, processing_class=tokenizer, **options)
    install_answer_loss(inner)
    return trainer
