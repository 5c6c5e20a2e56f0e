"""What must hold of dataset, adapter and merged model before they decide anything; each verdict has its reason."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pipelines.finetune.dataset import load_dataset
from pipelines.finetune.leakage import Leak
from pipelines.finetune.training import read_log

MERGE_TOLERANCE = 1e-3
"""Largest difference of a log-probability that float32 arithmetic in another order may make."""
Checks = dict[str, dict[str, Any]]
"""{check: {"passed", "reason"}}"""


def dataset_checks(record: dict[str, Any], bad_share: float) -> Checks:
    """Few rows were rejected, and train and test share neither source nor conversation."""
    rows = load_dataset(Path(record["path"]))
    sources = set(rows["train"]["source"]) & set(rows["test"]["source"])
    same = set(rows["train"]["row_id"]) & set(rows["test"]["row_id"])
    share = record["rejected_share"]
    return {
        "few_rows_rejected": _verdict(share <= bad_share, f"{share:.1%} rejected, {bad_share:.1%} allowed"),
        "no_source_in_both_splits": _verdict(
            not sources and not same, f"train and test share {len(sources)} sources and {len(same)} conversations"
        ),
    }


def leakage_checks(leaks: Sequence[Leak], test_rows: int, documents: int | None) -> Checks:
    """No held-out question is asked in training, and none stands in the documents that questions are answered from."""
    places = {"train": "the training rows", "documents": f"{documents} documents"}
    counts = {place: sum(leak.where == place for leak in leaks) for place in places}
    checks = {
        f"no_test_question_in_{place}": _verdict(
            not counts[place], f"{counts[place]} of {test_rows} held-out questions are found in {text}"
        )
        for place, text in places.items()
    }
    if documents is None:
        checks["no_test_question_in_documents"] = _verdict(True, "no documents were loaded yet: nothing to look in")
    return checks


def adapter_checks(record: dict[str, Any]) -> Checks:
    """The losses are finite, and training made the held-out answers likelier."""
    losses = [row["loss"] for row in read_log(Path(record["path"]))]
    finite = sum(math.isfinite(loss) for loss in losses)
    return {
        "finite_loss": _verdict(0 < finite == len(losses), f"{finite} of {len(losses)} logged losses are finite"),
        "held_out_loss_fell": _held_out_loss_fell(record),
    }


def _held_out_loss_fell(record: dict[str, Any]) -> dict[str, Any]:
    before, after = record.get("held_out_loss_before"), record.get("held_out_loss_after")
    if before is None or after is None:
        return _verdict(True, "no row is held out: nothing to compare on")
    return _verdict(after < before, f"held-out loss {before:.3f} before, {after:.3f} after")


def merge_checks(record: dict[str, Any]) -> Checks:
    """Merged, trained and stored weights say the same, each within its own bound, under the adapter's chat template."""
    same = record["template_digest"] == record["adapter_template"]
    merge, stored, base = record["merge_difference"], record["stored_mean_difference"], record["base_mean_difference"]
    return {
        "merge_is_faithful": _verdict(
            merge <= MERGE_TOLERANCE,
            f"log-probabilities of {record['compared_tokens']} tokens differ from base and adapter's by at most "
            f"{merge:.1e}, {MERGE_TOLERANCE:.0e} allowed",
        ),
        "served_is_trained": _served_is_trained(record),
        "precision_is_kept": _verdict(
            stored <= base,
            f"bfloat16 weights move them by {stored:.1e} on average; the base's own bfloat16 by {base:.1e}",
        ),
        "same_template": _verdict(same, "the adapter's chat template" if same else "another chat template"),
    }


def _served_is_trained(record: dict[str, Any]) -> dict[str, Any]:
    """What is served is what was trained: to rounding, or, where training computed quantised, within that."""
    largest, mean = record["trained_difference"], record["trained_mean_difference"]
    quantised = record.get("quantised_base_mean_difference")
    if largest <= MERGE_TOLERANCE or quantised is None:
        return _verdict(
            largest <= MERGE_TOLERANCE,
            f"the served model differs from the trained one by at most {largest:.1e}, {MERGE_TOLERANCE:.0e} allowed "
            f"(merged onto {record['merged_onto']})",
        )
    return _verdict(
        mean <= quantised,
        f"the served model differs from the trained one by {mean:.1e} on average ({largest:.1e} at most); quantising "
        f"moves the base itself by {quantised:.1e}",
    )


def _verdict(passed: bool, reason: str) -> dict[str, Any]:
    return {"passed": bool(passed), "reason": reason}
