"""Word's footnotes and endnotes, which stand in parts of their own, below the paragraph that they are to."""

import io
from pathlib import Path

import docx
import pytest
from docx.opc.constants import RELATIONSHIP_TYPE
from docx.opc.packuri import PackURI
from docx.opc.part import Part
from docx.oxml import parse_xml

from tests.knowledge.documents.formats.test_readers import read

_NAMESPACE = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'


@pytest.mark.parametrize("kind", ["footnote", "endnote"])
def test_a_note_is_text_below_its_paragraph(tmp_path: Path, kind: str):
    document = docx.Document()
    first = document.add_paragraph("Tents are guaranteed for two years.")
    document.add_paragraph("Stoves are not.")
    first._p.append(parse_xml(f'<w:r {_NAMESPACE}><w:{kind}Reference w:id="2"/></w:r>'))
    xml = (
        f'<w:{kind}s {_NAMESPACE}><w:{kind} w:id="0"><w:p><w:r><w:separator/></w:r></w:p></w:{kind}>'
        f'<w:{kind} w:id="2"><w:p><w:r><w:t>Poles excepted.</w:t></w:r></w:p></w:{kind}></w:{kind}s>'
    )
    part = Part(PackURI(f"/word/{kind}s.xml"), f"application/vnd.x.{kind}s+xml", xml.encode(), document.part.package)
    document.part.relate_to(part, getattr(RELATIONSHIP_TYPE, f"{kind}s".upper()))
    stream = io.BytesIO()
    document.save(stream)
    text = read(tmp_path, "a.docx", stream.getvalue()).text
    assert text == "Tents are guaranteed for two years.\n\nPoles excepted.\n\nStoves are not."
