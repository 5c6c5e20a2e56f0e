"""The `graftline` command: results on stdout, everything else on stderr."""

import argparse
import json
import logging
import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from pipelines.answering.modes.names import ALL_MODES
from pipelines.commands import train as train_command
from pipelines.compute.processor import share_cores
from pipelines.core.errors import GraftlineError
from resources.settings import CHECKOUT, Settings

if TYPE_CHECKING:
    pass
from pipelines.commands.ask import _ask


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="graftline", description="Your own model and knowledge graph, kept fresh.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    run = commands.add_parser("run", help="materialise every asset once (what `make run` calls)")
    run.add_argument("--select", default="", metavar="ASSET,…", help="only these assets, on what is stored")
    run.add_argument("--recipe", action="append", metavar="NAME", help="only these recipes (default: all)")
    run.add_argument("--reembed", action="store_true", help="make all vectors anew where EMBEDDING_MODEL is another")
    run.add_argument("--rehash", action="store_true", help="read every document, whatever its size and times say")

    plan = commands.add_parser("plan", help="list what the next run would do with the documents; changes nothing")
    plan.add_argument("--json", action="store_true", help="print one JSON object")

    commands.add_parser("night", help="what the schedule nightly_retraining does, in the foreground")

    train = commands.add_parser(
        "train",
        help="train a recipe: by name, by path, or by LLaMA-Factory's flags",
        usage="graftline train [RECIPE] [key=value …] [--key value …]",
        description=train_command.TRAIN_HELP,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    sweep = commands.add_parser(
        "sweep",
        help="train a recipe once for each setting of a grid",
        usage="graftline sweep RECIPE --set key=a,b,… [--set …] [key=value …]",
        description=train_command.SWEEP_HELP,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    for command in (train, sweep):
        command.set_defaults(rest=[])

    ask = commands.add_parser("ask", help="answer a question from the documents, with citations")
    ask.add_argument("question")
    ask.add_argument("--mode", choices=ALL_MODES, default="native", metavar="MODE", help=", ".join(ALL_MODES))
    ask.add_argument("--language", action="append", default=[], help="only chunks in this language (repeatable)")
    ask.add_argument("--path", action="append", default=[], help="only documents below this path (repeatable)")
    ask.add_argument(
        "--format", action="append", default=[], help="only documents of this format: pdf, md (repeatable)"
    )
    ask.add_argument("--section", default="", help="only this section and those below it: 'Returns > Abroad'")
    ask.add_argument("--since", default="", metavar="DATE", help="only documents dated then or later: 2024-05")
    ask.add_argument("--until", default="", metavar="DATE", help="only documents dated then or earlier")
    ask.add_argument("--json", action="store_true", help="print one JSON object")

    export = commands.add_parser("export", help="write a merged model as safetensors or as GGUF")
    export.add_argument("recipe", help="name of a recipe that was run, or a training's key (its beginning will do)")
    export.add_argument("--format", choices=("safetensors", "gguf"), default="safetensors")
    export.add_argument("--type", choices=("auto", "bf16", "f16", "f32", "q8_0"), default="auto", help="of the GGUF")
    export.add_argument("--output", metavar="PATH", help="folder, or .gguf file (default: exports/ below the home)")

    commands.add_parser("doctor", help="print each setting, where it comes from, and what is wrong")
    commands.add_parser("rollback", help="switch the knowledge graph back to its previous version")
    commands.add_parser("ui", help="start Dagster and MLflow on localhost and print their addresses")
    return parser


def _parsed(arguments: list[str]) -> argparse.Namespace:
    # A recipe's keys are no options of ours: argparse would take --lora_rank for a mistake.
    if arguments[:1] in (["train"], ["sweep"]) and len(arguments) > 1 and not {"-h", "--help"} & set(arguments):
        return argparse.Namespace(command=arguments[0], rest=arguments[1:])
    return _parser().parse_args(arguments)


def _run(arguments: argparse.Namespace) -> int:
    from pipelines.commands import run as foreground

    config = {
        name: {"config": {option: True}}
        for name, option in (("documents", "rehash"), ("chunk_embeddings", "reembed"))
        if getattr(arguments, option)
    }
    if arguments.select:
        return foreground.run_selected(arguments.select.split(","), arguments.recipe, config)
    return foreground.run_night(arguments.recipe, config)


def _plan(arguments: argparse.Namespace) -> int:
    from pipelines.commands.plan import planned, printed

    found = planned(Settings.load())
    print(json.dumps(found, ensure_ascii=False) if arguments.json else printed(found))
    return 0


def _night(arguments: argparse.Namespace) -> int:
    from pipelines.commands import run as foreground

    return foreground.run_night(None)


def _train(arguments: argparse.Namespace) -> int:
    return train_command.train_command(arguments.rest)


def _sweep(arguments: argparse.Namespace) -> int:
    return train_command.sweep_command(arguments.rest)


def _export(arguments: argparse.Namespace) -> int:
    from pipelines.commands.export import export_command

    return export_command(arguments.recipe, arguments.format, arguments.type, arguments.output)


def _doctor(arguments: argparse.Namespace) -> int:
    from pipelines.commands.doctor import report

    lines, problems = report(Settings.read())
    print("\n".join(lines))
    return 1 if problems else 0


def _rollback(arguments: argparse.Namespace) -> int:
    from resources.graph.stores import rollback

    print(rollback(Settings.load()))
    return 0


def _ui(arguments: argparse.Namespace) -> int:
    from pipelines.commands.ui import serve

    return serve(Settings.load())


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit status: 0 done, 1 something failed, 2 a wrong call."""
    os.environ.setdefault("DAGSTER_HOME", str(CHECKOUT))
    share_cores()
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING, format="%(asctime)s %(name)s %(message)s")
    logging.getLogger("graftline").setLevel(logging.INFO)
    parsed = _parsed(list(sys.argv[1:] if arguments is None else arguments))
    command = {
        "run": _run,
        "plan": _plan,
        "night": _night,
        "train": _train,
        "sweep": _sweep,
        "ask": _ask,
        "export": _export,
        "doctor": _doctor,
        "rollback": _rollback,
        "ui": _ui,
    }
    try:
        return command[parsed.command](parsed)
    except GraftlineError as error:
        print(f"graftline {parsed.command}: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print(f"graftline {parsed.command}: stopped; run it again to go on from here", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(main())
