"""Which chunks a search may return, by what is known of them and of their documents."""

from collections.abc import Iterable, Mapping
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator, model_validator

from pipelines.core import filter_values
from pipelines.core.errors import InputError, NotMaterializedError
from pipelines.text.languages.languages import LANGUAGES

_READ = {
    "languages": filter_values.stored_language,
    "paths": filter_values.stored_path,
    "formats": filter_values.stored_format,
}


class Filters(BaseModel):
    """Conditions on chunks, all of which have to hold; an empty one says nothing.

    Values are read as a person types them (PDF, md, ./policies); InputError for a date, format or language that no
    document can have.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    languages: tuple[str, ...] = Field(
        default=(), description=f"languages of the chunk, any of them: {', '.join(LANGUAGES)}"
    )
    paths: tuple[str, ...] = Field(
        default=(), description="paths below the documents root or beginnings of them, any of them: policies/, a.md"
    )
    formats: tuple[str, ...] = Field(
        default=(), description="formats of the document or their files' endings, any of them: markdown, pdf, py"
    )
    section: str = Field(default="", description="a section's path with all below it: Returns > Abroad")
    since: str = Field(default="", description="earliest date of the document, ISO or its beginning: 2024, 2024-05-01")
    until: str = Field(default="", description="latest date of the document, as far as it is given: 2024 is its end")

    @field_validator(*_READ)
    @classmethod
    def _as_stored(cls, values: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        return tuple(map(_READ[str(info.field_name)], values))

    @field_validator("section")
    @classmethod
    def _section(cls, value: str) -> str:
        return filter_values.stored_section(value)

    @field_validator("since", "until")
    @classmethod
    def _dates(cls, value: str, info: ValidationInfo) -> str:
        return filter_values.stored_date(value, str(info.field_name))

    @model_validator(mode="after")
    def _refuse_no_time(self) -> Self:
        if self.until and self.since[: len(self.until)] > self.until:
            found = f"{self.since}, later than --until {self.until}"
            raise InputError("filter --since", found, "a time that some day lies in", f"--since {self.until}")
        return self

    @property
    def empty(self) -> bool:
        """Whether every chunk passes."""
        return self == Filters()

    def passes(self, chunk: Mapping[str, Any], document: Mapping[str, Any]) -> bool:
        """Say whether a chunk of that document may be returned: what both stores do in their own query language."""
        self.refuse_old(chunk)
        date = document.get("date") or ""
        dated = bool(date) or not (self.since or self.until)
        return (
            (not self.languages or chunk["language"] in self.languages)
            and (not self.paths or f"{chunk['path']}/".startswith(self.paths))
            and (not self.formats or document.get("format") in self.formats)
            and (not self.section or self.section in (chunk["sections"] or ()))
            and dated
            and date >= self.since
            and date[: len(self.until)] <= self.until
        )

    def refuse_old(self, columns: Iterable[str]) -> None:
        """Raise NotMaterializedError where a section is asked for and chunks with these columns do not know theirs."""
        if self.section and "sections" not in columns:
            raise NotMaterializedError(
                "filter --section",
                "chunks of an earlier version, which know only where they begin",
                "chunks that know all sections that they touch",
                "graftline run",
            )


EVERYTHING = Filters()
