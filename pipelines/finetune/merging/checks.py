"""The gates of a merged model: merged, trained and stored weights say the same."""

from collections.abc import Callable
from pathlib import Path

from pipelines.core.checkpoints.revision import checkpoint_digest
from pipelines.core.identity import file_digest
from pipelines.finetune.merging.record import MergedRecord
from pipelines.measuring.gates import Checks, Verdict

MERGE_TOLERANCE = 1e-3
"""Largest difference of a log-probability that float32 arithmetic in another order may make."""


def merge_checks(record: MergedRecord) -> Checks:
    """Merged, trained and stored weights say the same, each within its own bound, under the adapter's chat template."""
    same = record.template_digest == record.adapter_template
    merge, stored, base = record.merge_difference, record.stored_mean_difference, record.base_mean_difference
    return {
        "merge_is_faithful": Verdict(
            merge <= MERGE_TOLERANCE,
            f"log-probabilities of {record.compared_tokens} tokens differ from base and adapter's by at most "
            f"{merge:.1e}, {MERGE_TOLERANCE:.0e} allowed",
        ),
        "served_is_trained": _served_is_trained(record),
        "precision_is_kept": Verdict(
            stored <= base,
            f"bfloat16 weights move them by {stored:.1e} on average; the base's own bfloat16 by {base:.1e}",
        ),
        "same_template": Verdict(same, "the adapter's chat template" if same else "another chat template"),
    }


def files_checks(record: MergedRecord, of: Callable[[Path], str] = file_digest) -> Checks:
    """What lies in the merged model's folder is what was merged and compared; `of` gives the digest of a file."""
    folder = Path(record.path)
    found = checkpoint_digest(folder, of=of) if folder.is_dir() else "nothing"
    told = f"{record.path} holds {found}, merged and compared was {record.digest}"
    return {"files_are_as_merged": Verdict(found == record.digest, told)}


def _served_is_trained(record: MergedRecord) -> Verdict:
    """What is served is what was trained: to rounding, or, where training computed quantised, within that."""
    largest, mean = record.trained_difference, record.trained_mean_difference
    quantised = record.quantised_base_mean_difference
    if largest <= MERGE_TOLERANCE or quantised is None:
        return Verdict(
            largest <= MERGE_TOLERANCE,
            f"the served model differs from the trained one by at most {largest:.1e}, {MERGE_TOLERANCE:.0e} allowed "
            f"(merged onto {record.merged_onto})",
        )
    return Verdict(
        mean <= quantised,
        f"the served model differs from the trained one by {mean:.1e} on average ({largest:.1e} at most); quantising "
        f"moves the base itself by {quantised:.1e}",
    )
