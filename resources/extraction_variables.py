"""The variables of the extraction: every field of its settings has one."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field
from pydantic_settings import BaseSettings

from pipelines.knowledge.extraction.settings import ExtractionSettings, Outside
from resources.setting_sources import below_checkout, variable

OptionalPath = Annotated[Path | None, BeforeValidator(lambda value: below_checkout(Path(value)) if value else None)]
Switch = Literal["on", "off"]


class ExtractionVariables(BaseSettings):
    """What finds entities and relations, what a language model is asked for them, and what is kept."""

    extractor: str = variable("GRAFTLINE_EXTRACTOR", "fast", "what finds entities and relations: fast, llm or replay")
    extraction_schema: OptionalPath = variable(
        "GRAFTLINE_EXTRACTION_SCHEMA", "", "YAML or JSON of types and patterns for llm and replay; unset: any types"
    )
    extraction_outside: Outside = variable(
        "GRAFTLINE_EXTRACTION_OUTSIDE", "auto", "types outside the schema: keep, map, drop, or auto: as it says"
    )
    extraction_prompts: OptionalPath = variable(
        "GRAFTLINE_EXTRACTION_PROMPTS", "", "folder of llm's prompts in the packaged ones' place"
    )
    extraction_gleaning: Switch = variable(
        "GRAFTLINE_EXTRACTION_GLEANING", "on", "ask llm once more for names that fast finds and it missed"
    )
    extraction_claims: Switch = variable(
        "GRAFTLINE_EXTRACTION_CLAIMS", "off", "on: llm dates relations, in their descriptions"
    )
    extraction_tokens: Annotated[int, Field(ge=16)] = variable(
        "GRAFTLINE_EXTRACTION_TOKENS",
        "1024",
        "tokens of llm's reply; one that is cut is asked for with four times more",
    )
    extraction_triples: OptionalPath = variable(
        "GRAFTLINE_EXTRACTION_TRIPLES", "", "the JSONL or CSV of triples that replay reads"
    )

    @property
    def extraction(self) -> ExtractionSettings:
        """The settings of llm and replay."""
        return ExtractionSettings(
            schema_file=self.extraction_schema,
            prompts=self.extraction_prompts,
            outside=self.extraction_outside,
            gleaning=self.extraction_gleaning == "on",
            claims=self.extraction_claims == "on",
            max_tokens=self.extraction_tokens,
            triples=self.extraction_triples,
        )
