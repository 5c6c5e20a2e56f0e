"""Files damaged in 25 ways, each beside good ones: what a folder that people fill for years comes to hold."""

import io
import os
import random
import zipfile
from collections.abc import Callable
from pathlib import Path

import docx
import pptx

from tests.knowledge.documents.test_loading import pdf

_NOISE = random.Random(5)


def _saved(save: Callable[[io.BytesIO], object]) -> bytes:
    stream = io.BytesIO()
    save(stream)
    return stream.getvalue()


def word(text: str) -> bytes:
    document = docx.Document()
    document.add_paragraph(text)
    return _saved(document.save)


def slides(text: str) -> bytes:
    presentation = pptx.Presentation()
    slide = presentation.slides.add_slide(presentation.slide_layouts[5])
    slide.shapes.title.text = text
    return _saved(presentation.save)


def bomb(base: bytes, member: str, start: bytes, filling: bytes, mebibytes: int) -> bytes:
    """A copy of an Office file one part of which is that large when unpacked."""
    stream = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(base)) as old, zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as new:
        for part in old.infolist():
            if part.filename != member:
                new.writestr(part, old.read(part))
        with new.open(member, "w", force_zip64=True) as target:
            target.write(start)
            for _ in range(mebibytes):
                target.write(filling)
    return stream.getvalue()


def looping_pdf() -> bytes:
    """A PDF whose page tree is its own child."""
    return (
        b"%PDF-1.4\n1 0 obj <</Type/Catalog/Pages 2 0 R>> endobj\n"
        b"2 0 obj <</Type/Pages/Count 1/Kids[2 0 R]>> endobj\n"
        b"trailer <</Root 1 0 R/Size 3>>\nstartxref\n0\n%%EOF"
    )


def flate_bomb_pdf(mebibytes: int) -> bytes:
    """A PDF whose page is that large when inflated."""
    import zlib

    packer = zlib.compressobj(9)
    block = b"BT (x) Tj ET " * 80_660
    data = b"".join(packer.compress(block) for _ in range(mebibytes)) + packer.flush()
    return (
        b"%PDF-1.4\n1 0 obj <</Type/Catalog/Pages 2 0 R>> endobj\n2 0 obj <</Type/Pages/Count 1/Kids[3 0 R]>> endobj\n"
        b"3 0 obj <</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]/Contents 4 0 R>> endobj\n"
        + b"4 0 obj <</Length %d/Filter/FlateDecode>> stream\n" % len(data)
        + data
        + b"\nendstream endobj\ntrailer <</Root 1 0 R/Size 5>>\nstartxref\n0\n%%EOF"
    )


def _file(ending: str, make: Callable[[int], bytes]) -> Callable[[Path, int], str]:
    def write(folder: Path, number: int) -> str:
        name = f"{folder.name}-{number}{ending}"
        (folder / name).write_bytes(make(number))
        return name

    return write


def _loop(folder: Path, number: int) -> str:
    (folder / f"loop-{number}").symlink_to(folder)
    return f"loop-{number}"


def _self_link(folder: Path, number: int) -> str:
    (folder / f"self-{number}.md").symlink_to(folder / f"self-{number}.md")
    return f"self-{number}.md"


def _pipe(folder: Path, number: int) -> str:
    os.mkfifo(folder / f"pipe-{number}.txt")
    return f"pipe-{number}.txt"


def _bad_name(folder: Path, number: int) -> str:
    path = os.fsencode(folder) + b"/name-\xff\xfe-%d.md" % number
    with open(path, "wb") as file:
        file.write(b"Text.")
    return f"name-\ufffd\ufffd-{number}.md"


WAYS: dict[str, tuple[Callable[[Path, int], str], str]] = {
    "pdf-cut": (_file(".pdf", lambda n: pdf(f"Some text {n}")[: 200 + n]), "PDF"),
    "pdf-noise": (_file(".pdf", lambda n: b"%PDF-1.7\n" + _NOISE.randbytes(3000)), "damaged PDF"),
    "pdf-loop": (_file(".pdf", lambda n: looping_pdf()), "PDF"),
    "pdf-password": (_file(".pdf", lambda n: pdf("Secret", password="x")), "password"),
    "pdf-scan": (_file(".pdf", lambda n: pdf()), "without text"),
    "pdf-bomb": (_file(".pdf", lambda n: flate_bomb_pdf(300)), "PDF|memory|longer"),
    "docx-cut": (_file(".docx", lambda n: word(f"Text {n}")[: 2000 + n]), "damaged Word document"),
    "docx-bomb": (
        _file(".docx", lambda n: bomb(word("x"), "word/media/a.bin", b"", b"\0" * (1 << 20), 600)),
        "zip bomb",
    ),
    "docx-xml-bomb": (
        _file(".docx", lambda n: bomb(word("x"), "word/document.xml", b"<a>", b" " * (1 << 20), 64)),
        "zip bomb",
    ),
    "docx-is-old": (_file(".docx", lambda n: b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(500)), "old or password"),
    "pptx-cut": (_file(".pptx", lambda n: slides(f"Text {n}")[: 3000 + n]), "damaged presentation"),
    "pptx-other": (_file(".pptx", lambda n: word("no slides")), "damaged presentation"),
    "html-deep": (_file(".html", lambda n: b"<div>" * (3000 + n) + b"deep" + b"</div>" * 3000), "nested|deep"),
    "html-binary": (_file(".html", lambda n: bytes(_NOISE.choices(range(1, 32), k=900))), "binary"),
    "json-cut": (_file(".json", lambda n: b'[{"a": 1}, {"b": "' + b"x" * n), "damaged JSON"),
    "json-deep": (_file(".json", lambda n: b"[" * (5000 + n) + b"]" * (5000 + n)), "deep"),
    "jsonl-line": (_file(".jsonl", lambda n: b'{"a": 1}\n{"a": 2\n{"a": 3}\n'), "line 2"),
    "text-empty": (_file(".md", lambda n: b"" if n % 2 else b"\xef\xbb\xbf \r\n\t"), "no text"),
    "text-binary": (_file(".txt", lambda n: b"\x7fELF" + bytes(range(256)) * 4), "binary|NUL|encoding"),
    "text-utf16-cut": (_file(".txt", lambda n: "退货政策".encode("utf-16")[:-1]), "UTF-16"),
    "unknown-ending": (_file(".xyz", lambda n: b"text"), 'ending in ".xyz"'),
    "link-loop": (_loop, "link to a folder"),
    "link-self": (_self_link, "link to nothing"),
    "pipe": (_pipe, "pipe"),
    "name-bytes": (_bad_name, "not UTF-8"),
}
"""By way: what writes the nth such file into a folder and returns its name, and a pattern of the reason listed."""


def good_files(folder: Path, count: int) -> dict[str, str]:
    """Write good files, the odd ones among them that must be read; return a part of each one's text by name."""
    made: dict[str, tuple[bytes, str]] = {
        "gigantic-line.txt": (b"word and more " * 200_000, "word and more"),
        "gigantic-word.txt": (("数" * 300_000).encode(), "数数数"),
        "gigantic-run.txt": (b"x" * 2_000_000, "xxx"),
    }
    made["gbk.txt"] = ("退货政策：七天内可以退货。".encode("gb18030"), "七天内")
    made["big5.txt"] = ("退貨政策：七天內可以退貨。".encode("big5"), "七天內")
    made["sjis.txt"] = ("商品の返品は七日以内にお願いします。".encode("shift_jis"), "七日以内")
    made["latin.txt"] = ("Müller and Søn met at the café.".encode("cp1252"), "Søn")
    made["utf16.md"] = ("# Returns\n".encode("utf-16"), "# Returns")
    made["退货政策.md"] = ("七天无理由退货。".encode(), "七天")
    made["возврат.html"] = ("<p>Семь дней</p>".encode(), "Семь дней")
    made["إرجاع.pptx"] = (slides("Seven days"), "Seven days")
    for number in range(count):
        made[f"good-{number}.md"] = (f"# Good {number}\n\nText of {number}.\n".encode(), f"Text of {number}")
        if number % 10 == 0:
            made[f"good-{number}.pdf"] = (pdf(f"Page of {number}"), f"Page of {number}")
            made[f"good-{number}.docx"] = (word(f"Word of {number}"), f"Word of {number}")
    for name, (data, _) in made.items():
        (folder / name).write_bytes(data)
    return {name: text for name, (_, text) in made.items()}
