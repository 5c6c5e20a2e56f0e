"""One reader a format: from a file to its text and, where the format has one, its title.

Markdown and text stay as they are, to the character. The others become simple Markdown ("# heading", "- item",
"| cell |"), so that what comes after sees one form. A file that cannot be read is an InputError.
"""

import logging
import re
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from pipelines.errors import InputError
from pipelines.knowledge.lines import wraps

_UNWANTED = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff]")
_HIDDEN_TAGS = {"script", "style", "noscript", "template", "head", "svg", "math", "iframe", "object"}
_BLOCK_TAGS = {
    *("address", "article", "aside", "blockquote", "body", "caption", "dd", "details", "div", "dl", "dt", "fieldset"),
    *("figcaption", "figure", "footer", "form", "header", "hr", "html", "main", "nav", "ol", "p", "pre", "section"),
    *("summary", "table", "tbody", "tfoot", "thead", "ul"),
}
_WORD = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_CJK_BREAK = re.compile(r"(?<=[\u3000-\u9fff\uff00-\uffef])\n(?=[\u3000-\u9fff\uff00-\uffef])")
_GENERATED_TITLES = {"", "untitled", "anonymous", "(anonymous)", "unspecified", "(unspecified)", "document"}


@dataclass(frozen=True)
class Extracted:
    """The text of a file, and what its format declares of it ("" where it declares nothing).

    `pages` are the places in the text where pages or slides start; `date` is ISO.
    """

    text: str
    title: str = ""
    author: str = ""
    date: str = ""
    pages: tuple[int, ...] = ()
    encoding: str = ""


@dataclass(frozen=True)
class Reader:
    """How one format is read; `version` changes whenever the extracted text may."""

    format: str
    read: Callable[[Path], Extracted]
    packages: tuple[str, ...] = ()

    @property
    def version(self) -> str:
        return "-".join([self.format, "1", *(f"{package}-{version(package)}" for package in self.packages)])


def _decode(path: Path) -> str:
    data = path.read_bytes()
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise InputError(
            path.name,
            f"byte 0x{data[error.start]:02x} in line {line}, which is not UTF-8",
            "UTF-8 text",
            f"iconv -f {_guess_encoding(data)} -t UTF-8 {path.name} > new, then replace the file",
        ) from None
    if "\0" in text:
        raise InputError(
            path.name,
            "NUL bytes, as in UTF-16 or a binary file",
            "UTF-8 text",
            f"iconv -f UTF-16 -t UTF-8 {path.name} > new, or move the file out of the folder",
        )
    return text


def _guess_encoding(data: bytes) -> str:
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return "UTF-16"
    try:
        text = data.decode("gb18030")
    except UnicodeDecodeError:
        return "WINDOWS-1252"
    return "GB18030" if re.search(r"[\u4e00-\u9fff]{2}", text) else "WINDOWS-1252"


def read_plain(path: Path) -> Extracted:
    """Return a Markdown or text file unaltered: a byte order mark is its first character, line ends stay."""
    return Extracted(_decode(path), encoding="utf-8")


def read_html(path: Path) -> Extracted:
    """Return what a browser would show, block by block."""
    from bs4 import BeautifulSoup

    soup = BeautifulSoup(_decode(path), "lxml")
    title = " ".join(soup.title.get_text().split()) if soup.title else ""
    return Extracted(_tidy(_render(soup)), title, encoding="utf-8")


def _render(node: Any) -> str:
    from bs4 import NavigableString

    parts = []
    for child in node.children:
        if isinstance(child, NavigableString):
            if type(child) is NavigableString:  # and neither a comment nor a declaration
                parts.append(re.sub(r"\s+", " ", child))
        elif child.name not in _HIDDEN_TAGS and not child.has_attr("hidden"):
            parts.append(_element(child))
    return "".join(parts)


def _element(tag: Any) -> str:
    if tag.name == "br":
        return "\n"
    if re.fullmatch("h[1-6]", tag.name):
        return f"\n\n{'#' * int(tag.name[1])} {' '.join(_render(tag).split())}\n\n"
    if tag.name == "tr":
        return f"\n{_row([_render(cell) for cell in tag.find_all(['td', 'th'], recursive=False)])}\n"
    text = _render(tag)
    if tag.name == "li":
        return f"\n- {text.strip()}\n"
    return f"\n\n{text}\n\n" if tag.name in _BLOCK_TAGS else text


def _row(cells: list[str]) -> str:
    return "| " + " | ".join(" ".join(cell.split()) for cell in cells) + " |"


def _tidy(text: str) -> str:
    text = re.sub(r"[ \t]*\n[ \t]*", "\n", _UNWANTED.sub(" ", text))
    for mark in ("-", r"\|"):  # the items of one list, the rows of one table
        text = re.sub(rf"^({mark} .*)\n{{2,}}(?={mark} )", r"\1\n", text, flags=re.MULTILINE)
    return re.sub(r"\n{3,}", "\n\n", text).strip()


def read_pdf(path: Path) -> Extracted:
    """Return the text of a PDF, page after page, wrapped lines joined."""
    import pypdf

    logging.getLogger("pypdf").setLevel(logging.CRITICAL)
    try:
        with pypdf.PdfReader(path) as reader:
            if reader.is_encrypted and not reader.decrypt(""):
                raise _unreadable(path, "a PDF that asks for a password", "a PDF without one", "save it unprotected")
            pages = [_join_wrapped(page.extract_text()) for page in reader.pages]
            title = str(reader.metadata.title or "") if reader.metadata else ""
    except InputError:
        raise
    except Exception as error:  # pypdf raises what its parsing trips over: KeyError, RecursionError, its own
        raise _unreadable(
            path, f"a damaged PDF ({_reason(error)})", "a PDF that opens", "print it to PDF anew"
        ) from error
    if not any(page.strip() for page in pages):
        raise _unreadable(path, "a PDF without text, perhaps a scan", "a PDF with text", "run ocrmypdf on it")
    return Extracted(_tidy("\n\n".join(pages)), "" if title.strip().lower() in _GENERATED_TITLES else title.strip())


def _join_wrapped(page: str) -> str:
    lines = page.splitlines()
    text = "".join(line + ("\n" if more else "\f") for line, more in zip(lines, wraps(lines), strict=True))
    return _CJK_BREAK.sub("", text).replace("\n", " ").replace("\f", "\n")


def read_docx(path: Path) -> Extracted:
    """Return the paragraphs and tables of a Word document in their order; deleted text is left out."""
    import docx

    try:
        document = docx.Document(str(path))
        body = document.element.body
        # What the reader sees once only: no second rendering of drawings, no place that text was moved from.
        for twice in [
            *body.iter("{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback", f"{_WORD}moveFrom")
        ]:
            twice.getparent().remove(twice)
        text = _tidy("\n".join(_word_blocks(body, document)))
        title = document.core_properties.title or ""
    except Exception as error:  # zip, XML and key errors, by what is missing
        raise _unreadable(
            path, f"a damaged Word document ({_reason(error)})", "a .docx file that opens", "save it as .docx anew"
        ) from error
    return Extracted(text, "" if title.strip().lower() in {*_GENERATED_TITLES, "word document"} else title.strip())


def _word_blocks(parent: Any, document: Any) -> list[str]:
    blocks = []
    for element in parent:
        if element.tag == f"{_WORD}p":
            blocks.append(_word_paragraph(element, document))
        elif element.tag == f"{_WORD}tbl":
            rows = [_word_row(row) for row in element.iter(f"{_WORD}tr")]
            blocks.append("\n" + "\n".join(row for row in rows if row.strip("| ")) + "\n")
        elif element.tag in (f"{_WORD}sdt", f"{_WORD}sdtContent", f"{_WORD}ins", f"{_WORD}moveTo"):
            blocks += _word_blocks(element, document)
    return blocks


def _word_paragraph(element: Any, document: Any) -> str:
    from docx.text.paragraph import Paragraph

    text = _word_text(element).strip()
    style = (Paragraph(element, document._body).style or document.styles["Normal"]).name or ""
    level = re.fullmatch(r"Heading ([1-6])", style)
    if not text:
        return ""
    if level or style == "Title":
        return f"\n{'#' * int(level.group(1) if level else 1)} {text}\n"
    if style.startswith("List") or element.find(f"{_WORD}pPr/{_WORD}numPr") is not None:
        return f"- {text}"
    return f"{text}\n"


def _word_row(row: Any) -> str:
    return _row([" ".join(_word_text(p) for p in cell.iter(f"{_WORD}p")) for cell in row.findall(f"{_WORD}tc")])


def _word_text(paragraph: Any) -> str:
    marks = {f"{_WORD}tab": "\t", f"{_WORD}br": "\n", f"{_WORD}cr": "\n", f"{_WORD}noBreakHyphen": "-"}
    return "".join(
        (piece.text or "") if piece.tag == f"{_WORD}t" else marks.get(piece.tag, "")
        for run in paragraph.iter(f"{_WORD}r")
        for piece in run
    )


def _unreadable(path: Path, found: str, expected: str, fix: str) -> InputError:
    return InputError(path.name, found, expected, f"{fix}, or move the file out of the folder")


def _reason(error: Exception) -> str:
    return " ".join(f"{type(error).__name__}: {error}".split())[:120]


_MARKDOWN, _TEXT = Reader("markdown", read_plain), Reader("text", read_plain)
_HTML = Reader("html", read_html, ("beautifulsoup4", "lxml"))
READERS = {
    ".md": _MARKDOWN,
    ".markdown": _MARKDOWN,
    ".txt": _TEXT,
    ".text": _TEXT,
    ".html": _HTML,
    ".htm": _HTML,
    ".pdf": Reader("pdf", read_pdf, ("pypdf",)),
    ".docx": Reader("docx", read_docx, ("python-docx",)),
}
"""By the end of the file name, in small letters."""
