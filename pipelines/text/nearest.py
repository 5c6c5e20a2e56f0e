"""The known name that a wrong one was probably meant to be."""

import difflib
from collections.abc import Iterable


def nearest_name(name: str, known: Iterable[str], likeness: float = 0.5) -> str:
    """Return the known name that is spelled most like this one, "" where none is as like as `likeness` (0 to 1).

    >>> nearest_name("locl", ["native", "local", "global"]), nearest_name("xyz", ["native", "local"])
    ('local', '')
    """
    return next(iter(difflib.get_close_matches(name, sorted(known), n=1, cutoff=likeness)), "")
