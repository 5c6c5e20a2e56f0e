"""The three input folders as external assets: the lineage starts where the data starts."""

import dagster as dg

from assets.results import OWNERS

_FOLDERS = {
    "instruction_folder": (
        "GRAFTLINE_INSTRUCTIONS",
        "Instruction examples, as people keep them: JSON and JSONL files.",
    ),
    "document_folder": ("GRAFTLINE_DOCUMENTS", "Documents to know: Markdown, HTML, PDF, Office, data, code."),
    "question_folder": ("GRAFTLINE_QUESTIONS", "Questions with gold answers and gold documents."),
}

input_folders = [
    dg.AssetSpec(
        key,
        group_name="inputs",
        kinds={"file"},
        owners=OWNERS,
        description=f"{text} Set by {variable}.",
        metadata={"variable": variable},
    )
    for key, (variable, text) in _FOLDERS.items()
]
