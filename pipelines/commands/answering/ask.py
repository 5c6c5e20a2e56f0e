"""`graftline ask`: a question answered from the documents, with citations."""

import json
from typing import TYPE_CHECKING, Any

import click

from pipelines.answering.modes.names import ALL_MODES, DEFAULT_MODE
from pipelines.commands.command import Command, NearestChoice

if TYPE_CHECKING:
    from pipelines.answering.modes.names import Mode


@click.command(cls=Command)
@click.argument("question")
@click.option("--mode", type=NearestChoice(ALL_MODES), default=DEFAULT_MODE, metavar="MODE", help=", ".join(ALL_MODES))
@click.option("--language", "languages", multiple=True, help="only chunks in this language (repeatable)")
@click.option("--path", "paths", multiple=True, help="only documents below this path (repeatable)")
@click.option("--format", "formats", multiple=True, help="only documents of this format: pdf, md (repeatable)")
@click.option("--section", default="", help="only this section and those below it: 'Returns > Abroad'")
@click.option("--since", default="", metavar="DATE", help="only documents dated then or later: 2024-05")
@click.option("--until", default="", metavar="DATE", help="only documents dated then or earlier")
@click.option(
    "--trace", "with_trace", is_flag=True, help="print the steps of modes that take several: auto, global, agentic …"
)
@click.option("--json", "as_json", is_flag=True, help="print one JSON object")
def command(question: str, mode: "Mode", with_trace: bool, as_json: bool, **filters: Any) -> int:
    """Answer a question from the documents, with citations."""
    from pipelines.commands.answering.printed import print_proof, step_printer
    from pipelines.core.filters import Filters
    from pipelines.opening import opened_answerer
    from resources.settings import Settings

    with opened_answerer(Settings.load(), Filters(**filters)) as answerer:
        answer = answerer.ask(question, mode, step_printer(with_trace and not as_json)).as_dict()
    if as_json:
        print(json.dumps(answer, ensure_ascii=False))
        return 0
    if with_trace:
        from pipelines.answering.search.trace import printed_total

        print(printed_total(answer["trace"]), end="\n\n")
    print(answer["answer"] or answer["note"])
    print_proof(answer)
    return 0
