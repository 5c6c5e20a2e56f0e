"""A registry in memory with versions whose checkpoints have a real tokenizer and template, and no weights."""

import json
from pathlib import Path

from tokenizers import Tokenizer, models, pre_tokenizers

from pipelines.serving.champion.child_generator import ChildGenerator
from pipelines.serving.champion.following import Following
from resources.models.promoted.promoted import Promoted

CHILD = "tests.serving.champion.fake_generator_child"
TEMPLATE = (
    "{% for m in messages %}{{ m.role }} : {{ m.content }} {% endfor %}"
    "{% if add_generation_prompt %}assistant :{% endif %}"
)
WORDS = ("user", "assistant", "system", ":", "stop", "hello", "who", "other")


class Registry:
    """Who carries the alias; every version's generator is a process of its own."""

    def __init__(self, home: Path, look_seconds: float = 0.05, fits: bool = True) -> None:
        self.home, self.number = home, "1"
        self.loaded: list[ChildGenerator] = []
        self.following = Following(self.find, self.load, lambda _: fits, look_seconds)

    def find(self) -> Promoted | None:
        if not self.number:
            return None
        return Promoted(self.number, "lora", f"{self.number}digest", self.checkpoint(self.number))

    def load(self, promoted: Promoted) -> ChildGenerator:
        log = self.home / "logs" / f"{promoted.version}.log"
        made = ChildGenerator(promoted.require_folder(), "fake", log, {}, CHILD)
        self.loaded.append(made)
        return made

    def checkpoint(self, number: str) -> Path:
        folder = self.home / f"model{number}"
        if not folder.exists():
            folder.mkdir()
            (folder / "config.json").write_text("{}")
            (folder / "chat_template.jinja").write_text(TEMPLATE)
            tokenizer = Tokenizer(models.WordLevel({word: place for place, word in enumerate(WORDS)}, "other"))
            tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
            tokenizer.save(str(folder / "tokenizer.json"))
        return folder

    def break_checkpoint(self, number: str) -> None:
        (self.checkpoint(number) / "config.json").write_text(json.dumps({"fails": True}))
