"""Cypher from outside: one statement that reads, or a refusal that says which word it is for.

The statement is cut into tokens as Neo4j does it, so that words in strings, names and comments mean nothing, and put
together again without comments: what was checked is what runs. The server's own refusal of writes comes on top.
"""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NoReturn

from pipelines.core.errors import QueryError

_LONGEST = 4_000
_TOKEN = re.compile(
    r"(?P<space>\s+|//[^\n]*|/\*.*?\*/)"
    r"|(?P<string>'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\")"
    r"|(?P<quoted>`(?:[^`]|``)*`)"
    r"|(?P<number>\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)"
    r"|(?P<word>[^\W\d]\w*)"
    r"|(?P<mark>[()\[\]{},.:;|+\-*/%^=<>!&~])"
    r"|(?P<other>.)",
    re.DOTALL,
)
_BEGIN = frozenset({"MATCH", "OPTIONAL", "WITH", "UNWIND", "RETURN", "CALL"})
_REFUSED = frozenset(
    """
    CREATE MERGE DELETE DETACH NODETACH SET REMOVE INSERT FOREACH LOAD USE DROP ALTER RENAME SHOW TERMINATE GRANT DENY
    REVOKE EXPLAIN PROFILE CYPHER START STOP BEGIN COMMIT ROLLBACK TRANSACTION TRANSACTIONS DRYRUN ENABLE DEALLOCATE
    REALLOCATE
    """.split()
)
_PROCEDURES = frozenset({"db.labels", "db.relationshiptypes", "db.propertykeys", "db.index.fulltext.querynodes"})
_NAMESPACES = frozenset({"date", "time", "localtime", "datetime", "localdatetime", "duration", "point", "vector"})
_OPEN, _CLOSE = "([{", ")]}"


@dataclass(frozen=True)
class _Token:
    kind: str
    text: str
    spaced: bool
    depth: int

    @property
    def word(self) -> str:
        """The word in capitals; "" for anything else."""
        return self.text.upper() if self.kind == "word" else ""


def read_only(statement: str, rows: int) -> str:
    """Return the statement without comments, with a LIMIT where its end has none; QueryError unless it only reads."""
    tokens = _tokens(statement)
    if tokens and tokens[-1].text == ";":
        tokens.pop()
    if not tokens:
        _refuse("no statement")
    for place, token in enumerate(tokens):
        _check(tokens, place, token)
    if tokens[0].word not in _BEGIN:
        _refuse(f"'{tokens[0].text[:40]}' at its beginning")
    returns = [place for place, token in enumerate(tokens) if token.word == "RETURN" and token.depth == 0]
    if not returns:
        _refuse("no RETURN")
    text = "".join((" " if token.spaced else "") + token.text for token in tokens).strip()
    outer = [token.word for token in tokens if token.depth == 0]
    limited = "LIMIT" in [token.word for token in tokens[returns[-1] :] if token.depth == 0]
    return text if limited or "UNION" in outer else f"{text} LIMIT {rows}"


def _tokens(statement: str) -> list[_Token]:
    if len(statement) > _LONGEST:
        _refuse(f"{len(statement)} characters", f"at most {_LONGEST}")
    text = statement.replace("\r\n", "\n").replace("\r", "\n")
    # The server reads \u0027 as a quotation mark before it looks for strings.
    if re.search(r"\\u", text, re.IGNORECASE):
        _refuse("an escape \\u", "the character itself")
    strange = next((one for one in text if unicodedata.category(one) in _HIDDEN and one not in "\t\n"), "")
    if strange:
        _refuse(f"the hidden character U+{ord(strange):04X}", "characters that can be seen")
    tokens, spaced, open_marks = list[_Token](), False, list[str]()
    for match in _TOKEN.finditer(text):
        kind, found = match.lastgroup or "other", match.group()
        if kind == "space":
            spaced = True
            continue
        if kind == "other":
            _refuse(f"'{found}'" + (" that nothing closes" if found in "'\"`" else ""))
        closes = kind == "mark" and found in _CLOSE
        if closes and (not open_marks or _OPEN.index(open_marks.pop()) != _CLOSE.index(found)):
            _refuse(f"'{found}' that closes nothing")
        tokens.append(_Token(kind, found, spaced, len(open_marks)))
        if kind == "mark" and found in _OPEN:
            open_marks.append(found)
        spaced = False
    if open_marks:
        _refuse(f"'{open_marks[-1]}' that nothing closes")
    return tokens


_HIDDEN = ("Cc", "Cf", "Co", "Cs", "Zl", "Zp")
"""Control, format and private characters, line and paragraph separators: where a comment ends must be in no doubt."""


def _check(tokens: Sequence[_Token], place: int, token: _Token) -> None:
    """Refuse a token that writes, administers, calls or begins another statement."""
    if token.text == ";" and token.kind == "mark":
        _refuse("a second statement")
    if token.text == "*" and place and tokens[place - 1].text == "/":
        _refuse("a comment that nothing closes")
    if not token.word or _is_a_name(tokens, place):
        if token.text == "(" and token.kind == "mark":
            _check_function(tokens, place)
        return
    if token.word in _REFUSED:
        _refuse(token.word)
    if token.word == "CALL":
        _check_call(tokens[place + 1 :])


def _is_a_name(tokens: Sequence[_Token], place: int) -> bool:
    """Say whether a word is a property (n.set) or a label (:Set), which may be called like a clause."""
    before = tokens[place - 1] if place else None
    if before is None or before.kind != "mark":
        return False
    if before.text == ":":
        return True
    owner = tokens[place - 2] if place > 1 else None
    return before.text == "." and owner is not None and (owner.kind in ("word", "quoted") or owner.text in ")]}")


def _check_call(behind: Sequence[_Token]) -> None:
    """Refuse a procedure that is not known to read only; a subquery in brackets is checked as the rest is."""
    if behind and behind[0].kind == "mark" and behind[0].text in "({":
        return
    name = ""
    for token in behind:
        if token.kind not in ("word", "quoted") and token.text != ".":
            break
        if name and token.text != "." and not name.endswith("."):
            break
        name += token.text
    if name.lower() not in _PROCEDURES:
        _refuse(f"CALL {name[:80]}", f"no procedure but {', '.join(sorted(_PROCEDURES))}")


def _check_function(tokens: Sequence[_Token], place: int) -> None:
    """Refuse a function of a namespace that is not the server's own: a library's may reach files and the network."""
    parts: list[str] = []
    while place > 0 and tokens[place - 1].kind in ("word", "quoted"):
        parts.insert(0, tokens[place - 1].text)
        if place < 3 or tokens[place - 2].text != ".":
            break
        place -= 2
    name = ".".join(parts)
    if len(parts) > 1 and name.lower() not in _PROCEDURES and parts[0].lower() not in _NAMESPACES:
        _refuse(f"the function {name[:80]}", "functions of Cypher itself")


def _refuse(
    found: str, expected: str = "one statement of MATCH, WITH, UNWIND, WHERE and RETURN that only reads"
) -> NoReturn:
    raise QueryError("the Cypher statement", found, expected, "write it again")
