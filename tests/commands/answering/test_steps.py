"""The steps of an answer on the terminal: as they are done, in the output or as progress for whoever looks on."""

import io

import pytest

from pipelines.answering.search.trace import Step, printed
from pipelines.commands.answering.printed import step_printer

STEPS = (Step("search", "Halden  depot", "[p1] …", 90, 9, 1.25), Step("calculate", "45 + 2", "45 + 2 = 47"))


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_with_a_trace_each_step_is_a_line_of_the_output_at_once(capsys: pytest.CaptureFixture[str]) -> None:
    told = step_printer(with_trace=True)
    told(STEPS[0])
    assert capsys.readouterr().out == "1. search Halden depot → [p1] … (1.2 s)\n"
    told(STEPS[1])
    assert capsys.readouterr() == ("2. calculate 45 + 2 → 45 + 2 = 47\n", "")
    whole = printed([step.as_dict() for step in STEPS])
    assert whole[-1] == "2 steps; the model read 90 and wrote 9 tokens to decide on them" and len(whole) == 3


def test_without_one_they_are_progress_for_a_terminal_and_nothing_in_a_file(monkeypatch: pytest.MonkeyPatch) -> None:
    for stream, lines in ((Terminal(), 2), (io.StringIO(), 0)):
        monkeypatch.setattr("sys.stderr", stream)
        told = step_printer()
        for step in STEPS:
            told(step)
        assert len(stream.getvalue().splitlines()) == lines
