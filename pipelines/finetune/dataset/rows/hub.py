"""Datasets by a `datasets` name or path: loaded once without remote code, kept as Parquet in the home."""

from dataclasses import dataclass
from pathlib import Path

from pipelines.core.files import beside
from pipelines.core.identity import content_id, file_digest

_REASON_LENGTH = 160


@dataclass(frozen=True)
class HubDataset:
    """What `datasets.load_dataset` is asked for; `url` is a hub name, or a path below `folder`."""

    url: str
    subset: str | None
    split: str
    data_dir: str | None
    folder: Path

    @property
    def is_local(self) -> bool:
        return (self.folder / self.url).exists()

    def key(self) -> str:
        """Return the key that its rows are kept under; a path's changes with the bytes, a hub name's never."""
        parts = [self.url, self.subset or "", self.split, self.data_dir or ""]
        if self.is_local:
            place = self.folder / self.url
            files = sorted(path for path in place.rglob("*") if path.is_file()) if place.is_dir() else [place]
            # By their names the library tells formats and splits.
            parts += [part for path in files for part in (path.relative_to(self.folder).as_posix(), file_digest(path))]
        return content_id(*parts)


def fetch_dataset(hub: HubDataset, cache: Path) -> Path | str:
    """Return the Parquet file with the dataset's rows, or why they can't be had."""
    path = cache / f"{hub.key()}.parquet"
    if path.exists():
        return path
    from datasets import load_dataset

    try:
        where = str(hub.folder / hub.url) if hub.is_local else hub.url
        rows = load_dataset(
            where, name=hub.subset, data_dir=hub.data_dir, split=hub.split, cache_dir=str(cache / "datasets")
        )
        with beside(path) as new:
            rows.to_parquet(str(new))
    except Exception as error:  # the library and the hub raise whatever they like; the reason is reported
        return f"not loaded: {type(error).__name__}: {' '.join(str(error).split())[:_REASON_LENGTH]}"
    return path
