"""The mode `cypher`: the model writes one query that only reads; its rows and their chunks are the sources."""

import re
from collections.abc import Generator, Sequence
from dataclasses import replace

from pipelines.answering.question import question_terms
from pipelines.answering.search.entities import is_named, near_entities
from pipelines.answering.search.fusion import fuse
from pipelines.answering.search.search import Fact, Retrieved, Row, Search, ranked_by_words
from pipelines.answering.search.trace import Step, drained, model_step
from pipelines.core.errors import ConfigurationError, QueryError
from pipelines.core.protocols import CypherStore, GraphSchema, GraphStore, LanguageModel, Messages, QueryResult
from pipelines.text.languages.languages import language_of
from pipelines.text.notation.json_objects import last_object
from pipelines.text.terms import term_weights

_STATEMENT_TOKENS = 512
_CHUNKS, _TYPES, _PATTERNS, _NAMES, _LOOKED_UP = 200, 30, 40, 10, 20
_TABLE_ROWS, _TABLE_CHARACTERS = 30, 3_000
_BETWEEN = "(:Chunk)-[:PART_OF]->(:Document), (:Chunk)-[:NEXT_CHUNK]->(:Chunk), (:Chunk)-[:HAS_ENTITY]->(:__Entity__), "
_STRUCTURE = f"{_BETWEEN}(:__Entity__)-[:IN_COMMUNITY]->(:__Community__)-[:PARENT_COMMUNITY]->(:__Community__)"
_THOUGHT = re.compile(r"^.*</think(?:ing)?>", re.DOTALL | re.IGNORECASE)
_FENCE = re.compile(r"```[ \t]*(?:cypher|sql|neo4j)?[ \t]*\n(.*?)(?:```|\Z)", re.DOTALL | re.IGNORECASE)
_BEGINNING = re.compile(r"^[ \t]*(?:OPTIONAL[ \t]+MATCH|MATCH|WITH|UNWIND|RETURN|CALL)\b", re.MULTILINE | re.IGNORECASE)
_NO_SOURCE = "its values lead to no text: return the nodes and relationships too, as collect(…) beside an aggregate"


class CypherRetriever:
    """Question → Cypher → rows → chunks; one more try where the statement is refused or its rows lead to no text."""

    def __init__(self, search: Search) -> None:
        self.search = search
        self.store, self.model = _needed(search.store, search.language_model)
        self.settings = search.settings
        self._schema: GraphSchema | None = None

    def retrieve(self, question: str, k: int) -> Retrieved:
        """Return the chunks that the rows stand on, best first, and the rows as a table; the tries are its `trace`."""
        found, trace = drained(self.steps(question, k))
        return replace(found, trace=trace)

    def steps(self, question: str, k: int) -> Generator[Step, None, Retrieved]:
        """Yield each try; return what `retrieve` does, without the trace."""
        result = yield from self._asked(question)
        if result is None:
            return Retrieved([], [], {})
        ids = list(dict.fromkeys(key for row in result.chunk_ids for key in row))[:_CHUNKS]
        rows = {row["chunk_id"]: row for row in self.search.chunk_rows(ids)}
        weights = term_weights(question_terms(question), [row["terms"] for row in rows.values()])
        by_words = ranked_by_words(question, list(rows.values()), weights)
        ranked = fuse([(1.0, [key for key in ids if key in rows]), (1.0, by_words)])
        chosen = [rows[key] for key in ranked[:k]]
        return Retrieved(chosen, self._facts(result, chosen), weights)

    def _asked(self, question: str) -> Generator[Step, None, QueryResult | None]:
        """Yield the tries; return what the model's statement came to, None where it came to nothing."""
        system = self.search.prompts.text(
            "cypher", language_of(question), rows=self.settings.cypher_rows, graph=self._graph(question)
        )
        messages: Messages = [{"role": "system", "content": system}, {"role": "user", "content": question}]
        kept = None
        for _ in range(2):
            completion = self.model.complete(
                [messages], _STATEMENT_TOKENS, usable=lambda _, one: bool(statement_in(one.text))
            )[0]
            statement = "" if completion.failure else statement_in(completion.text)
            if completion.failure:
                yield model_step("cypher", "", f"the model failed: {completion.failure}", completion)
                break
            try:
                if not statement:
                    raise QueryError("the reply", f"'{completion.text[:80]}'", "one Cypher statement", "write it")
                result = self.store.read_cypher(statement, self.settings.cypher_rows, self.settings.cypher_seconds)
            except QueryError as error:
                complaint = f"found {error.found}; expected {error.expected}"
                yield model_step("cypher", statement, f"refused: {complaint}", completion)
            else:
                kept = result
                homeless = bool(result.rows) and not any(result.chunk_ids)
                complaint = _NO_SOURCE if homeless else ""
                told = self._told(result) + (f"\n({_NO_SOURCE})" if homeless else "")
                yield model_step("cypher", result.statement, told, completion)
            if not complaint:
                break
            messages = [
                *messages,
                {"role": "assistant", "content": completion.text.strip() or "…"},
                {"role": "user", "content": complaint},
            ]
        return kept

    def _told(self, result: QueryResult) -> str:
        """Return what the trace says of a result: with filters nothing of what may not pass them."""
        return (
            _table(result) if self.settings.retrieval.filters.empty else f"{len(result.rows)} rows before the filters"
        )

    def _facts(self, result: QueryResult, chunks: Sequence[Row]) -> list[Fact]:
        """Return the table; with filters only where every chunk that it stands on passes."""
        homes = list(dict.fromkeys(key for row in result.chunk_ids for key in row))
        if not result.rows or "table" not in self.search.inside({"table": homes}):
            return []
        return [Fact("table", _table(result), tuple(chunks), title=result.statement)]

    def _graph(self, question: str) -> str:
        """Return the schema, and the names in the graph that the question may mean."""
        if self._schema is None:
            self._schema = self.store.graph_schema()
        schema, store = self._schema, self.search.store
        lines = [f"{label} {{{', '.join(names)}}}" for label, names in schema.properties.items()]
        types = ", ".join(f"{name} {count}" for name, count in schema.entity_types[:_TYPES])
        lines += [f"Types of entities: {types}", f"Relations of texts: {_STRUCTURE}", "Relations of entities:"]
        lines += [
            f"(:{source})-[:{kind}]->(:{target}) {count}"
            for source, kind, target, count in schema.relations[:_PATTERNS]
        ]
        if len(schema.relations) > _PATTERNS:
            lines.append(f"… and {len(schema.relations) - _PATTERNS} rarer ones")
        found = near_entities(store, question, _LOOKED_UP)
        inside = self.search.inside({row["entity_id"]: row["chunk_ids"] or [] for row in found})
        near = sorted((row for row in found if row["entity_id"] in inside), key=lambda row: not is_named(row, question))
        if near:
            names = ", ".join(f"{row['name']} ({row['type']})" for row in near[:_NAMES])
            lines.append(f"Names that the question may mean: {names}")
        return "\n".join(lines)


def statement_in(reply: str) -> str:
    """Return the Cypher statement of a reply, "" where it holds none: in a fence, in JSON, or from its first clause on.

    >>> statement_in("Here it is:\\n```cypher\\nMATCH (n) RETURN n;\\n```\\nIt finds all.")
    'MATCH (n) RETURN n;'
    """
    text = _THOUGHT.sub("", reply).strip()
    fenced = _FENCE.search(text)
    if fenced:
        text = fenced[1].strip()
    held = last_object(text, ("cypher", "query", "statement")) if text.startswith("{") else None
    if held:
        return str(next(held[key] for key in ("cypher", "query", "statement") if key in held)).strip()
    if fenced:
        return text
    begun = _BEGINNING.search(text)
    return text[begun.start() :].split("\n\n")[0].strip().strip("`") if begun else ""


def _needed(store: GraphStore, model: LanguageModel | None) -> tuple[CypherStore, LanguageModel]:
    if not isinstance(store, CypherStore):
        raise ConfigurationError(
            "mode cypher", f"the {store.name} graph store", "Neo4j", "set NEO4J_URI and graftline run, or --mode local"
        )
    if model is None or model.packaged:
        raise ConfigurationError(
            "mode cypher",
            "the packaged small model, which writes no Cypher",
            "a model that does",
            "set LLM_BASE_URL and LLM_MODEL, or --mode local",
        )
    return store, model


def _table(result: QueryResult) -> str:
    """Return the rows under their columns, as many as a reader needs, and how many there are."""
    if not result.rows:
        return "no rows"
    lines, length = [" | ".join(result.columns)], 0
    for row in result.rows[:_TABLE_ROWS]:
        line = " | ".join(row)
        length += len(line)
        if length > _TABLE_CHARACTERS:
            break
        lines.append(line)
    shown, count = len(lines) - 1, f"{len(result.rows)}{' or more' if result.more else ''}"
    return "\n".join([*lines, f"({count} rows{f', {shown} shown' if shown < len(result.rows) else ''})"])
