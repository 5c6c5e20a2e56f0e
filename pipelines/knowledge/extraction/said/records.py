"""What somebody says of a text, before it is looked for there: a model's reply, or the rows of a file."""

from dataclasses import dataclass


@dataclass(frozen=True)
class SaidEntity:
    """A thing by name; `key` is a name of its own that relations may use for it ("e1")."""

    name: str
    type: str = ""
    description: str = ""
    key: str = ""


@dataclass(frozen=True)
class SaidRelation:
    """Two things by their names and what joins them; `date` is when, as it was said."""

    source: str
    type: str
    target: str
    description: str = ""
    date: str = ""


@dataclass(frozen=True)
class Said:
    """All that is said of one text; `note` tells how it had to be repaired."""

    entities: tuple[SaidEntity, ...] = ()
    relations: tuple[SaidRelation, ...] = ()
    note: str = ""
