"""The variables of answering: every field of its settings has one."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from pipelines.answering.settings import AnswerSettings, RetrievalSettings
from resources.extract_variables import Count, ExtractVariables, Part, Positive, Weight
from resources.setting_sources import below_checkout, variable

OptionalFolder = Annotated[Path | None, BeforeValidator(lambda value: below_checkout(Path(value)) if value else None)]
Switch = Literal["on", "off"]


class AnsweringVariables(ExtractVariables):
    """Who writes answers, from how much, how it is searched, and who checks them."""

    writer: Literal["auto", "model", "extract"] = variable(
        "GRAFTLINE_WRITER", "auto", "who writes answers: model, or extract (quotations, as the small model needs)"
    )
    context_tokens: Annotated[int, Field(ge=64)] = variable(
        "GRAFTLINE_CONTEXT_TOKENS", "6000", "tokens of sources that a model reads"
    )
    answer_tokens: Annotated[int, Field(ge=16)] = variable(
        "GRAFTLINE_ANSWER_TOKENS", "1024", "tokens that a model writes at most"
    )
    passages: Positive = variable("GRAFTLINE_PASSAGES", "20", "chunks that are retrieved for a model")
    unproven: Literal["mark", "drop", "refuse"] = variable(
        "GRAFTLINE_UNPROVEN", "mark", "what becomes of an answer's sentences that the sources do not bear out"
    )
    verify: Literal["rules", "model"] = variable(
        "GRAFTLINE_VERIFY", "rules", "who checks the sentences of answers: rules, or the model after them"
    )
    local_tokens: Annotated[int, Field(ge=64)] = variable(
        "GRAFTLINE_LOCAL_TOKENS", "4000", "tokens of sources that mode local gives"
    )
    local_facts: Part = variable("GRAFTLINE_LOCAL_FACTS", "0.2", "share of local's tokens for entities and relations")
    local_reports: Part = variable("GRAFTLINE_LOCAL_REPORTS", "0.1", "share of local's tokens for reports")
    reports_rated: Positive = variable(
        "GRAFTLINE_REPORTS_RATED", "48", "reports that a model rates for an answer of mode global at most"
    )
    follow_ups: Count = variable("GRAFTLINE_FOLLOW_UPS", "3", "questions that mode drift looks up beside the one asked")
    auto_said: Part = variable(
        "GRAFTLINE_AUTO_SAID", "0.6", "share of a question's words in a passage from which auto takes native"
    )
    auto_said_hops: Part = variable(
        "GRAFTLINE_AUTO_SAID_HOPS", "0.9", "the same for a question that names a thing by way of another"
    )
    auto_near: Part = variable("GRAFTLINE_AUTO_NEAR", "0.5", "similarity of a passage from which auto takes native")
    agent_steps: Positive = variable("GRAFTLINE_AGENT_STEPS", "8", "steps that mode agentic takes at most")
    cypher_rows: Positive = variable("GRAFTLINE_CYPHER_ROWS", "50", "rows that mode cypher reads at most")
    cypher_seconds: Annotated[float, Field(gt=0, allow_inf_nan=False)] = variable(
        "GRAFTLINE_CYPHER_SECONDS", "20", "time after which Neo4j ends a query of mode cypher"
    )
    candidates: Positive = variable("GRAFTLINE_CANDIDATES", "20", "rows that each search of the graph's modes gives")
    communities: Positive = variable(
        "GRAFTLINE_COMMUNITIES", "6", "reports that drift, and global without a model, begin with"
    )
    search_candidates: Positive = variable(
        "GRAFTLINE_SEARCH_CANDIDATES", "50", "passages that each of vector, bm25 and hybrid's searches gives"
    )
    search_exact: Switch = variable("GRAFTLINE_SEARCH_EXACT", "off", "on: compare every vector, use no index")
    search_fusion: Literal["blend", "ranks"] = variable(
        "GRAFTLINE_SEARCH_FUSION", "blend", "how hybrid joins its searches: scaled scores, or reciprocal ranks"
    )
    search_vector_weight: Part = variable("GRAFTLINE_SEARCH_VECTOR_WEIGHT", "0.5", "the vectors' weight in hybrid")
    search_rank_constant: Positive = variable("GRAFTLINE_SEARCH_RANK_CONSTANT", "60", "constant of reciprocal ranks")
    search_links: Count = variable("GRAFTLINE_SEARCH_LINKS", "2", "best passages whose named documents are looked up")
    search_kept: Count = variable("GRAFTLINE_SEARCH_KEPT", "1", "best passages that stay above those of the second hop")
    search_link_weight: Weight = variable("GRAFTLINE_SEARCH_LINK_WEIGHT", "1.5", "weight of the second hop")
    search_reranked: Count = variable("GRAFTLINE_SEARCH_RERANKED", "20", "passages that the reranker judges")
    search_diversity: Part = variable("GRAFTLINE_SEARCH_DIVERSITY", "0", "1: passages as different as can be")
    search_compress: Switch = variable("GRAFTLINE_SEARCH_COMPRESS", "off", "on: only a passage's fitting sentences")
    search_parents: Switch = variable("GRAFTLINE_SEARCH_PARENTS", "on", "give the whole parent of a chunk")
    prompts: OptionalFolder = variable("GRAFTLINE_PROMPTS", "", "folder of prompts in the packaged ones' place")

    @property
    def answering(self) -> AnswerSettings:
        """The settings of answering."""
        return AnswerSettings(
            writer=self.writer,
            passages=self.passages,
            context_tokens=self.context_tokens,
            answer_tokens=self.answer_tokens,
            unproven=self.unproven,
            verify=self.verify,
            candidates=self.candidates,
            communities=self.communities,
            extract=self.extract,
            local_tokens=self.local_tokens,
            local_facts=self.local_facts,
            local_reports=self.local_reports,
            reports_rated=self.reports_rated,
            follow_ups=self.follow_ups,
            auto_said=self.auto_said,
            auto_said_hops=self.auto_said_hops,
            auto_near=self.auto_near,
            agent_steps=self.agent_steps,
            cypher_rows=self.cypher_rows,
            cypher_seconds=self.cypher_seconds,
            retrieval=self.retrieval,
        )

    @property
    def retrieval(self) -> RetrievalSettings:
        """The steps of vector, bm25 and hybrid; filters are a question's own."""
        return RetrievalSettings(
            candidates=self.search_candidates,
            exact=self.search_exact == "on",
            fusion=self.search_fusion,
            vector_weight=self.search_vector_weight,
            rank_constant=self.search_rank_constant,
            links=self.search_links,
            kept=self.search_kept,
            link_weight=self.search_link_weight,
            reranked=self.search_reranked,
            diversity=self.search_diversity,
            compress=self.search_compress == "on",
            parents=self.search_parents == "on",
        )
