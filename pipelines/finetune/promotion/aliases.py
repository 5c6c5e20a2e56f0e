"""Who carries which alias: a promotion, by a night or by hand, a rollback that undoes itself, and the history."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

from pipelines.core.errors import ConfigurationError, NotMaterializedError
from pipelines.finetune.promotion.promotion import Candidate
from pipelines.measuring.gates import Gate, GateRecord, Verdict

CHAMPION, CHALLENGER, PREVIOUS = "champion", "challenger", "previous"
MODEL_TAG, RECIPE_TAG, DECISION_TAG, VERDICT_TAG = (
    "graftline.model",
    "graftline.recipe",
    "graftline.decision",
    "graftline.verdict",
)
FOLDER_TAG = "graftline.folder"
"""Where a version's merged checkpoint lies, below the home."""
DATASET_TAG, CODE_TAG, EVALUATION_TAG = "graftline.dataset", "graftline.code", "graftline.evaluation"
WITHDRAWN_TAG = "graftline.withdrawn"
"""Of a version that was rolled back from: no night promotes it again, only a person does."""


class Version(Protocol):
    """A registered version; `resources.tracking.tracker.ModelVersion`."""

    @property
    def version(self) -> str: ...

    @property
    def key(self) -> str: ...

    @property
    def tags(self) -> Mapping[str, str]: ...

    @property
    def created(self) -> float:
        """When it was registered, in seconds since 1970."""
        ...


class Aliases(Protocol):
    """The registry's versions and aliases; `resources.tracking.tracker.Tracker`."""

    def versions(self) -> Sequence[Version]: ...

    def champion(self, alias: str = CHAMPION) -> Version | None: ...

    def set_alias(self, alias: str, number: str, reason: str) -> None: ...

    def set_tags(self, number: str, tags: Mapping[str, str]) -> None: ...

    def remove_tag(self, number: str, name: str) -> None: ...


class History(Aliases, Protocol):
    """A registry that also says which aliases there are."""

    def aliases(self) -> Mapping[str, str]: ...


def checkpoint_folder(version: Version | None, home: Path) -> Path:
    """Return where the merged checkpoint of a version should lie; of one that does not say, where nothing is."""
    return home / (version.tags.get(FOLDER_TAG, "missing") if version else "missing")


def holds_checkpoint(folder: Path) -> bool:
    """Say whether a merged checkpoint is there."""
    return (folder / "config.json").is_file()


@dataclass(frozen=True)
class Entry:
    """A version as the history has it; "" for what was not kept when it was registered."""

    version: str
    recipe: str
    dataset: str
    code: str
    evaluation: str
    verdict: str
    reason: str
    aliases: tuple[str, ...]
    registered: str


def make_champion(registry: Aliases, number: str, reason: str) -> None:
    """Move the alias champion, and `previous` to who carried it until now; nothing where it is champion already."""
    former = registry.champion()
    if former is not None and former.version == number:
        return
    # `previous` first: killed in between, the champion is still the old one.
    if former is not None:
        registry.set_alias(PREVIOUS, former.version, f"champion before version {number}")
    registry.set_alias(CHAMPION, number, reason)


def promote(registry: Aliases, number: str) -> str:
    """Make a version champion by hand, whatever a night decided; return a line that says so, and what it decided.

    Raises ConfigurationError for a version that is not registered.
    """
    known = {version.version: version for version in registry.versions()}
    if number not in known:
        have = f"one of {', '.join(known)}" if known else "a registered version: there is none yet"
        fix = "graftline history lists them" if known else "graftline run"
        raise ConfigurationError("VERSION", f"version '{number}'", have, fix)
    former, tags = registry.champion(), known[number].tags
    if former is not None and former.version == number:
        return f"Version {number} ({tags.get(RECIPE_TAG, '')}) is the champion already."
    make_champion(registry, number, f"by hand on {_today()}")
    if WITHDRAWN_TAG in tags:
        registry.remove_tag(number, WITHDRAWN_TAG)
    was = f" It was version {former.version}; graftline rollback --model returns to it." if former else ""
    said = f" The last decision about it: {tags[DECISION_TAG]}." if tags.get(DECISION_TAG) else ""
    return f"Version {number} ({tags.get(RECIPE_TAG, '')}) is the champion now.{was}{said}"


def rollback(registry: Aliases) -> str:
    """Make the previous version champion again and the champion previous; a second call undoes the first.

    The version that is left is promoted by no night any more: `withheld` and WITHDRAWN_TAG. Where the version of the
    champion was deleted, the previous one takes its place. Raises NotMaterializedError where there is no other to go
    back to.
    """
    now, before = registry.champion(), registry.champion(PREVIOUS)
    if now is None and before is not None:
        registry.set_alias(CHAMPION, before.version, f"rolled back on {_today()}: the champion's version was gone")
        recipe = before.tags.get(RECIPE_TAG, "")
        return f"The champion is version {before.version} ({recipe}) again: the version that it was is gone."
    if now is None or before is None or now.version == before.version:
        found = "no champion" if now is None else f"no version before {now.version}"
        fix = "graftline history lists the versions, graftline promote VERSION takes one"
        raise NotMaterializedError("the registered model", found, "a champion that replaced another", fix)
    undone = WITHDRAWN_TAG in before.tags
    if not undone:
        registry.set_tags(now.version, {WITHDRAWN_TAG: f"rolled back to version {before.version} on {_today()}"})
    registry.set_alias(CHAMPION, before.version, f"rolled back from version {now.version} on {_today()}")
    registry.set_alias(PREVIOUS, now.version, f"champion before version {before.version}")
    if undone:
        registry.remove_tag(before.version, WITHDRAWN_TAG)
    recipe = before.tags.get(RECIPE_TAG, "")
    return (
        f"The champion is version {before.version} ({recipe}) again, instead of {now.version}. Run it again to return."
    )


def withheld(offered: Mapping[str, Candidate | None], registry: Aliases) -> dict[str, Candidate | None]:
    """Return the candidates, those whose model was rolled back from with a gate that refuses them."""
    gone = {version.tags.get(MODEL_TAG): version for version in registry.versions() if WITHDRAWN_TAG in version.tags}
    return {recipe: _refused(offer, gone.get(offer.model)) if offer else None for recipe, offer in offered.items()}


def _refused(offer: Candidate, version: Version | None) -> Candidate:
    if version is None:
        return offer
    reason = (
        f"version {version.version} was {version.tags[WITHDRAWN_TAG]}; graftline promote {version.version} takes it"
    )
    record = GateRecord("registered_model", offer.recipe, offer.model, {"not_rolled_back": Verdict(False, reason)})
    return replace(offer, gates=(*offer.gates, Gate("registered_model", offer.model, record)))


def history(registry: History) -> list[Entry]:
    """Return every version, the newest first."""
    carried: dict[str, list[str]] = {}
    for alias, number in sorted(registry.aliases().items()):
        carried.setdefault(number, []).append(alias)
    return [_entry(version, tuple(carried.get(version.version, ()))) for version in registry.versions()]


def _entry(version: Version, aliases: tuple[str, ...]) -> Entry:
    recipe, dataset, code, evaluation, verdict, decision, withdrawn = (
        version.tags.get(tag, "")
        for tag in (RECIPE_TAG, DATASET_TAG, CODE_TAG, EVALUATION_TAG, VERDICT_TAG, DECISION_TAG, WITHDRAWN_TAG)
    )
    when = datetime.fromtimestamp(version.created, UTC).isoformat(timespec="seconds") if version.created else ""
    return Entry(version.version, recipe, dataset, code, evaluation, verdict, withdrawn or decision, aliases, when)


def _today() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%d")
