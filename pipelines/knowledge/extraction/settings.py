"""The settings of the extraction: what a model is asked, what is kept of what it says, and triples of a file."""

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

Outside = Literal["auto", "keep", "map", "drop"]
"""Types that a schema does not have: kept as said, mapped to the nearest of its own, or dropped; auto: as the schema's
`additional_…` say, and kept where it does not say."""


class ExtractionSettings(BaseModel):
    """What `llm` asks and keeps, and what `replay` reads."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    schema_file: Path | None = Field(default=None, description="the user's types and patterns; None: open extraction")
    prompts: Path | None = Field(default=None, description="a folder of prompts in the packaged ones' place")
    outside: Outside = Field(default="auto", description="what becomes of types that the schema does not have")
    gleaning: bool = Field(default=True, description="ask once more for names that the rules find and the model missed")
    claims: bool = Field(default=False, description="ask for the dates of relations")
    max_tokens: int = Field(default=1024, ge=1, description="tokens of a reply; one that is cut gets four times more")
    triples: Path | None = Field(default=None, description="the file that replay reads")
