"""Where an answer's time went, step by step: part of what a server tells with each answer."""

from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class Timing:
    """Seconds of the steps, in their order; what has no model has no times of one."""

    waiting: float = 0.0
    """For a turn at the processor before the prompt stood, while others' questions computed."""
    retrieval: float = 0.0
    """The searches, the question's vector among them, without that waiting."""
    prompt: float = 0.0
    """From what was found to the prompt."""
    model_first: float | None = None
    """From the prompt to the model's first piece."""
    model: float | None = None
    """From the prompt to the model's last piece."""
    proof: float = 0.0
    """The checks of the answer's sentences, with the waiting for their turn."""

    @property
    def before_model(self) -> float:
        """From the question to its prompt."""
        return self.waiting + self.retrieval + self.prompt

    def as_dict(self) -> dict[str, float | None]:
        """Return seconds by step, to a hundredth of a millisecond."""
        return {name: None if value is None else round(value, 5) for name, value in asdict(self).items()}
