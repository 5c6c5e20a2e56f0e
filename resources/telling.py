"""Who gets the digest of a night: MLflow always, a webhook where there is one."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from resources.tracking.night_tracker import NightTracker
from resources.webhook import Webhook

if TYPE_CHECKING:
    from resources.settings import Settings

_FILES = ("digest.html", "digest.md", "night.json")


def tellers(settings: "Settings") -> dict[str, Callable[[Mapping[str, Any], str, Path], None]]:
    """Return by name what hands a digest on: the record, a short text, and the folder of its files."""
    found: dict[str, Callable[[Mapping[str, Any], str, Path], None]] = {}
    address = settings.webhook.get_secret_value()
    if address:
        webhook = Webhook(address, settings.webhook_seconds)
        found[webhook.name] = lambda night, text, folder: webhook.post(message(night, text))
    # Last: what it keeps says who has not got the digest.
    return {**found, "MLflow": lambda night, text, folder: _to_mlflow(settings, night, folder)}


def message(night: Mapping[str, Any], text: str) -> dict[str, Any]:
    """Return what a webhook is sent: `text` for people (what chat services show), and a few figures for programs."""
    steps = {step["name"]: step["state"] for step in night["steps"]}
    named = ("night", "state", "started", "ended", "seconds", "verdict")
    return {"text": text, **{name: night[name] for name in named}, "steps": steps}


def _to_mlflow(settings: "Settings", night: Mapping[str, Any], folder: Path) -> None:
    tracker = NightTracker(settings.tracking_uri, settings.home)
    parameters = {"night": night["night"], "verdict": night["verdict"], "champion": night["champion"]}
    files = [folder / name for name in _FILES if (folder / name).exists()]
    tracker.log_night(folder.name, night["state"], parameters, figures(night), files)


def figures(night: Mapping[str, Any]) -> dict[str, float]:
    """Return the numbers of a night that nights are compared by."""
    costs, steps = night["costs"], [step["state"] for step in night["steps"]]
    made = {
        "seconds": night["seconds"],
        "steps_done": steps.count("done"),
        "steps_failed": steps.count("FAILED"),
        "steps_skipped": steps.count("skipped"),
        "assets_as_they_were": sum(one["state"] == "as it was" for one in night["assets"]),
        "assets": len(night["assets"]),
        "findings": len(night["findings"]),
        "rejected": len(night["rejected"]),
        "llm_calls": sum(one["calls"] for one in costs),
        "llm_tokens": sum(one["tokens"] for one in costs),
        "llm_not_sent": sum(one["not_sent"] for one in costs),
    }
    money = [one["money"] for one in costs]
    if money and None not in money:
        made["llm_money"] = sum(money)
    planned = [one["planned_tokens"] for one in costs if one["planned_tokens"] is not None]
    return made | ({"llm_planned_tokens": sum(planned)} if planned else {})
