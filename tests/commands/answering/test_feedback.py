from pathlib import Path

from pipelines.answering.chat.memory import Turn, conversations
from resources.feedback.store import feedback_store
from tests.commands.process import graftline


def test_feedback_is_given_listed_and_taken_back(tmp_path: Path) -> None:
    home, memory = str(tmp_path), conversations(tmp_path)
    for question in ("Where is it?", "它在哪里？"):
        record = {"answer": "In Halden [1].", "supported": True, "citations": [{"document": "a.md"}]}
        memory.add("c0ffee", Turn(question, question, "native", record))
    assert graftline("feedback", "last", "--up", GRAFTLINE_HOME=home).stdout == "c0ffee:1 up: 它在哪里？\n"
    graftline("feedback", "c0ffee:0", "--correct", "In Oslo.", GRAFTLINE_HOME=home)
    listed = graftline("feedback", "--list", GRAFTLINE_HOME=home).stdout.splitlines()
    assert [line.split()[0] for line in listed] == ["c0ffee:1", "c0ffee:0"] and listed[1].endswith("-> In Oslo.")
    graftline("feedback", "c0ffee:0", "--undo", GRAFTLINE_HOME=home)
    assert [(one.turn, one.verdict, one.who) for one in feedback_store(tmp_path).latest()] == [
        (1, "up", "cli"),
        (0, "withdrawn", "cli"),
    ]
    wrong = [graftline("feedback", *words, GRAFTLINE_HOME=home) for words in (("c0ffee",), ("c0ffee:9", "--up"))]
    assert [one.returncode for one in wrong] == [2, 1] and "0 to 1" in wrong[1].stderr
