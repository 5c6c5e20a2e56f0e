"""All Cypher that Graftline sends of its own, one constant each; data travels only as parameters.

What a model writes for the mode `cypher` is checked by `cypher_guard` and runs in a transaction that only reads.

Labels and relationship types follow the neo4j-graphrag and LLM Graph Builder conventions. The property `graftline`
holds a row's digest and marks what is ours: nothing without it is read, changed or deleted. Needs Neo4j 5.26 (dynamic
labels and types), neither APOC nor GDS.
"""

from resources.graph.rows import SEARCHED

LABELS = {"documents": "Document", "chunks": "Chunk", "entities": "__Entity__", "communities": "__Community__"}
ALSO = {"chunks": ("__Node__",), "entities": ("__Node__",)}
"""Labels beside: LlamaIndex's property graph store finds both by it."""
STAGED, FORMER = (
    {name: f"__Graftline_{version}_{label.strip('_')}__" for name, label in LABELS.items()}
    for version in ("next", "former")
)
"""The only label of what is staged, and of what waits to be collected."""
RESERVED = sorted({*LABELS.values(), *STAGED.values(), *FORMER.values(), "__Graftline__", "__Node__"})
"""An entity of such a type, or of none, has the label UNTYPED: it would be taken for one of the graph's own nodes."""
UNTYPED = "Entity"
TYPE_LABEL = f"CASE WHEN n.type <> '' AND NOT n.type IN {RESERVED} THEN n.type ELSE '{UNTYPED}' END"


def type_label(kind: str | None) -> str:
    """Return the label of an entity's type."""
    return kind if kind and kind not in RESERVED else UNTYPED


VECTOR_NAMES = {"chunks": "vector", "entities": "entity", "communities": "community_vector"}
"""The names by which LLM Graph Builder looks for them, but for entities: LlamaIndex knows no other than this."""
TEXT_NAMES = {name: f"graftline_{name}_text" for name in VECTOR_NAMES}

# Schema

STATE_CONSTRAINT, *CONSTRAINTS = [
    f"CREATE CONSTRAINT graftline_{name}_id IF NOT EXISTS FOR (n:{label}) REQUIRE n.id IS UNIQUE"
    for name, label in ({"state": "__Graftline__"} | LABELS).items()
]
TEXT_INDEXES = {
    name: f"CREATE FULLTEXT INDEX {TEXT_NAMES[name]} IF NOT EXISTS FOR (n:{LABELS[name]}) "
    f"ON EACH [{', '.join(f'n.{one}' for one in properties)}] OPTIONS {{indexConfig: {{`fulltext.analyzer`: 'cjk'}}}}"
    for name, properties in SEARCHED.items()
}
SHOW_TEXT_INDEXES = "SHOW FULLTEXT INDEXES YIELD name, properties RETURN name, properties"
SHOW_VECTOR_INDEXES = """
SHOW VECTOR INDEXES YIELD name, labelsOrTypes, properties, options WHERE properties = ['embedding']
RETURN name, labelsOrTypes[0] AS label, options.indexConfig['vector.dimensions'] AS dimensions
"""
CREATE_VECTOR_INDEX = {
    name: f"CREATE VECTOR INDEX {index} IF NOT EXISTS FOR (n:{LABELS[name]}) ON (n.embedding) "
    "OPTIONS {indexConfig: {`vector.dimensions`: $dimensions, `vector.similarity_function`: 'cosine', "
    "`vector.quantization.enabled`: false}}"
    for name, index in VECTOR_NAMES.items()
}
DROP_INDEX = "DROP INDEX $name IF EXISTS"
AWAIT_INDEXES = "CALL db.awaitIndexes($seconds)"

# State: the Arrow schemas of what was applied, its version, and whether all of it arrived

READ_STATE = (
    "MATCH (s:__Graftline__ {id: 'graph'}) "
    "RETURN s.schemas AS schemas, s.complete AS complete, s.version AS version, s.switched AS switched"
)
LOCK_STATE = "MERGE (s:__Graftline__ {id: 'graph'}) SET s.locked = true REMOVE s.locked"
WRITE_STATE = (
    "UNWIND $rows AS row MERGE (s:__Graftline__ {id: 'graph'}) "
    "SET s.schemas = row.schemas, s.complete = true, s.version = row.version"
)

SWITCH_MARK = """
OPTIONAL MATCH (m:__Graftline__ {id: 'switch'})
RETURN coalesce(m.mark, '') AS mark, coalesce(m.moving, false) AS moving
"""
"""What a reader looks at before and after its query: which switch was the last, and whether it is under way."""

# Compare

NODE_DIGESTS = {
    name: f"MATCH (n:{label}) WHERE n.graftline IS NOT NULL RETURN n.id AS id, n.graftline AS digest"
    for name, label in LABELS.items()
}
RELATION_DIGESTS = """
MATCH (:__Entity__)-[r]->(:__Entity__) WHERE r.graftline IS NOT NULL
RETURN r.id AS id, r.graftline AS digest, elementId(r) AS place
"""
CHUNK_DOCUMENTS = """
UNWIND $ids AS id
MATCH (:Chunk {id: id})-[:PART_OF]->(d:Document)
RETURN DISTINCT d.id AS id
"""

# Delete

DELETE_NODES = {
    name: f"UNWIND $rows AS id MATCH (n:{label} {{id: id}}) WHERE n.graftline IS NOT NULL DETACH DELETE n"
    for name, label in LABELS.items()
}
DELETE_RELATIONS = "UNWIND $rows AS place MATCH ()-[r]->() WHERE elementId(r) = place DELETE r"
DELETE_NEXT_CHUNK = """
UNWIND $rows AS id
MATCH (:Document {id: id})<-[:PART_OF]-(:Chunk)-[r:NEXT_CHUNK]->(:Chunk)
DELETE r
"""

# Nodes

DROP_OLD_TYPES = (
    "UNWIND $rows AS row MATCH (n:__Entity__ {id: row.id}) WHERE n.type <> row.type "
    f"WITH n, {TYPE_LABEL} AS label REMOVE n:$(label)"
)
WRITE_NODES = {
    name: f"UNWIND $rows AS row MERGE (n:{label} {{id: row.id}}) SET n += row.properties"
    + "".join(f", n:{one}" for one in ALSO.get(name, ()))
    for name, label in LABELS.items()
}
WRITE_LABELS = [
    "MATCH (n:__Entity__) WHERE n.graftline IS NOT NULL AND NOT n:Entity "
    f"AND {TYPE_LABEL} = '{UNTYPED}' SET n:{UNTYPED}",
    *(
        f"MATCH (n:{LABELS[name]}) WHERE n.graftline IS NOT NULL AND NOT n:{one} SET n:{one}"
        for name, labels in ALSO.items()
        for one in labels
    ),
]
"""For nodes of an earlier release."""
WRITE_TYPES = "UNWIND $rows AS row MATCH (n:__Entity__ {id: row.id}) SET n:$(row.label)"
WRITE_VECTORS = {
    name: f"UNWIND $rows AS row MATCH (n:{LABELS[name]} {{id: row.id}}) "
    "CALL db.create.setNodeVectorProperty(n, 'embedding', row.vector)"
    for name in VECTOR_NAMES
}

# Relationships

WRITE_RELATIONS = """
UNWIND $rows AS row
MATCH (a:__Entity__ {id: row.source}) MATCH (b:__Entity__ {id: row.target})
CREATE (a)-[r:$(row.type)]->(b) SET r = row.properties
"""
WRITE_PART_OF = """
UNWIND $rows AS row
MATCH (c:Chunk {id: row.id}) MATCH (d:Document {id: row.document})
MERGE (c)-[:PART_OF]->(d)
"""
WRITE_NEXT_CHUNK = """
UNWIND $rows AS row
MATCH (a:Chunk {id: row.id}) MATCH (b:Chunk {id: row.next})
MERGE (a)-[:NEXT_CHUNK]->(b)
"""
DELETE_HAS_ENTITY = "UNWIND $rows AS id MATCH (:__Entity__ {id: id})<-[r:HAS_ENTITY]-(:Chunk) DELETE r"
WRITE_HAS_ENTITY = """
UNWIND $rows AS row
MATCH (e:__Entity__ {id: row.id}) MATCH (c:Chunk {id: row.chunk})
MERGE (c)-[:HAS_ENTITY]->(e)
"""
DELETE_IN_COMMUNITY = "UNWIND $rows AS id MATCH (:__Community__ {id: id})<-[r:IN_COMMUNITY]-(:__Entity__) DELETE r"
WRITE_IN_COMMUNITY = """
UNWIND $rows AS row
MATCH (c:__Community__ {id: row.id}) MATCH (e:__Entity__ {id: row.entity})
MERGE (e)-[:IN_COMMUNITY]->(c)
"""
DELETE_PARENT = "UNWIND $rows AS id MATCH (:__Community__ {id: id})-[r:PARENT_COMMUNITY]->(:__Community__) DELETE r"
WRITE_PARENT = """
UNWIND $rows AS row
MATCH (c:__Community__ {id: row.id}) MATCH (p:__Community__ {id: row.parent})
MERGE (c)-[:PARENT_COMMUNITY]->(p)
"""

# Read

_RELATION = "r {.*, source_id: a.id, target_id: b.id, type: type(r)} AS row"
READ_TABLE = {
    name: f"MATCH (n:{label}) WHERE n.graftline IS NOT NULL RETURN properties(n) AS row ORDER BY n.id"
    for name, label in LABELS.items()
} | {
    "relations": "MATCH (a:__Entity__)-[r]->(b:__Entity__) WHERE r.graftline IS NOT NULL "
    f"RETURN {_RELATION} ORDER BY r.id"
}
READ_ROWS = {
    name: f"UNWIND $ids AS id MATCH (n:{label} {{id: id}}) WHERE n.graftline IS NOT NULL "
    "RETURN n {.*, embedding: null} AS row"
    for name, label in LABELS.items()
} | {
    "relations": "MATCH (a:__Entity__)-[r]->(b:__Entity__) WHERE r.graftline IS NOT NULL AND r.id IN $ids "
    f"RETURN {_RELATION}"
}
RELATIONS_OF = f"""
UNWIND $ids AS id
MATCH (e:__Entity__ {{id: id}})-[r]-(:__Entity__) WHERE r.graftline IS NOT NULL
WITH DISTINCT r, startNode(r) AS a, endNode(r) AS b
RETURN {_RELATION} ORDER BY r.weight DESC, r.id
"""
COUNTS = {
    name: f"MATCH (n:{label}) WHERE n.graftline IS NOT NULL RETURN count(*) AS count" for name, label in LABELS.items()
} | {"relations": "MATCH (:__Entity__)-[r]->(:__Entity__) WHERE r.graftline IS NOT NULL RETURN count(*) AS count"}
LANGUAGES = (
    "MATCH (n:Chunk) WHERE n.graftline IS NOT NULL RETURN coalesce(n.language, '') AS language, count(*) AS count"
)
_PASSES = """
(size($languages) = 0 OR n.language IN $languages)
AND (size($paths) = 0 OR any(path IN $paths WHERE n.path + '/' STARTS WITH path))
AND ($section = '' OR $section IN n.sections)
AND ((size($formats) = 0 AND $since = '' AND $until = '') OR EXISTS {
  MATCH (n)-[:PART_OF]->(d:Document)
  WHERE (size($formats) = 0 OR d.format IN $formats)
  AND (($since = '' AND $until = '') OR d.date <> '')
  AND coalesce(d.date, '') >= $since AND left(coalesce(d.date, ''), size($until)) <= $until
})
"""
"""The conditions of `pipelines.core.filters.Filters`; every value is a parameter."""
SEARCH_VECTOR = """
CALL db.index.vector.queryNodes($index, $k, $vector) YIELD node, score
RETURN CASE WHEN node.graftline IS NULL THEN null ELSE node.id END AS id, 2 * score - 1 AS score
"""
SEARCH_VECTOR_FILTERED = f"""
CALL db.index.vector.queryNodes($index, $k, $vector) YIELD node AS n, score
RETURN CASE WHEN n.graftline IS NOT NULL AND {_PASSES} THEN n.id END AS id, 2 * score - 1 AS score
"""
COUNT_PASSING = f"MATCH (n:Chunk) WHERE n.graftline IS NOT NULL AND {_PASSES} RETURN count(*) AS count"
_HAS_VECTOR = "any(number IN n.embedding WHERE number <> 0)"
"""Zeros stand for a text that the model refused: the index leaves them out by itself."""
SEARCH_VECTOR_EXACT = {
    name: f"""
MATCH (n:{LABELS[name]}) WHERE n.graftline IS NOT NULL AND {_HAS_VECTOR}{f" AND {_PASSES}" * passing}
WITH n.id AS id, 2 * vector.similarity.cosine(n.embedding, $vector) - 1 AS score
RETURN id, score ORDER BY score DESC, id LIMIT $k
"""
    for name, passing in (("chunks", 1), ("entities", 0), ("communities", 0))
}
SEARCH_TEXT = """
CALL db.index.fulltext.queryNodes($index, $query, {limit: $k}) YIELD node, score
RETURN CASE WHEN node.graftline IS NULL THEN null ELSE node.id END AS id, score
"""
SEARCH_TEXT_FILTERED = f"""
CALL db.index.fulltext.queryNodes($index, $query, {{limit: $k}}) YIELD node AS n, score
RETURN CASE WHEN n.graftline IS NOT NULL AND {_PASSES} THEN n.id END AS id, score
"""
SIBLINGS_OF = """
UNWIND $ids AS id
MATCH (n:Chunk {parent_id: id}) WHERE n.graftline IS NOT NULL
RETURN n {.*, embedding: null} AS row ORDER BY n.document_id, n.start, n.id
"""
PARENT_INDEX = "CREATE INDEX graftline_chunk_parent IF NOT EXISTS FOR (n:Chunk) ON (n.parent_id)"

# What a query that a model writes has to know, and what its values stand on

ENTITY_TYPES = """
MATCH (n:__Entity__) WHERE n.graftline IS NOT NULL
RETURN n.type AS type, count(*) AS count ORDER BY count DESC, type
"""
RELATION_TYPES = """
MATCH (a:__Entity__)-[r]->(b:__Entity__) WHERE r.graftline IS NOT NULL
RETURN a.type AS source, type(r) AS type, b.type AS target, count(*) AS count ORDER BY count DESC, type, source, target
"""
CHUNKS_OF_DOCUMENTS = """
UNWIND $ids AS id
MATCH (c:Chunk)-[:PART_OF]->(:Document {id: id}) WHERE c.graftline IS NOT NULL
WITH id, c ORDER BY c.start
RETURN id AS value, collect(c.id)[..$most] AS chunk_ids
"""
CHUNKS_OF_VALUES = """
MATCH (e:__Entity__) WHERE e.graftline IS NOT NULL
AND (e.name IN $values OR e.description IN $values OR e.id IN $values OR any(one IN e.aliases WHERE one IN $values))
UNWIND [one IN [e.name, e.description, e.id] + e.aliases WHERE one IN $values] AS value
RETURN value, e.chunk_ids AS chunk_ids
UNION
MATCH (:__Entity__)-[r]->(:__Entity__) WHERE r.graftline IS NOT NULL AND r.description IN $values
RETURN r.description AS value, r.chunk_ids AS chunk_ids
UNION
MATCH (c:Chunk) WHERE c.graftline IS NOT NULL AND (c.text IN $values OR c.id IN $values)
UNWIND [one IN [c.text, c.id] WHERE one IN $values] AS value
RETURN value, [c.id] AS chunk_ids
UNION
MATCH (d:Document)<-[:PART_OF]-(c:Chunk) WHERE d.graftline IS NOT NULL AND (d.path IN $values OR d.title IN $values)
WITH d, c ORDER BY c.start
WITH d, collect(c.id)[..$most] AS chunk_ids
UNWIND [one IN [d.path, d.title] WHERE one IN $values] AS value
RETURN value, chunk_ids
"""
