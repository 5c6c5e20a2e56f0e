"""The syntax tree of a source file in characters: what its parts are, and which named definition a place is in.

LlamaIndex's `CodeSplitter` gives the texts of tree-sitter's nodes without the places between them, and cuts by
characters; the grammars beneath it are used directly.
"""

import functools
import importlib
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

_GRAMMARS = {
    "python": ("tree_sitter_python", "language"),
    "javascript": ("tree_sitter_javascript", "language"),
    "typescript": ("tree_sitter_typescript", "language_typescript"),
    "tsx": ("tree_sitter_typescript", "language_tsx"),
    "java": ("tree_sitter_java", "language"),
    "go": ("tree_sitter_go", "language"),
    "rust": ("tree_sitter_rust", "language"),
    "c": ("tree_sitter_c", "language"),
    "cpp": ("tree_sitter_cpp", "language"),
}
_LONGEST = 2_000_000
_DEFINES = ("class", "function", "method", "interface", "struct", "enum", "impl", "trait", "namespace", "constructor")
_GLUED = ("comment", "decorator", "attribute")
_ENOUGH = 0.5


@dataclass(frozen=True)
class Definition:
    """A named class, function or the like, and its place."""

    start: int
    end: int
    name: str


@dataclass(frozen=True)
class SyntaxTree:
    """A parsed source file; nodes are tree-sitter's, places are characters of the text."""

    root: Any
    _byte_of: tuple[int, ...] | None

    def place(self, byte: int) -> int:
        """Return the character at a byte of the UTF-8 form."""
        return byte if self._byte_of is None else bisect_right(self._byte_of, byte) - 1

    def parts(self, node: Any) -> list[tuple[int, int, Any]]:
        """Return (start, end, node) of a node's children; comments and decorators are part of what follows them."""
        found: list[tuple[int, int, Any]] = []
        begin: int | None = None
        for child in node.children:
            begin = child.start_byte if begin is None else begin
            if child.type.endswith(_GLUED) or "comment" in child.type:
                continue
            found.append((self.place(begin), self.place(child.end_byte), child))
            begin = None
        if begin is not None:
            found.append((self.place(begin), self.place(node.end_byte), None))
        return found

    def definitions(self) -> list[Definition]:
        """Return the named definitions, outer ones before inner ones."""
        return list(self._definitions())

    def _definitions(self) -> Iterator[Definition]:
        waiting = [self.root]
        while waiting:
            node = waiting.pop()
            name = _name(node) if node.is_named and any(word in node.type for word in _DEFINES) else ""
            if name:
                yield Definition(self.place(node.start_byte), self.place(node.end_byte), name)
            waiting += reversed(node.children)


def parse_syntax(text: str, language: str) -> SyntaxTree | None:
    """Return the tree of a source file, None where no grammar of its language is here or it is too long."""
    if language not in _GRAMMARS or len(text) > _LONGEST:
        return None
    data = text.encode("utf-8", "surrogatepass")
    byte_of = None
    if len(data) != len(text):
        byte_of = tuple(accumulate((len(c.encode("utf-8", "surrogatepass")) for c in text), initial=0))
    return SyntaxTree(_parser(language).parse(data).root_node, byte_of)


def path_of(definitions: list[Definition], start: int, end: int) -> list[str]:
    """Return the names of the definitions that most of a place belongs to, outermost first."""
    wanted = _ENOUGH * (end - start)
    return [d.name for d in definitions if min(d.end, end) - max(d.start, start) >= wanted]


@functools.cache
def _parser(language: str) -> Any:
    from tree_sitter import Language, Parser

    module, function = _GRAMMARS[language]
    return Parser(Language(getattr(importlib.import_module(module), function)()))


def _name(node: Any) -> str:
    named = node.child_by_field_name("name") or node.child_by_field_name("declarator")
    while named is not None and named.child_by_field_name("declarator") is not None:
        named = named.child_by_field_name("declarator")
    if named is None and node.type == "impl_item":
        named = node.child_by_field_name("type")
    text = named.text.decode("utf-8", "replace") if named is not None and named.text else ""
    return text if 0 < len(text) <= 80 and "\n" not in text else ""
