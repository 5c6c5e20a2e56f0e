"""Fine-tuning, the data: instruction rows in any common shape, cleaned, split, and audited for leakage."""

from pathlib import Path
from typing import Any

import dagster as dg

from assets.results import OWNERS, gate, markdown_table, record_result
from pipelines.finetune.dataset.checks import dataset_checks, leakage_checks
from pipelines.finetune.dataset.leakage import audit
from pipelines.finetune.dataset.preparation import prepare, read_ledger
from pipelines.finetune.recipes.datasets import counted_datasets, dataset_names
from resources.feedback.files import write_instructions
from resources.settings import Settings
from resources.tables.tables import TableStore

GROUP = "finetune"
LEDGER_NAME = "instruction_dataset_ledger"
_LEDGER_ROWS = 200


@dg.asset(
    group_name=GROUP, kinds={"python", "huggingface"}, owners=OWNERS, code_version="2", deps=["instruction_folder"]
)
def instruction_dataset(
    settings: dg.ResourceParam[Settings], tables: dg.ResourceParam[TableStore]
) -> dg.MaterializeResult:
    """Instruction rows as a DatasetDict without duplicates, split by source; the ledger has every other row.

    Each row is kept, repaired or rejected, with its reason. Only new and changed rows are read and compared. What
    people found good or corrected is trained on as the dataset `feedback`, and never held out.
    """
    wanted, counted = dataset_names(settings.recipes), counted_datasets(settings.recipes)
    feedback = write_instructions(settings.home)
    record = prepare(settings.instructions, settings.home, wanted=wanted, counted=counted, feedback=feedback)
    ledger = read_ledger(record)
    tables.write(LEDGER_NAME, ledger)
    counts = {
        name: record[name] for name in ("kept", "train", "test", "rejected_share", "near_duplicate_share", "rows_read")
    }
    told = {
        name: dg.MetadataValue.json(record[name]) for name in ("repaired", "datasets", "languages", "absent", "notes")
    }
    return record_result(
        record,
        rows=record["train"] + record["test"],
        rejected=sum(record["rejected"].values()),
        rejected_by_reason=dg.MetadataValue.json(record["rejected"]),
        path=dg.MetadataValue.path(record["path"]),
        ledger=dg.MetadataValue.md(markdown_table(ledger.slice(0, _LEDGER_ROWS).to_pylist())),
        **counts,
        **told,
    )


@dg.asset_check(asset=instruction_dataset, blocking=True)
def rows_are_sound(
    instruction_dataset: dict[str, Any],
    settings: dg.ResourceParam[Settings],
    tables: dg.ResourceParam[TableStore],
) -> dg.AssetCheckResult:
    """At most the share GRAFTLINE_BAD_SHARE was rejected, and train and test share no source and no conversation."""
    checks = dataset_checks(instruction_dataset, settings.bad_share)
    return gate(tables, "rows_are_sound", "instruction_dataset", instruction_dataset["digest"], checks)


@dg.asset_check(asset=instruction_dataset, blocking=True)
def nothing_leaks(
    instruction_dataset: dict[str, Any],
    settings: dg.ResourceParam[Settings],
    tables: dg.ResourceParam[TableStore],
) -> dg.AssetCheckResult:
    """No held-out question is asked in training, exactly or nearly, and none stands in the documents."""
    documents = tables.find("documents")
    digest = tables.digest("documents") or ""
    leaks = audit(Path(instruction_dataset["path"]), instruction_dataset["digest"], documents, digest, settings.home)
    count = documents.num_rows if documents is not None else None
    checks = leakage_checks(leaks, instruction_dataset["test"], count)
    listed = {"leaks": dg.MetadataValue.md(markdown_table([leak.as_row() for leak in leaks]))}
    return gate(tables, "nothing_leaks", "instruction_dataset", instruction_dataset["digest"], checks, figures=listed)
