"""The Cypher of a whole graph that is staged beside the current one, and of the switch between them.

What is staged carries one label of its own a table and no other, what has left waits under another to be collected:
the labels that readers look for move in between, on nodes that are whole by then.
"""

from resources.graph.cypher import ALSO, FORMER, LABELS, STAGED, TYPE_LABEL

_OURS = "n.graftline IS NOT NULL"

# Whose pages are written, and up to which: a page that was committed is not written again, whoever asks

TAKE_OVER = """
MERGE (s:__Graftline__ {id: 'staging'})
SET s.page = CASE WHEN s.key = $key THEN s.page ELSE 0 END, s.key = $key, s.owner = $owner
RETURN s.page AS page
"""
STAGING = "MATCH (s:__Graftline__ {id: 'staging'}) RETURN s.key AS key, s.page AS page, s.owner AS owner"
END_STAGING = "MATCH (s:__Graftline__ {id: 'staging'}) DELETE s"
_ONCE = """
MATCH (s:__Graftline__ {id: 'staging'}) SET s.locked = true
WITH s WHERE s.owner = $owner AND s.page < $page SET s.page = $page REMOVE s.locked
WITH s UNWIND $rows AS row
"""
"""The lock comes before the look: a page that is sent twice, since nobody heard of its commit, is written once."""
STAGED_CONSTRAINTS = {
    name: f"CREATE CONSTRAINT graftline_next_{name} IF NOT EXISTS FOR (n:{label}) REQUIRE n.id IS UNIQUE"
    for name, label in STAGED.items()
}
DROP_STAGED_CONSTRAINTS = [f"DROP CONSTRAINT graftline_next_{name} IF EXISTS" for name in STAGED]

# Pages

CREATE_NODES = {
    name: f"{_ONCE} CREATE (n:{label} {{id: row.id}}) SET n += row.properties" for name, label in STAGED.items()
}
CREATE_NODES_WITH_VECTORS = {
    name: f"{query} WITH n, row CALL db.create.setNodeVectorProperty(n, 'embedding', row.vector)"
    for name, query in CREATE_NODES.items()
}
_PART = f"MATCH (a:{STAGED['chunks']} {{id: row.a}})"
CREATE_LINKS = {
    "PART_OF": f"{_ONCE} {_PART} MATCH (b:{STAGED['documents']} {{id: row.b}}) CREATE (a)-[:PART_OF]->(b)",
    "NEXT_CHUNK": f"{_ONCE} {_PART} MATCH (b:{STAGED['chunks']} {{id: row.b}}) CREATE (a)-[:NEXT_CHUNK]->(b)",
    "HAS_ENTITY": f"{_ONCE} {_PART} MATCH (b:{STAGED['entities']} {{id: row.b}}) CREATE (a)-[:HAS_ENTITY]->(b)",
    "IN_COMMUNITY": f"{_ONCE} MATCH (a:{STAGED['entities']} {{id: row.a}}) "
    f"MATCH (b:{STAGED['communities']} {{id: row.b}}) CREATE (a)-[:IN_COMMUNITY]->(b)",
    "PARENT_COMMUNITY": f"{_ONCE} MATCH (a:{STAGED['communities']} {{id: row.a}}) "
    f"MATCH (b:{STAGED['communities']} {{id: row.b}}) CREATE (a)-[:PARENT_COMMUNITY]->(b)",
}
CREATE_RELATIONS = (
    f"{_ONCE} MATCH (a:{STAGED['entities']} {{id: row.source}}) MATCH (b:{STAGED['entities']} {{id: row.target}}) "
    "CREATE (a)-[r:$(row.type)]->(b) SET r = row.properties"
)

# The switch: labels off what is current, then onto what is staged; and the other way round

_MOVED = "RETURN count(*) AS count"


def _labels(name: str) -> str:
    return ":".join((LABELS[name], *ALSO.get(name, ())))


def _taking(name: str, to: str) -> str:
    """Labels off current nodes, which go `to` another label; an entity's type is a label too."""
    return (
        f"MATCH (n:{LABELS[name]}) WHERE {_OURS} WITH n LIMIT $most "
        f"SET n:{to} REMOVE n:{_labels(name)}{_type_too(name, 'REMOVE')} {_MOVED}"
    )


def _giving(name: str, of: str) -> str:
    return f"MATCH (n:{of}) WITH n LIMIT $most SET n:{_labels(name)}{_type_too(name, 'SET')} REMOVE n:{of} {_MOVED}"


def _type_too(name: str, clause: str) -> str:
    return f" {clause} n:$({TYPE_LABEL})" * (name == "entities")


RETIRE = {name: _taking(name, FORMER[name]) for name in LABELS}
PUBLISH = {name: _giving(name, STAGED[name]) for name in LABELS}
UNPUBLISH = {name: _taking(name, STAGED[name]) for name in LABELS}
BRING_BACK = {name: _giving(name, FORMER[name]) for name in LABELS}
COUNT_LABEL = {label: f"MATCH (n:{label}) RETURN count(n) AS count" for label in (*STAGED.values(), *FORMER.values())}
COLLECT = {
    label: f"MATCH (n:{label}) WITH n LIMIT $most DETACH DELETE n RETURN count(*) AS count"
    for label in (*STAGED.values(), *FORMER.values())
}
FOREIGN_LINKS = {
    label: f"MATCH (n:{label})-[r]-(other) WHERE other.graftline IS NULL RETURN count(r) AS count"
    for label in FORMER.values()
}
"""What others drew to our nodes; it goes with them."""

# The mark of a switch, another one each time

BEGIN_SWITCH = """
MERGE (m:__Graftline__ {id: 'switch'})
SET m.mark = randomUUID(), m.moving = true, m.pages = $pages
RETURN m.mark AS mark
"""
SET_PHASE = "MATCH (m:__Graftline__ {id: 'switch'}) SET m.pages = $pages"
WRITE_MARK = "MATCH (s:__Graftline__ {id: 'graph'}) SET s.switched = $mark"
END_SWITCH = "MATCH (m:__Graftline__ {id: 'switch'}) WHERE m.mark = $mark REMOVE m.moving, m.pages"
LEFT_SWITCH = """
MATCH (m:__Graftline__ {id: 'switch'}) WHERE m.moving
OPTIONAL MATCH (s:__Graftline__ {id: 'graph'})
RETURN m.mark AS mark, coalesce(m.pages, '') AS pages, coalesce(s.switched = m.mark, false) AS done
"""
