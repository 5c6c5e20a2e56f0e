"""The child of `readers`: pickled lists of passages on its input, pickled lists of extractions on its output."""

import os
import pickle
import sys

from pipelines.knowledge.extraction.rules.rule_extraction import read


def main() -> None:
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # what a library prints must not stand among the answers
    while True:
        try:
            passages = pickle.load(sys.stdin.buffer)
        except EOFError:
            return
        pickle.dump(read(passages), answers)
        answers.flush()


if __name__ == "__main__":
    main()
