"""How much one file may ask of the machine before it is listed as rejected."""

from pydantic import BaseModel, ConfigDict, Field

_MIB = 1 << 20


class Limits(BaseModel):
    """Limits of one file; what is over one of them is a row in the ledger."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    file_bytes: int = Field(default=64 * _MIB, ge=1, description="Largest file (GRAFTLINE_MAX_FILE_MB).")
    characters: int = Field(default=10_000_000, ge=1, description="Longest extracted text; a thick book has 3 million.")
    unpacked_bytes: int = Field(default=512 * _MIB, ge=1, description="All parts of a .docx, .pptx or .xlsx, unpacked.")
    markup_bytes: int = Field(default=48 * _MIB, ge=1, description="Its XML parts, which are parsed in memory.")
    parts: int = Field(default=10_000, ge=1, description="Most parts of a .docx, .pptx or .xlsx.")
    pages: int = Field(default=5_000, ge=1, description="Most pages of a PDF.")
    depth: int = Field(default=400, ge=1, description="Deepest nesting of HTML elements or JSON values.")
    seconds: float = Field(default=60.0, gt=0, description="Longest time to parse one file (GRAFTLINE_READ_SECONDS).")
    memory_bytes: int = Field(
        default=1024 * _MIB, ge=1, description="Address space of the process that parses; enforced on Linux."
    )
