"""How communities are reported on, and how much of that a model's context has room for."""

from dataclasses import dataclass
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from pipelines.core.protocols import LanguageModel

_UNKNOWN_CONTEXT = 8192
"""Tokens that a served model is taken to read where nobody says."""
_SMALL = (260, 150, 80)
"""What the packaged small model reads and writes; it loses the thread in more."""
_SMALL_SUPPORT = 0.65


class SummarySettings(BaseModel):
    """How communities are reported on."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    writer: Literal["auto", "model", "extractive"] = Field(
        default="auto",
        description="auto: the model where it can write, else the evidence's own sentences; model: the packaged small "
        "model too; extractive: no model",
    )
    least_members: int = Field(
        default=10, ge=2, description="communities with fewer entities are reported on by the evidence's own sentences"
    )
    evidence_tokens: int = Field(
        default=1500, ge=40, description="tokens of evidence in a prompt, about; at most a quarter of a model's context"
    )
    report_tokens: int = Field(
        default=600, ge=16, description="length of a report in tokens, at most an eighth of the model's context"
    )
    extractive_tokens: int = Field(
        default=90, ge=16, description="length of a summary made of evidence sentences, about"
    )
    min_support: float = Field(
        default=0.5, ge=0, le=1, description="content words of a sentence that all evidence together holds"
    )


@dataclass(frozen=True)
class Sizes:
    """Tokens of evidence in all, of these for the parts' reports, and of what is written; how much is borne out."""

    evidence: int
    parts: int
    written: int
    min_support: float
    small: bool


def sizes_for(model: LanguageModel, settings: SummarySettings) -> Sizes:
    """Return what a model has room for; the packaged small one has a mode of its own."""
    if model.packaged:
        return Sizes(*_SMALL, min_support=max(_SMALL_SUPPORT, settings.min_support), small=True)
    most = model.context_tokens or _UNKNOWN_CONTEXT
    evidence = min(settings.evidence_tokens, max(40, most // 4))
    written = min(settings.report_tokens, max(16, most // 8))
    return Sizes(evidence, evidence // 2, written, settings.min_support, small=False)


def writes(model: LanguageModel, settings: SummarySettings) -> bool:
    """Say whether a model is asked at all."""
    return settings.writer == "model" or (settings.writer == "auto" and not model.packaged)
