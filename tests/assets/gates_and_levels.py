"""What an asset's gate record must have, and how a level shows in a text."""

import re
from collections.abc import Iterable

import dagster as dg

from pipelines.measuring.gates import standing_gate
from resources.tables.tables import TableStore

SAYS_95 = re.compile(r"\b95 ?%|\b0\.95\b")


def blocking(checks: Iterable[dg.AssetChecksDefinition]) -> dict[str, list[str]]:
    """Return the names of the blocking ones among these checks by asset."""
    found: dict[str, list[str]] = {}
    for spec in (spec for check in checks for spec in check.check_specs if spec.blocking):
        found.setdefault(spec.asset_key.to_user_string(), []).append(spec.name)
    return found


def refusals(tables: TableStore, checks: Iterable[dg.AssetChecksDefinition], recipe: str = "") -> dict[str, str | None]:
    """Return by asset why its gate refuses the version that stands, or None; every blocking check must have judged."""
    return {asset: standing_gate(tables, asset, recipe, judges).refusal() for asset, judges in blocking(checks).items()}
