"""One description of a thing from all that were written of it: put together while they are short, by a model else."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pyarrow as pa

from pipelines.core.identity import content_id
from pipelines.core.protocols import LanguageModel, Messages
from pipelines.core.schemas import ENTITY_DESCRIPTIONS
from pipelines.text.characters import HAN_CHARACTER
from pipelines.text.languages.languages import language_of

_LATIN = 1.3
_HAN = 2.0
_MOST_READ = 8
_TASKS = {
    "zh": "下面是关于“{name}”的多条描述。把它们合并成一段连贯的描述，"
    "保留所有事实，去掉重复，不添加任何内容，不超过{words}字。只写描述。",
    "en": "Below are several descriptions of “{name}”. Make one of them: keep every fact, say nothing twice, add"
    " nothing, at most {words} words. Write the description alone.",
}


@dataclass(frozen=True)
class Wanted:
    """A thing's name and its descriptions, the most said first."""

    name: str
    texts: Sequence[str]


@dataclass
class Descriptions:
    """Merges descriptions up to so many tokens, about; `language_model` None: what is longer is cut, and counted."""

    limit: int = 400
    language_model: LanguageModel | None = None
    previous: pa.Table | None = None
    counts: dict[str, int] = field(default_factory=lambda: dict.fromkeys(("joined", "written", "cut", "failed"), 0))
    tokens: int = 0
    kept: dict[str, tuple[str, str]] = field(default_factory=dict)

    def merged(self, wanted: Mapping[str, Wanted]) -> dict[str, str]:
        """Return one description a key."""
        found, long = {}, {}
        for key, one in wanted.items():
            whole = _joined(one.texts)
            if about_tokens(whole) <= self.limit:
                found[key] = whole
                self.counts["joined"] += len(one.texts) > 1
            else:
                long[key] = one
        if self.language_model is None:
            self.counts["cut"] += len(long)
            return found | {key: self._cut(one.texts) for key, one in long.items()}
        return found | self._written(long, self.language_model)

    def _written(self, long: Mapping[str, Wanted], model: LanguageModel) -> dict[str, str]:
        """Return the descriptions that the model makes; one that was made of the same before is taken again."""
        digests = {
            key: content_id("description", one.name, *one.texts, model.name, self.limit) for key, one in long.items()
        }
        known = {row["digest"]: row for row in (self.previous.to_pylist() if self.previous is not None else [])}
        todo = [key for key in long if digests[key] not in known]
        answers = model.complete([self._prompt(long[key]) for key in todo], 2 * self.limit) if todo else []
        found = {}
        for key in long:
            if row := known.get(digests[key]):
                found[key] = row["text"]
                self.kept[digests[key]] = row["text"], row["model"]
        for key, answer in zip(todo, answers, strict=True):
            self.tokens += 0 if answer.cached else answer.prompt_tokens + answer.completion_tokens
            text = " ".join(answer.text.split())
            if answer.failure or not text:
                self.counts["failed"] += 1
                found[key] = self._cut(long[key].texts)
            else:
                self.counts["written"] += 1
                self.kept[digests[key]] = text, model.name
                found[key] = text
        return found

    def table(self) -> pa.Table:
        """Return what models wrote of what is there today, as ENTITY_DESCRIPTIONS."""
        rows = [{"digest": key, "text": text, "model": model} for key, (text, model) in sorted(self.kept.items())]
        return pa.Table.from_pylist(rows, ENTITY_DESCRIPTIONS)

    def _prompt(self, one: Wanted) -> Messages:
        language = language_of(one.texts[0]).code
        task = _TASKS.get(language, _TASKS["en"]).format(
            name=one.name, words=round(self.limit / (_HAN if language == "zh" else _LATIN))
        )
        chosen = _within(one.texts, _MOST_READ * self.limit)
        return [{"role": "user", "content": f"{task}\n\n" + "\n".join(f"- {text}" for text in chosen)}]

    def _cut(self, texts: Sequence[str]) -> str:
        return _joined(_within(texts, self.limit)) or _shortened(texts[0], self.limit)


def about_tokens(text: str) -> float:
    """Return about how many tokens a text has: 1.3 a word, 2 a Chinese character."""
    return _LATIN * len(HAN_CHARACTER.sub(" ", text).split()) + _HAN * len(HAN_CHARACTER.findall(text))


def _joined(texts: Sequence[str]) -> str:
    """Return texts behind each other, without those that stand in a longer one."""
    kept = [text for text in dict.fromkeys(texts) if not any(text != other and text in other for other in texts)]
    return (language_of(kept[0]).joiner if kept else "").join(kept)


def _within(texts: Sequence[str], limit: float) -> list[str]:
    """Return the first texts that fit together, each of them whole."""
    chosen, used = [], 0.0
    for text in texts:
        used += about_tokens(text)
        if used > limit:
            break
        chosen.append(text)
    return chosen


def _shortened(text: str, limit: float) -> str:
    """Return the beginning of one text that is too long by itself."""
    end = len(text)
    while end and about_tokens(text[:end]) > limit:
        end -= max(1, end // 20)
    return text[:end].rstrip()
