"""The variables of the writer extract: every field of its settings has one."""

from typing import Annotated

from pydantic import Field
from pydantic_settings import BaseSettings

from pipelines.answering.settings import ExtractSettings
from resources.setting_sources import variable

Positive = Annotated[int, Field(ge=1)]
Count = Annotated[int, Field(ge=0)]
Weight = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Part = Annotated[float, Field(ge=0, le=1)]


class ExtractVariables(BaseSettings):
    """What extract reads and takes for evidence."""

    extract_chunks: Positive = variable("GRAFTLINE_EXTRACT_CHUNKS", "5", "chunks that extract reads")
    extract_sources: Positive = variable("GRAFTLINE_EXTRACT_SOURCES", "6", "sentences in extract's prompt")
    extract_tokens: Positive = variable("GRAFTLINE_EXTRACT_TOKENS", "48", "tokens that extract's model writes")
    extract_citations: Positive = variable("GRAFTLINE_EXTRACT_CITATIONS", "3", "quotations of extract's answer at most")
    extract_evidence: Part = variable("GRAFTLINE_EXTRACT_EVIDENCE", "0.6", "evidence below which extract refuses")
    extract_shared: Part = variable(
        "GRAFTLINE_EXTRACT_SHARED", "0.6", "share of a sentence's words that extract wants in one of the sources"
    )
    extract_title: Part = variable(
        "GRAFTLINE_EXTRACT_TITLE", "0.9", "extract: weight of a word in the title of a sentence's document"
    )
    extract_around: Part = variable(
        "GRAFTLINE_EXTRACT_AROUND", "0.6", "extract: weight of a word around a sentence, in its chunk"
    )
    extract_before: Part = variable(
        "GRAFTLINE_EXTRACT_BEFORE", "0.9", "extract: weight of a word in the sentence before one that speaks of it"
    )
    extract_meaning: Part = variable(
        "GRAFTLINE_EXTRACT_MEANING", "0.4", "extract: share of a sentence's similarity in its score"
    )
    extract_means_nothing: Weight = variable(
        "GRAFTLINE_EXTRACT_MEANS_NOTHING", "0.13", "extract: similarity that speaks no more for a sentence than none"
    )
    extract_means_all: Weight = variable(
        "GRAFTLINE_EXTRACT_MEANS_ALL", "1.16", "extract: similarity from which more speaks no more for it"
    )
    extract_compared: Positive = variable(
        "GRAFTLINE_EXTRACT_COMPARED", "24", "extract: sentences, by their words the best, that are compared"
    )
    extract_chain_starts: Count = variable(
        "GRAFTLINE_EXTRACT_CHAIN_STARTS", "8", "extract: best sentences that a chain of two may start from"
    )
    extract_link: Part = variable("GRAFTLINE_EXTRACT_LINK", "0.85", "extract: what a chain's link leaves of its score")
    extract_link_spread: Weight = variable(
        "GRAFTLINE_EXTRACT_LINK_SPREAD",
        "0.03",
        "extract: what each further sentence that has the linking name costs more",
    )
    extract_missing: Part = variable(
        "GRAFTLINE_EXTRACT_MISSING", "0.6", "extract: what it costs when no name or number of the question is there"
    )
    extract_other_kind: Part = variable(
        "GRAFTLINE_EXTRACT_OTHER_KIND", "0.6", "extract: factor where the asked kind of answer is missing"
    )
    extract_uncounted: Part = variable(
        "GRAFTLINE_EXTRACT_UNCOUNTED", "0.75", "extract: factor where the thing that is counted is missing"
    )
    extract_voices: Annotated[int, Field(ge=2)] = variable(
        "GRAFTLINE_EXTRACT_VOICES", "3", "extract: sentences that answer a question about the whole together"
    )
    extract_wide_enough: Annotated[float, Field(gt=0, le=1)] = variable(
        "GRAFTLINE_EXTRACT_WIDE_ENOUGH",
        "0.15",
        "extract: coverage by those that clears the bar",
    )

    @property
    def extract(self) -> ExtractSettings:
        """The settings of the writer extract."""
        return ExtractSettings(
            chunks=self.extract_chunks,
            sources=self.extract_sources,
            max_tokens=self.extract_tokens,
            citations=self.extract_citations,
            min_evidence=self.extract_evidence,
            min_shared=self.extract_shared,
            title=self.extract_title,
            around=self.extract_around,
            before=self.extract_before,
            meaning=self.extract_meaning,
            means_nothing=self.extract_means_nothing,
            means_all=self.extract_means_all,
            compared=self.extract_compared,
            chain_starts=self.extract_chain_starts,
            link=self.extract_link,
            link_spread=self.extract_link_spread,
            missing=self.extract_missing,
            other_kind=self.extract_other_kind,
            uncounted=self.extract_uncounted,
            voices=self.extract_voices,
            wide_enough=self.extract_wide_enough,
        )
