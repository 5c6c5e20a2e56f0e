"""What the next run would cost, as rows: for `graftline plan`, and for a night to be held against."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from pipelines.core.errors import GraftlineError

if TYPE_CHECKING:
    from resources.settings import Settings
    from resources.tables.tables import TableStore


def planned_costs(settings: "Settings", tables: "TableStore") -> list[dict[str, Any]]:
    """Return what the next run costs, a row an asset and a last one (asset "") in all; each is `told` in a line.

    Nothing of the packaged model, which costs only time. A row with an `error` says why the cost is not known.
    """
    if not (settings.llm_base_url or settings.llm_model):
        return []
    from assets.planning.cost import cost_of, in_all

    try:
        found = cost_of(settings, tables)
    except GraftlineError as error:
        return [{"asset": "", "told": f"what the next run costs is not known: {error}", "error": str(error)}]
    told = [{**asdict(one), "told": str(one)} for one in found]
    return [*told, {"asset": "", "told": in_all(found, settings.budget)}] if told else []
