"""What the judge is told: one prompt, a file for each language."""

from pipelines.core.prompts.prompt_files import Placeholders, PromptFiles, PromptSet

_PAIRWISE = "pairwise"
_SET = PromptSet(
    "pipelines.measuring.judge.prompts",
    "",
    {_PAIRWISE: Placeholders(("conversation", "reference", "first", "second"))},
)


def load_judge_prompts() -> PromptFiles:
    """Return the packaged prompts."""
    return PromptFiles(_SET.load(None))
