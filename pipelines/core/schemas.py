"""The tables that travel between the assets: one Arrow schema each, rows sorted by their first column."""

import pyarrow as pa

TEXT = pa.string()
TEXTS = pa.list_(pa.string())
SPANS = pa.list_(pa.int32())
"""start, end, start, end, …: flat, since a property of Neo4j holds numbers but no pairs."""


def _schema(**columns: pa.DataType) -> pa.Schema:
    return pa.schema(list(columns.items()))


LEDGER = _schema(file=TEXT, row=pa.int64(), found=TEXT, expected=TEXT, fix=TEXT)
"""Rejected inputs; see `pipelines.core.errors.Problem`."""

MANIFEST = _schema(
    path=TEXT,
    document_id=TEXT,
    size=pa.int64(),
    mtime_ns=pa.int64(),
    stamp=TEXT,
    checked_ns=pa.int64(),
    digest=TEXT,
    reader=TEXT,
    settings=TEXT,
    state=TEXT,
    found=TEXT,
    expected=TEXT,
    fix=TEXT,
)
"""One row a file of the documents' source, rejected ones with their reason; one that is gone has none. `mtime_ns` is
the last time that anything of the file changed, `stamp` all by which the source tells a change, `checked_ns` when the
bytes were last read."""

DOCUMENTS = _schema(
    document_id=TEXT,
    path=TEXT,
    version=TEXT,
    format=TEXT,
    language=TEXT,
    title=TEXT,
    text=TEXT,
    bytes=pa.int64(),
    reader=TEXT,
    author=TEXT,
    date=TEXT,
    pages=pa.list_(pa.int64()),
    encoding=TEXT,
    left_out=TEXT,
)
"""`document_id` from the path below the root (posix), `version` from the bytes, `language` a code of `text.languages`,
`reader` the format's reader with its version and libraries, `date` ISO or "", `pages` where each page or slide starts
in the text (empty where the format has none), `encoding` what the file's bytes were decoded with ("" for binary
formats), `left_out` how many lines or marks of the file are no text of it, by their kind (JSON, "" for none)."""

CHUNKS = _schema(
    chunk_id=TEXT,
    document_id=TEXT,
    path=TEXT,
    language=TEXT,
    start=pa.int64(),
    end=pa.int64(),
    tokens=pa.int64(),
    text=TEXT,
    version=TEXT,
    section=TEXT,
    sections=TEXTS,
    page=pa.int32(),
    parent_id=TEXT,
    header=TEXT,
    sentence_spans=SPANS,
)
"""`text == document.text[start:end]`, in characters; order within a document is by `start`. `version` tells of which
text of the document, cut how, the chunk is; the id does not change with it, the place may. `section` is the path of
headings ("A > B") where it begins, `sections` are the paths of all that it touches and of those around them, `page`
counts from 1 (0: none), chunks of one parent share `parent_id` ("": none), and `header` is put before the text for
embedding ("": nothing), its last line the head of the table that the chunk begins in the middle of. `sentence_spans`
say where its sentences start and end in its own `text`, so that they stay the same where the chunk moves in its
document; `pipelines/text/sentence_spans.py` reads them."""

_PLACE = [("start", pa.int64()), ("end", pa.int64())]
ENTITY_MENTIONS = pa.list_(pa.struct([("name", TEXT), ("type", TEXT), *_PLACE, ("description", TEXT)]))
RELATION_MENTIONS = pa.list_(
    pa.struct(
        [
            ("source", TEXT),
            ("target", TEXT),
            ("type", TEXT),
            ("evidence", TEXT),
            ("weight", pa.float64()),
            *_PLACE,
            ("description", TEXT),
        ]
    )
)

EXTRACTIONS = _schema(
    chunk_id=TEXT,
    document_id=TEXT,
    start=pa.int64(),
    extractor=TEXT,
    status=TEXT,
    reason=TEXT,
    dropped=TEXT,
    entities=ENTITY_MENTIONS,
    relations=RELATION_MENTIONS,
)
"""One row a chunk: `status` is ok, repaired (what could be had of a faulty answer), empty (nothing is named) or failed,
each but ok with its `reason`; `dropped` counts what was found and not kept by reason (JSON, "" for nothing).

Spans are characters of the document, in which the chunk began at `start`; a relation's is that of its `evidence`.
"""

ENTITIES = _schema(
    entity_id=TEXT,
    name=TEXT,
    type=TEXT,
    aliases=TEXTS,
    description=TEXT,
    mentions=pa.int64(),
    chunk_ids=TEXTS,
    spans=SPANS,
)
RELATIONS = _schema(
    relation_id=TEXT,
    source_id=TEXT,
    target_id=TEXT,
    type=TEXT,
    weight=pa.float64(),
    description=TEXT,
    chunk_ids=TEXTS,
    spans=SPANS,
)
"""`type` is an upper-case identifier or a Chinese word (WORKS_AT, 工作于, CO_OCCURS); `source_id` and `target_id` are
entity ids. `spans` say where an entity is named, or the sentence stands that says a relation: three numbers a place,
which of the `chunk_ids` (from 0), and start and end in characters of that chunk's `text`."""

ALIASES = _schema(
    alias_id=TEXT,
    entity_id=TEXT,
    name=TEXT,
    alias=TEXT,
    document_id=TEXT,
    rule=TEXT,
    score=pa.float64(),
    evidence=TEXT,
    said_in=TEXT,
    by=TEXT,
    mentions=pa.int64(),
)
"""Why an `alias` means an entity: everywhere (`document_id` "") or in one document, by which `rule`, how surely, what
says so in which document (`said_in`), and `by` whom (rules, hand, or a model's name); `mentions` are those of that
spelling or short name."""

SUSPECTED_DUPLICATES = _schema(
    pair_id=TEXT, one_id=TEXT, other_id=TEXT, one=TEXT, other=TEXT, rule=TEXT, score=pa.float64(), reason=TEXT
)
"""Entities that look alike and were not joined, with what speaks for it (`rule`, `score`) and against it."""

ENTITY_DESCRIPTIONS = _schema(digest=TEXT, text=TEXT, model=TEXT)
"""Descriptions that a language model made of several, by the digest of those, the model and the limit."""

COMMUNITIES = _schema(community_id=TEXT, level=pa.int64(), parent_id=TEXT, entity_ids=TEXTS, digest=TEXT)
"""`level` 0 is the coarsest, its parent the root at level -1: the whole corpus, whose `entity_ids` is empty. Only the
root's `parent_id` is "". `digest` covers members, their relations and the children."""

COMMUNITY_SUMMARIES = _schema(
    community_id=TEXT, digest=TEXT, title=TEXT, summary=TEXT, chunk_ids=TEXTS, model=TEXT, rating=pa.float64(),
    findings=TEXTS, finding_chunk_ids=TEXTS, finding_entity_ids=TEXTS,
)  # fmt: skip
"""`chunk_ids` are the chunks that the summary was written from, best first: what a global answer cites. `model` is
"extractive" where no model wrote it; `rating` is from 0 to 10. Of each finding, its chunks' and entities' ids are one
string, joined by a space."""

QUESTIONS = _schema(id=TEXT, question=TEXT, answer=TEXT, documents=TEXTS, type=TEXT, language=TEXT, origin=TEXT)
"""`origin` is "" for a person's question, "generated" for one that was made from the graph."""

CITATIONS = pa.list_(
    pa.struct(
        [
            ("number", pa.int64()),
            ("document", TEXT),
            ("version", TEXT),
            ("chunk_id", TEXT),
            ("start", pa.int64()),
            ("end", pa.int64()),
            ("quote", TEXT),
        ]
    )
)
"""`number` is the mark in the answer's text, which several citations may share; `version` the document's."""
SENTENCES = pa.list_(
    pa.struct(
        [
            ("start", pa.int64()),
            ("end", pa.int64()),
            ("status", TEXT),
            ("reason", TEXT),
            ("citations", pa.list_(pa.int64())),
        ]
    )
)
"""Of each sentence of an answer its span in it, `status` (supported, derived, unverified, contradicted; none where
nothing is claimed), why, and the places of its proof in `citations`, from 0."""
TRACE = pa.list_(
    pa.struct(
        [
            ("action", TEXT),
            ("argument", TEXT),
            ("result", TEXT),
            ("prompt_tokens", pa.int64()),
            ("completion_tokens", pa.int64()),
            ("seconds", pa.float64()),
        ]
    )
)
"""What was done for an answer beside writing it (a mode's steps, translations, the second pass of its proof): with
what, what came, the model's tokens for it and the time."""
ANSWERS = _schema(
    answer_id=TEXT,
    question_id=TEXT,
    mode=TEXT,
    answer=TEXT,
    supported=pa.bool_(),
    citations=CITATIONS,
    sentences=SENTENCES,
    writer=TEXT,
    left_out=pa.int64(),
    note=TEXT,
    trace=TRACE,
    retrieved=TEXTS,
    prompt_tokens=pa.int64(),
    completion_tokens=pa.int64(),
    model=TEXT,
    seconds=pa.float64(),
)
"""`retrieved` are chunk ids, best first; `seconds` from question to answer, none where the model's are not known."""

QUESTION_SCORES = _schema(
    score_id=TEXT,
    question_id=TEXT,
    asked=TEXT,
    type=TEXT,
    language=TEXT,
    mode=TEXT,
    metric=TEXT,
    value=pa.float64(),
)
"""One row a question, mode and metric that applies; `asked` tells of the question, its gold answer and documents."""


def embeddings(key: str, dimensions: int) -> pa.Schema:
    """Return the schema of an embedding table: key, model (name and revision) and a normalised float32 vector."""
    return pa.schema([(key, TEXT), ("model", TEXT), ("vector", pa.list_(pa.float32(), dimensions))])


def chunk_embeddings(dimensions: int) -> pa.Schema:
    """Return the schema of the chunks' vectors: as `embeddings`, and `content`, the digest of the embedded text."""
    return embeddings("chunk_id", dimensions).append(pa.field("content", TEXT))
