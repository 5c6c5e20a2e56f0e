"""The gates of the instruction data: rejected rows, what is held out, leakage."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pipelines.finetune.dataset.leakage import Leak, train_leaks
from pipelines.finetune.dataset.stored import load_dataset
from pipelines.measuring.gates import Checks, Verdict, at_most

MOST_NEAR_DUPLICATES = 0.5
"""Share of rows beyond which what is left stands for too little of what was given."""


def dataset_checks(record: dict[str, Any], bad_share: float) -> Checks:
    """Few rows were rejected, not most as near-duplicates, and train and test share neither source nor conversation."""
    rows = load_dataset(Path(record["path"]))
    sources = set(rows["train"]["source"]) & set(rows["test"]["source"])
    same = set(rows["train"]["row_id"]) & set(rows["test"]["row_id"])
    return {
        "few_rows_rejected": at_most(record["rejected_share"], bad_share, "rejected"),
        "few_near_duplicates": at_most(
            record.get("near_duplicate_share", 0.0), MOST_NEAR_DUPLICATES, "near-duplicates"
        ),
        "no_source_in_both_splits": Verdict(
            not sources and not same, f"train and test share {len(sources)} sources and {len(same)} conversations"
        ),
    }


def split_checks(train: Sequence[Mapping[str, Any]], test: Sequence[Mapping[str, Any]]) -> Checks:
    """No question of the rows that one recipe holds out is asked in those that it may train on (row_id, messages)."""
    leaks = train_leaks(train, test)
    first = f": {leaks[0].question[:80]!r} is {leaks[0].found_in} ({leaks[0].kind})" if leaks else ""
    return {
        "no_test_question_in_own_train": Verdict(not leaks, f"{len(leaks)} of {len(test)} held-out questions{first}")
    }


def leakage_checks(leaks: Sequence[Leak], test_rows: int, documents: int | None) -> Checks:
    """No held-out question is asked in training, and none stands in the documents that questions are answered from."""
    places = {"train": "the training rows", "documents": f"{documents} documents"}
    counts = {place: sum(leak.where == place for leak in leaks) for place in places}
    checks = {
        f"no_test_question_in_{place}": Verdict(
            not counts[place], f"{counts[place]} of {test_rows} held-out questions are found in {text}"
        )
        for place, text in places.items()
    }
    if documents is None:
        checks["no_test_question_in_documents"] = Verdict(True, "no documents were loaded yet: nothing to look in")
    return checks
