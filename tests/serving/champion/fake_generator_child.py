"""A generator without a model, in the real process: it says its model's name word by word, or does what a file says.

`{"fails": …}` in the folder's config.json: it ends at once, as where weights are torn. A prompt that begins with 13
ends the process in the middle of an answer.
"""

import json
import os
import sys
import time
from pathlib import Path

from pipelines.serving.champion import generator_child
from pipelines.serving.champion.inbox import Asked, Inbox, Tell


class Saying:
    name, room = "fake", 1000

    def __init__(self, model: str) -> None:
        if json.loads(Path(model, "config.json").read_text()).get("fails"):
            sys.exit("the weights are torn")
        self._model, self._under_way = Path(model).name, list[tuple[Asked, int]]()

    def work(self, inbox: Inbox, tell: Tell) -> None:
        self._under_way += [(asked, 0) for asked in inbox.take(1000, wait=not self._under_way)]
        gone = inbox.left({asked.number for asked, _ in self._under_way})
        for number in gone:
            print(f"left {number}", file=sys.stderr, flush=True)
        going = []
        for asked, said in self._under_way:
            if asked.number in gone:
                continue
            if asked.prompt[0] == 13 and said == 2:
                os._exit(1)
            if said == asked.sampling.max_tokens:
                tell({"id": asked.number, "finish": "length", "tokens": said})
                inbox.ended(asked.number)
                continue
            tell({"id": asked.number, "text": f"{self._model} "})
            going.append((asked, said + 1))
        self._under_way = going
        time.sleep(0.005)


if __name__ == "__main__":
    generator_child._loaded = lambda engine, model: (Saying(model), "")
    generator_child.main()
