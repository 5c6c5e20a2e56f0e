"""The promoted model: which version carries the alias champion now, and where its files lie."""

from dataclasses import dataclass
from pathlib import Path

from pipelines.core.errors import NotMaterializedError
from pipelines.finetune.promotion.aliases import CHAMPION, MODEL_TAG, RECIPE_TAG, checkpoint_folder, holds_checkpoint
from resources.settings import Settings
from resources.tracking.tracker import Tracker

_LOCAL = "sqlite:///"


@dataclass(frozen=True)
class Promoted:
    """A version of the registered model, and the merged checkpoint that it is."""

    version: str
    recipe: str
    digest: str
    folder: Path

    @property
    def label(self) -> str:
        """Version and weights in one word."""
        return f"graftline-{CHAMPION}-{self.version}-{self.digest[:8]}"

    def require_folder(self) -> Path:
        """Return the checkpoint's folder; NotMaterializedError where it is gone."""
        if not holds_checkpoint(self.folder):
            raise NotMaterializedError(
                f"version {self.version} of the registered model",
                f"no checkpoint in {self.folder}",
                "the merged model that was registered",
                "graftline rollback --model, or graftline promote VERSION for another one, or put the folder back",
            )
        return self.folder


class PromotedModel:
    """Asks the registry who carries the alias: one small query, and more only when that changes."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._tracker = Tracker(settings.tracking_uri, settings.home)
        self._known: Promoted | None = None

    def find(self) -> Promoted | None:
        """Return the champion, or None where there is none yet; ServiceError where MLflow does not answer."""
        uri = self._settings.tracking_uri
        if uri.startswith(_LOCAL) and not Path(uri.removeprefix(_LOCAL)).exists():
            return None
        number = self._tracker.aliases().get(CHAMPION)
        if number is None:
            self._known = None
        elif self._known is None or self._known.version != number:
            version = self._tracker.champion()
            tags = version.tags if version else {}
            self._known = Promoted(
                version.version if version else number,
                tags.get(RECIPE_TAG, ""),
                tags.get(MODEL_TAG, ""),
                checkpoint_folder(version, self._settings.home),
            )
        return self._known

    def require(self) -> Promoted:
        """Return the champion, whose folder is there; NotMaterializedError without one, with what to type."""
        found = self.find()
        if found is None:
            raise no_champion()
        found.require_folder()
        return found


def no_champion() -> NotMaterializedError:
    """Return the error of whoever asks for the champion before there is one."""
    return NotMaterializedError(
        "the registered model",
        "no champion yet",
        "a version that carries the alias champion",
        "graftline run trains, tests and promotes one; graftline history lists the versions, graftline promote VERSION "
        "takes one by hand",
    )
