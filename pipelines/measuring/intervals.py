"""An interval and its level: what bounds a figure, how sure that is, and how both are printed."""

from dataclasses import dataclass

DEFAULT_LEVEL = 0.95


def percent(level: float) -> str:
    """Return a level as it is printed.

    >>> percent(0.95), percent(0.999)
    ('95 %', '99.9 %')
    """
    return f"{100 * level:g} %"


def interval_label(level: float) -> str:
    """Return what an interval of this level is called, as the head of a column is.

    >>> interval_label(0.9)
    '90 % interval'
    """
    return f"{percent(level)} interval"


@dataclass(frozen=True)
class Interval:
    """Two bounds and the level at which they hold."""

    low: float
    high: float
    level: float

    @property
    def label(self) -> str:
        return interval_label(self.level)
