"""TRL's DPOTrainer over pairs that are token ids already."""

from typing import Any


def make_preference_trainer(model: Any, arguments: Any, tokenizer: Any, **options: Any) -> Any:
    """Return a DPOTrainer (Rafailov et al. 2023); the reference is the base: the model with its adapter off.

    Rows hold prompt_ids, chosen_ids and rejected_ids. Where the model trains whole, TRL loads the base a second time.
    """
    from trl import DPOTrainer

    class PreferenceTrainer(DPOTrainer):
        def _prepare_dataset(self, dataset, *arguments, **options):
            return dataset  # encoded by encoding.tokens_of, under the same template as every other row

    return PreferenceTrainer(model, args=arguments, processing_class=tokenizer, **options)


def held_out(metrics: dict[str, float]) -> dict[str, float]:
    """Return the loss, and of preferences the share that is ranked right and the mean margin, of an evaluation."""
    names = {"eval_loss": "loss", "eval_rewards/accuracies": "accuracy", "eval_rewards/margins": "margin"}
    return {short: float(metrics[name]) for name, short in names.items() if name in metrics}
