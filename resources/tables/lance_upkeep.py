"""What Lance leaves lying in a dataset: rows that are only marked as deleted, versions that nobody reads any more."""

from datetime import date, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import lance

KEPT = timedelta(hours=36)
"""A night and a day: what a reader may still hold, and what a rollback may still want."""


def today() -> str:
    """Return the day, as it stands in pointers."""
    return date.today().isoformat()


def upkeep_is_due(day: str | None, days: int = 1) -> bool:
    """Say whether a day, as pointers have it, is so many days ago; an earlier release's pointer has none."""
    return day is None or date.fromisoformat(day) + timedelta(days=days) <= date.fromisoformat(today())


def rewrite_deleted(dataset: "lance.LanceDataset") -> bool:
    """Write fragments with deleted rows anew without them, in a new version; say whether there were any.

    Deleting marks a row; its text stands in the file until the fragment is written again, and that costs the whole
    fragment. So it is done once a day, not for every file that is edited.
    """
    if not any(fragment.num_deletions for fragment in dataset.get_fragments()):
        return False
    dataset.optimize.compact_files(materialize_deletions=True, materialize_deletions_threshold=0.0)
    return True


def forget_old_versions(dataset: "lance.LanceDataset", older_than: timedelta = KEPT) -> None:
    """Remove the versions that are older, with the files that only they used; tagged ones stay."""
    if len(dataset.versions()) > 1:
        dataset.cleanup_old_versions(older_than=older_than, error_if_tagged_old_versions=False)
