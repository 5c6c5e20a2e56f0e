"""Cypher from outside: what reads is let through as it is meant, everything else is refused with a reason."""

import pytest

from pipelines.core.errors import QueryError
from resources.graph.cypher_guard import read_only

READS = [
    ("MATCH (n) RETURN n", "MATCH (n) RETURN n LIMIT 51"),
    ("MATCH (n) RETURN n LIMIT 5;", "MATCH (n) RETURN n LIMIT 5"),
    ("MATCH (n) // DELETE n\nRETURN n /* SET n.x = 1 */ LIMIT 3", "MATCH (n) RETURN n LIMIT 3"),
    ("MATCH (n) WITH n LIMIT 3 RETURN n", "MATCH (n) WITH n LIMIT 3 RETURN n LIMIT 51"),
    (
        "MATCH (n) CALL (n) { MATCH (n)--(m) RETURN m LIMIT 2 } RETURN n, m",
        "MATCH (n) CALL (n) { MATCH (n)--(m) RETURN m LIMIT 2 } RETURN n, m LIMIT 51",
    ),
    *(
        (statement, statement)
        for statement in (
            "match (n:Set) where n.delete = 'CREATE' return n.`MERGE` limit 2",
            "RETURN 'it\\'s; DROP' AS text LIMIT 1",
            "MATCH (n) RETURN n UNION MATCH (m) RETURN m AS n",
            "MATCH p = shortestPath((a)-[*..4]-(b)) RETURN p LIMIT 1",
            "OPTIONAL MATCH (n) WHERE n.name =~ '(?i)halden.*' RETURN count(n) LIMIT 1",
            "RETURN date.truncate('year', date('2025-03-01')) LIMIT 1",
            "MATCH (n) WHERE n.name CONTAINS '宁波仓' RETURN n LIMIT 2",
            "MATCH (n:A|B) RETURN n{.name, other: 1} LIMIT 1",
            "UNWIND [1, 2] AS x RETURN x LIMIT 1",
            "CALL db.labels() YIELD label RETURN label LIMIT 9",
        )
    ),
]

HOSTILE = [
    "CREATE (n:X)",
    "MATCH (n) DETACH DELETE n",
    "MATCH (n) SET n.x = 1 RETURN n",
    "MATCH (n) REMOVE n.name RETURN n",
    "MERGE (n:X) RETURN n",
    "MATCH (n) WITH n DELETE n RETURN 1",
    "match (n) dElEtE n return 1",
    "MATCH (n) RETURN n; MATCH (m) DELETE m",
    "MATCH (n) RETURN n;;",
    "LOAD CSV FROM 'file:///etc/passwd' AS line RETURN line",
    "MATCH (n) LOAD CSV WITH HEADERS FROM 'http://127.0.0.1/' AS line RETURN line",
    "WITH 1 AS x LOAD/**/CSV FROM 'http://x' AS l RETURN l",
    "FOREACH (x IN [1] | CREATE (:X))",
    "MATCH (n) FOREACH (x IN [n] | SET x.y = 1) RETURN n",
    "CALL dbms.shutdown()",
    "CALL apoc.load.json('http://127.0.0.1/') YIELD value RETURN value",
    "CALL `dbms`.`components`() YIELD name RETURN name",
    "CALL dbms.components() YIELD name RETURN name",
    "CALL db.create.setNodeVectorProperty(n, 'x', [1.0]) RETURN 1",
    "CALL db . create . setNodeVectorProperty (1) RETURN 1",
    "CALL { MATCH (n) DETACH DELETE n } RETURN 1",
    "MATCH (n) CALL { WITH n SET n.x = 1 } IN TRANSACTIONS RETURN 1",
    "MATCH (n) CALL (n) { RETURN n AS m } IN TRANSACTIONS OF 10 ROWS RETURN m",
    "RETURN apoc.util.sha1(['x'])",
    "RETURN apoc . text . format('x')",
    "RETURN `apoc`.`load`.`html`('http://x')",
    "RETURN genai.vector.encode('x', 'OpenAI', {token: 'y'})",
    "USE system MATCH (n) RETURN n",
    "USE neo4j MATCH (n) RETURN n",
    "SHOW USERS",
    "SHOW DATABASES YIELD name RETURN name",
    "TERMINATE TRANSACTIONS 'neo4j-transaction-1'",
    "DROP DATABASE neo4j",
    "ALTER USER neo4j SET PASSWORD 'x'",
    "GRANT ROLE admin TO neo4j",
    "EXPLAIN MATCH (n) RETURN n",
    "PROFILE MATCH (n) RETURN n",
    "CYPHER runtime=slotted MATCH (n) RETURN n",
    "CYPHER 25 MATCH (n) RETURN n",
    "MATCH (n) \\u0044ELETE n RETURN 1",
    "RETURN '\\u0027 AS x MATCH (n) DELETE n //'",
    "MATCH (n) RETURN n // \x85 ' \n DELETE n //'",
    "MATCH (n) WHERE n.name = 'x\u2028' DELETE n RETURN 1",
    "MATCH (n) /* unclosed DELETE n",
    "MATCH (n) RETURN 'unclosed",
    "MATCH (n) RETURN `unclosed",
    "MATCH (n) RETURN (n",
    "MATCH (n)) RETURN n",
    "MATCH (n) WHERE 1 = 1. DELETE n RETURN 1",
    "MATCH (n) WHERE n.x = [1, 2][0..1] SET n.y = 2 RETURN n",
    "MATCH (n) RETURN $password",
    "MATCH (n:$('X')) RETURN n",
    "MATCH (n) DEL\u200bETE n RETURN n",
    "INSERT (n:X) RETURN n",
    "MATCH (n) NODETACH DELETE n RETURN 1",
    "START n=node(*) RETURN n",
    "MATCH (n)",
    "",
    "  // nothing\n",
    ";",
    "RETURN 1 " + "OR 1 " * 2_000,
    "BEGIN",
    "MATCH (n) ſET n.x = 1 RETURN n",
    "WITH * MATCH (n) RETURN n AS set SET n.x = 1",
]  # fmt: skip


@pytest.mark.parametrize(("statement", "sent"), READS)
def test_what_reads_is_sent_without_comments_and_with_a_limit(statement: str, sent: str) -> None:
    assert read_only(statement, 51) == sent


@pytest.mark.parametrize("statement", HOSTILE)
def test_everything_else_is_refused(statement: str) -> None:
    with pytest.raises(QueryError, match="the Cypher statement: found"):
        read_only(statement, 51)


def test_a_refusal_says_what_it_is_for() -> None:
    with pytest.raises(QueryError, match="found DELETE; expected one statement of MATCH"):
        read_only("MATCH (n) DELETE n", 5)
    with pytest.raises(QueryError, match=r"found CALL dbms\.components; expected no procedure but db\.index"):
        read_only("CALL dbms.components() YIELD name RETURN name", 5)
