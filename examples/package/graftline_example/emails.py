"""A reader: e-mails (.eml), their subject as the title, their sender as the author."""

from email import message_from_bytes, policy
from pathlib import Path

from pipelines.core.formats import Format
from pipelines.knowledge.documents.formats.extracted import Extracted, declared_title, iso_date, unreadable
from pipelines.knowledge.documents.formats.limits import Limits

FORMAT = Format((".eml",), "graftline_example.emails:read_email", ("graftline-example",))
"""With its own package among `packages`, another version of it reads the e-mails again."""


def read_email(path: Path, limits: Limits) -> Extracted:
    """Return the plain text of an e-mail; InputError where it has none."""
    message = message_from_bytes(path.read_bytes(), policy=policy.default)
    body = message.get_body(("plain",))
    if body is None:
        raise unreadable(path.name, "an e-mail without plain text", "a text/plain part", "save it as text")
    title = declared_title(message["subject"])
    return Extracted(
        f"# {title}\n\n{body.get_content().strip()}\n" if title else body.get_content(),
        title=title,
        author=str(message["from"] or ""),
        date=iso_date(str(message["date"] or "")),
    )
