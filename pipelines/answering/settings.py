"""What answering can be told: one frozen settings class, unknown keys refused."""

from pydantic import BaseModel, ConfigDict, Field

from pipelines.answering.retrieval_settings import RetrievalSettings
from pipelines.identity import json_digest


class AnswerSettings(BaseModel):
    """Retrieval, prompt and the bar that evidence has to clear."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    chunks: int = Field(default=5, ge=1, description="chunks that a retrieval returns, best first")
    candidates: int = Field(default=20, ge=1, description="rows taken from each search before they are fused")
    communities: int = Field(default=6, ge=1, description="community summaries that a global answer starts from")
    sources: int = Field(default=6, ge=1, description="source sentences in the prompt")
    max_tokens: int = Field(default=48, ge=1, description="tokens that the model may write")
    citations: int = Field(default=3, ge=1, description="citations of one answer at most")
    min_evidence: float = Field(
        default=0.53, ge=0, le=1, description="evidence below this means: the sources do not hold it"
    )
    min_shared: float = Field(
        default=0.6, ge=0, le=1, description="share of an answer sentence's content words in its source"
    )

    retrieval: RetrievalSettings = Field(
        default=RetrievalSettings(), description="filters of every mode, and the steps of vector, bm25 and hybrid"
    )

    @property
    def digest(self) -> str:
        """Part of every answer's id."""
        return json_digest(self.model_dump())
