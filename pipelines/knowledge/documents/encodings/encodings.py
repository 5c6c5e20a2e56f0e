"""A document's bytes to text in whatever encoding they are (`pipelines/text/encodings`), or one sentence why not."""

from pipelines.core.errors import InputError
from pipelines.text.encodings.detection import NoTextError, decoded


def decode(data: bytes, name: str, declared: bool = False) -> tuple[str, str]:
    """Return the text of the bytes and Python's name of their encoding; see `decoded`. InputError where it is none."""
    try:
        return decoded(data, declared)
    except NoTextError as error:
        raise InputError(
            name,
            str(error),
            "text in UTF-8, UTF-16 or an older encoding",
            "save it as UTF-8, or move it out of the folder",
        ) from None
