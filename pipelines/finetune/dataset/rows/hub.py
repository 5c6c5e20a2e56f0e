"""Datasets by a `datasets` name or path: loaded once without remote code, kept as Parquet in the home."""

from dataclasses import dataclass
from pathlib import Path

from pipelines.core.files import beside, write_atomically
from pipelines.core.identity import content_id, file_digest

_REASON_LENGTH = 160
_SECONDS = 10


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

    def key(self, revision: str = "") -> str:
        """Return the key that its rows are kept under: a path's changes with the bytes, a hub name's by `revision`."""
        parts = [self.url, self.subset or "", self.split, self.data_dir or "", *([revision] if revision else [])]
        if self.is_local:
            place = self.folder / self.url
            files = sorted(path for path in place.rglob("*") if path.is_file()) if place.is_dir() else [place]
            # By their names the library tells formats and splits.
            parts += [part for path in files for part in (path.relative_to(self.folder).as_posix(), file_digest(path))]
        return content_id(*parts)


def fetch_dataset(hub: HubDataset, cache: Path) -> Path | str:
    """Return the Parquet file with the dataset's rows, or why they can't be had.

    A name on the hub means what stands there now; where the hub does not answer, what was loaded last.
    """
    known = cache / f"{hub.key()}.revision"
    revision = "" if hub.is_local else _revision(hub.url) or _kept(known)
    path = cache / f"{hub.key(revision)}.parquet"
    if path.exists():
        return path
    from datasets import load_dataset

    try:
        where = str(hub.folder / hub.url) if hub.is_local else hub.url
        rows = load_dataset(
            where,
            name=hub.subset,
            data_dir=hub.data_dir,
            split=hub.split,
            revision=revision or None,
            cache_dir=str(cache / "datasets"),
        )
        with beside(path) as new:
            rows.to_parquet(str(new))
        if revision:
            write_atomically(known, revision)
    except Exception as error:  # the library and the hub raise whatever they like; the reason is reported
        return f"not loaded: {type(error).__name__}: {' '.join(str(error).split())[:_REASON_LENGTH]}"
    return path


def _revision(name: str) -> str:
    """Return the commit that a dataset on the hub stands at, "" where the hub does not tell."""
    from huggingface_hub import HfApi

    try:
        return HfApi().dataset_info(name, timeout=_SECONDS).sha or ""
    except Exception:  # offline, no such name, no access: loading it tells the reason
        return ""


def _kept(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.exists() else ""
