"""What Word, PowerPoint and Excel files share: a zip archive that is looked at before anything of it is unpacked."""

import datetime
import zipfile
from pathlib import Path
from typing import Any

from pipelines.knowledge.documents.formats.extracted import (
    declared_author,
    declared_title,
    exception_line,
    iso_date,
    unreadable,
)
from pipelines.knowledge.documents.formats.limits import Limits

_MIB = 1 << 20
_TEMPLATE_TIMES = {
    datetime.datetime(2013, 12, 23, 23, 15),
    datetime.datetime(2013, 1, 27, 9, 14, 16),
    datetime.datetime(2013, 1, 27, 9, 15, 58),
}
"""When the templates that python-docx and python-pptx carry were made and changed."""
_OLE = b"\xd0\xcf\x11\xe0"


def check_archive(path: Path, kind: str, ending: str, limits: Limits) -> None:
    """Raise InputError for what is no zip archive of this kind, or would be too much when unpacked."""
    with path.open("rb") as file:
        start = file.read(4)
    if start == _OLE:
        raise unreadable(
            path.name, f"an old or password-protected {kind}", f"an open {ending} file", f"save as {ending}"
        )
    try:
        with zipfile.ZipFile(path) as archive:
            parts = archive.infolist()
    except Exception as error:  # a damaged archive trips the parser in many ways
        raise damaged_file_error(path, kind, ending, error) from error
    unpacked = sum(part.file_size for part in parts)
    markup = sum(part.file_size for part in parts if part.filename.endswith((".xml", ".rels")))
    found = ""
    if len(parts) > limits.parts:
        found = f"{len(parts)} parts, more than {limits.parts}"
    elif unpacked > limits.unpacked_bytes:
        found = f"{unpacked // _MIB} MiB when unpacked, more than {limits.unpacked_bytes // _MIB}: a zip bomb?"
    elif markup > limits.markup_bytes:
        found = f"{markup // _MIB} MiB of XML when unpacked, more than {limits.markup_bytes // _MIB}: a zip bomb?"
    if found:
        raise unreadable(path.name, found, f"a {kind} of ordinary size", "split it")


def damaged_file_error(path: Path, kind: str, ending: str, error: BaseException) -> Exception:
    """Return the error of a file that its library could not open."""
    return unreadable(
        path.name,
        f"a damaged {kind} ({exception_line(error, path)})",
        f"a {ending} that opens",
        f"save it as {ending} anew",
    )


def core_properties(core: Any) -> dict[str, Any]:
    """Return title, author and date of a file's core properties, without what its template put there."""
    times = (
        time for time in (core.created, core.modified) if time and time.replace(tzinfo=None) not in _TEMPLATE_TIMES
    )
    return {
        "title": declared_title(core.title),
        "author": declared_author(core.author or core.last_modified_by),
        "date": iso_date(next(times, None)),
    }
