"""What answering can be told: one frozen settings class, unknown keys refused."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from pipelines.core.filters import EVERYTHING, Filters
from pipelines.core.identity import json_digest


class RetrievalSettings(BaseModel):
    """From the two searches to the passages. Defaults were chosen on MuSiQue-100 (`docs/benchmarks/README.md`)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    filters: Filters = Field(default=EVERYTHING, description="conditions that every passage has to meet")
    candidates: int = Field(default=50, ge=1, description="passages taken from each search before they are fused")
    exact: bool = Field(default=False, description="compare every vector instead of using the approximate index")
    fusion: str = Field(
        default="blend",
        description="blend: weighted mean of the scaled scores; ranks: reciprocal-rank fusion (search.fusion.FUSIONS)",
    )
    vector_weight: float = Field(
        default=0.5, ge=0, le=1, description="weight of the vector search in the fusion; BM25 has the rest"
    )
    rank_constant: int = Field(default=60, ge=1, description="constant of reciprocal-rank fusion: larger is flatter")
    links: int = Field(
        default=2, ge=0, description="best passages of hybrid mode whose named documents are looked up; 0: one hop"
    )
    kept: int = Field(default=1, ge=0, description="best passages that stay above those of the second hop")
    link_weight: float = Field(default=1.5, ge=0, description="weight of the second hop against the first")
    reranked: int = Field(default=20, ge=0, description="candidates that a cross-encoder judges, where one is set")
    diversity: float = Field(
        default=0.0, ge=0, le=1, description="maximal marginal relevance: 0 relevance alone, 1 difference alone"
    )
    compress: bool = Field(default=False, description="keep only the sentences of a passage that bear on the question")
    parents: bool = Field(default=True, description="give the whole parent where chunks were cut from one")


class ExtractSettings(BaseModel):
    """What the writer `extract` reads and takes for evidence; no other writer knows a bar.

    `min_evidence` and `title` were chosen on public questions (`docs/knowledge/answers.md`).
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    chunks: int = Field(default=5, ge=1, description="chunks that a retrieval returns, best first")
    sources: int = Field(default=6, ge=1, description="source sentences in the prompt")
    max_tokens: int = Field(default=48, ge=1, description="tokens that the model may write")
    citations: int = Field(default=3, ge=1, description="citations of one answer at most")
    min_evidence: float = Field(
        default=0.6, ge=0, le=1, description="evidence below this means: the sources do not hold it"
    )
    min_shared: float = Field(
        default=0.6, ge=0, le=1, description="share of an answer sentence's content words in its source"
    )
    title: float = Field(default=0.9, ge=0, le=1, description="weight of a word in the title of a sentence's document")
    around: float = Field(default=0.6, ge=0, le=1, description="weight of a word around a sentence, in its chunk")
    before: float = Field(
        default=0.9, ge=0, le=1, description="weight of a word in the sentence before one that speaks of it"
    )
    meaning: float = Field(default=0.4, ge=0, le=1, description="share of a sentence's similarity in its score")
    means_nothing: float = Field(default=0.13, description="similarity that speaks no more for a sentence than none")
    means_all: float = Field(default=1.16, description="similarity from which more speaks no more for it")
    compared: int = Field(default=24, ge=1, description="sentences, by their words the best, that are compared")
    chain_starts: int = Field(default=8, ge=0, description="best sentences that a chain of two may start from")
    link: float = Field(default=0.85, ge=0, le=1, description="what a chain's link leaves of its score")
    link_spread: float = Field(
        default=0.03, ge=0, description="what it costs more for each further sentence that has the linking name"
    )
    missing: float = Field(
        default=0.6, ge=0, le=1, description="what it costs when no name or number of the question is there"
    )
    other_kind: float = Field(default=0.6, ge=0, le=1, description="factor where the asked kind of answer is missing")
    uncounted: float = Field(default=0.75, ge=0, le=1, description="factor where the thing that is counted is missing")
    voices: int = Field(default=3, ge=2, description="sentences that answer a question about the whole together")
    wide_enough: float = Field(
        default=0.15,
        gt=0,
        le=1,
        description="coverage by those that clears the bar: they cannot hold all its words",
    )

    @property
    def digest(self) -> str:
        """Part of the id of every answer of this writer."""
        return json_digest(self.model_dump())


class AnswerSettings(BaseModel):
    """Who writes, what the writer reads, and what becomes of sentences without proof."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    writer: Literal["auto", "model", "extract"] = Field(
        default="auto", description="model: its words are the answer; extract: quotations; auto: by the model"
    )
    passages: int = Field(default=20, ge=1, description="chunks that are retrieved for a model that can read")
    context_tokens: int = Field(
        default=6000, ge=64, description="tokens of sources in the prompt, at most half of what the model reads"
    )
    answer_tokens: int = Field(default=1024, ge=16, description="tokens that a model may write, its thoughts aside")
    unproven: Literal["mark", "drop", "refuse"] = Field(
        default="mark", description="what becomes of sentences that are unverified or contradicted"
    )
    verify: Literal["rules", "model"] = Field(
        default="rules", description="who checks the sentences of a model's answer: rules, or the model after them"
    )
    candidates: int = Field(default=20, ge=1, description="rows taken from each search before they are fused")
    communities: int = Field(default=6, ge=1, description="community summaries that a global answer starts from")
    extract: ExtractSettings = Field(
        default=ExtractSettings(), description="the bar of evidence and all else that is the writer extract's alone"
    )
    local_tokens: int = Field(default=4000, ge=64, description="tokens of sources that mode local gives")
    local_facts: float = Field(default=0.2, ge=0, le=1, description="share of them for entities and relations")
    local_reports: float = Field(
        default=0.1, ge=0, le=1, description="share of them for reports; passages have the rest"
    )
    reports_rated: int = Field(default=48, ge=1, description="reports that a model rates for a global answer at most")
    follow_ups: int = Field(default=3, ge=0, description="questions that mode drift looks up beside the one asked")
    auto_said: float = Field(
        default=0.6, ge=0, le=1, description="share of a question's words in a passage from which auto takes native"
    )
    auto_said_hops: float = Field(
        default=0.9, ge=0, le=1, description="the same for a question that names a thing by way of another"
    )
    auto_near: float = Field(default=0.5, ge=0, le=1, description="similarity from which auto takes native")
    agent_steps: int = Field(default=8, ge=1, description="steps that mode agentic takes at most")
    cypher_rows: int = Field(default=50, ge=1, description="rows that mode cypher reads at most")
    cypher_seconds: float = Field(default=20.0, gt=0, description="time after which Neo4j ends a query of mode cypher")

    retrieval: RetrievalSettings = Field(
        default=RetrievalSettings(), description="filters of every mode, and the steps of vector, bm25 and hybrid"
    )

    @property
    def digest(self) -> str:
        """Part of every answer's id; what is one writer's alone is in the ids of its own answers."""
        return json_digest(self.model_dump(exclude={"extract"}))
