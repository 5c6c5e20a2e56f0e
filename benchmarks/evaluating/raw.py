"""The peers in a process of their own that is asked again and again: raw vLLM, raw transformers."""

import json
import os
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from benchmarks.ground.common import ROOT
from benchmarks.ground.process import ENVIRONMENT, ProcessFailed, python
from pipelines.core.child_process import end, last_lines

Tokens = list[list[int]]
"""The generated token ids of each prompt, the end token with them."""


@dataclass(frozen=True)
class Made:
    """What a side made of the prompts, and the seconds that it took."""

    seconds: float
    outputs: Tokens

    @property
    def tokens(self) -> int:
        """How many tokens it generated."""
        return sum(map(len, self.outputs))


class RawEngine:
    """A loaded model without anything of ours around it."""

    def __init__(self, child: "subprocess.Popen[str]", answers: IO[str], log: Path) -> None:
        self._child, self._answers, self._log = child, answers, log
        self.start_seconds = float(self._answer()["start_seconds"])

    def generate(self, count: int, size: int = 0) -> Made:
        """Generate the first prompts in batches of `size` (vLLM takes all at once); ProcessFailed where it ends."""
        assert self._child.stdin is not None
        try:
            self._child.stdin.write(f"{count} {size}\n")
            self._child.stdin.flush()
        except BrokenPipeError:
            self._fail()
        return Made(**self._answer())

    def _answer(self) -> dict[str, Any]:
        line = self._answers.readline()
        return json.loads(line) if line else self._fail()

    def _fail(self) -> Any:
        raise ProcessFailed(f"it ended (log: {self._log}):\n{last_lines(self._log)}")


@contextmanager
def raw_engine(kind: str, job: Mapping[str, Any], work: Path, environment: Mapping[str, str]) -> Iterator[RawEngine]:
    """Start `vllm` or `transformers` on the job's model and end it afterwards; ProcessFailed where it can't start."""
    work.mkdir(parents=True, exist_ok=True)
    asked, log = work / f"{kind}.json", work / f"{kind}.log"
    asked.write_text(json.dumps(job), encoding="utf-8")
    with log.open("wb") as output:
        child = subprocess.Popen(
            [str(part) for part in python("generate", kind, asked)],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=output,
            text=True,
            env={**os.environ, **ENVIRONMENT, **environment},
            start_new_session=True,
        )
    assert child.stdin is not None and child.stdout is not None
    try:
        yield RawEngine(child, child.stdout, log)
    finally:
        if child.poll() is None:
            end(child)
        child.stdin.close()
        child.stdout.close()
