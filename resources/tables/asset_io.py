"""The IO manager: Arrow tables, and JSON records that carry their `digest`, between assets, in the table store."""

from typing import Any

import dagster as dg
import pyarrow as pa

from resources.tables.amended_table import LanceTable
from resources.tables.tables import TableStore


class TableIOManager(dg.IOManager):
    """Stores what an asset returns under its key (`evaluation/lora` for a partition) and loads it by annotation."""

    def __init__(self, tables: TableStore) -> None:
        self.tables = tables

    def handle_output(self, context: dg.OutputContext, obj: Any) -> None:
        name = _name(context)
        if isinstance(obj, pa.Table):
            self.tables.write(name, obj)
        elif isinstance(obj, LanceTable):
            pass  # amended already, switched by its pointer
        elif obj is not None:
            self.tables.write_record(name, obj, obj["digest"])

    def load_input(self, context: dg.InputContext) -> Any:
        name = _name(context)
        if context.dagster_type.typing_type is pa.Table:
            return self.tables.read(name)
        if context.dagster_type.typing_type is LanceTable:
            return self.tables.handle(name)
        return self.tables.read_record(name)


def _name(context: dg.OutputContext | dg.InputContext) -> str:
    parts = [*context.asset_key.path, *([context.asset_partition_key] if context.has_asset_partitions else [])]
    return "/".join(parts)
