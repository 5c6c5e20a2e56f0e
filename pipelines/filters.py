"""Which chunks a search may return, by what is known of them and of their documents."""

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, Field


class Filters(BaseModel):
    """Conditions on chunks, all of which have to hold; an empty one says nothing."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    languages: tuple[str, ...] = Field(default=(), description="languages of the chunk, any of them: en, zh")
    paths: tuple[str, ...] = Field(
        default=(), description="paths below the documents root or beginnings of them, any of them: policies/, a.md"
    )
    formats: tuple[str, ...] = Field(default=(), description="formats of the document, any of them: markdown, pdf")
    section: str = Field(default="", description="a section's path with all below it: Returns > Abroad")
    since: str = Field(default="", description="earliest date of the document, ISO or its beginning: 2024, 2024-05-01")
    until: str = Field(default="", description="latest date of the document, as far as it is given: 2024 is its end")

    @property
    def empty(self) -> bool:
        """Whether every chunk passes."""
        return self == Filters()

    def passes(self, chunk: Mapping[str, Any], document: Mapping[str, Any]) -> bool:
        """Say whether a chunk of that document may be returned: what both stores do in their own query language."""
        section, date = chunk.get("section") or "", document.get("date") or ""
        dated = bool(date) or not (self.since or self.until)
        return (
            (not self.languages or chunk["language"] in self.languages)
            and (not self.paths or chunk["path"].startswith(self.paths))
            and (not self.formats or document.get("format") in self.formats)
            and (not self.section or section == self.section or section.startswith(f"{self.section} > "))
            and dated
            and date >= self.since
            and date[: len(self.until)] <= self.until
        )


EVERYTHING = Filters()
