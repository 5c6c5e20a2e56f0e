"""Early stopping that a resumed training goes on with."""
# ruff: noqa: TID253 - only the training's child process imports this file

from transformers import EarlyStoppingCallback


class Patience(EarlyStoppingCallback):
    """Ends a training after so many evaluations without a better loss; a checkpoint keeps how many there were.

    transformers gives a resumed training its patience anew, and lets it go on where it had stopped already
    (huggingface/transformers#10290).
    """

    def on_train_begin(self, args, state, control, **kwargs):
        super().on_train_begin(args, state, control, **kwargs)
        if self.early_stopping_patience_counter >= self.early_stopping_patience:
            control.should_training_stop = True  # after one update, which is not kept: the best one is
