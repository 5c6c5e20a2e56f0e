"""Content words of a text, English and Chinese: what extraction, retrieval and answering compare."""

import functools
import getpass
import logging
import re
import tempfile
import unicodedata
import warnings
from pathlib import Path
from typing import Any

from pipelines.text.characters import HAN, HAN_CHARACTER

_RUN = re.compile(rf"[{HAN}]+|[^\W_{HAN}]+(?:[-'’.,/][^\W_{HAN}]+)*")
_LATIN_WORD = re.compile(r"[A-Za-zÀ-ɏ]+")
_THOUSANDS = re.compile(r"(?<=\d),(?=\d{3}\b)")
_CHINESE_GRAMMAR = re.compile(r"[的是了吗呢谁哪么几怎在和与为被这那就都也]")


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


ENGLISH_STOP_WORDS = _set("""
    a about after all also an and any are as at be because been before being both but by can could did do does doing
    down during each few for from further had has have having he her here hers him his how i if in into is it its
    itself just let me more most my no nor not now of off on once only or other our ours out over own per same she
    should so some such than that the their theirs them then there these they this those through to too under until
    up very was we were what when where which while who whom whose why will with would you your yours
""")
CHINESE_STOP_WORDS = _set("""
    的 了 是 在 和 与 及 或 也 都 就 而 但 并 把 被 让 给 对 从 到 向 由 以 于 为 等 将 要 会 能 可以 可 应 应该
    有 没有 不 没 很 更 最 还 又 再 才 只 这 那 这个 那个 这些 那些 其 其中 该 此 我 你 他 她 它 我们 你们 他们
    您 咱们 自己 什么 谁 哪 哪个 哪些 哪里 怎么 怎样 如何 为什么 多少 几 吗 呢 吧 啊 呀 嘛 之 之后 以后 以前
    之前 后 前 时 时候 中 上 下 里 内 外 因为 所以 如果 则 请问 请 一个 一些 个 位 名 是否 关于 通过 进行 已
    已经 并且 以及 同时 每 各
""")


def is_chinese(text: str) -> bool:
    """Say whether a text is Chinese rather than English, also when it names things in the other language.

    A Chinese word has 1.6 characters on average; grammar words of either language weigh three times.
    """
    chinese = len(HAN_CHARACTER.findall(text)) / 1.6 + 3 * len(_CHINESE_GRAMMAR.findall(text))
    if not chinese:
        return False
    latin = [word.lower() for word in _LATIN_WORD.findall(text)]
    return chinese > len(latin) + 3 * sum(word in ENGLISH_STOP_WORDS for word in latin)


def words(text: str) -> list[str]:
    """Return the content words in order: small letters, plurals cut, Chinese segmented, stop words left out.

    Chinese names that no dictionary knows come apart into characters, always the same ones: jieba's guesses at new
    words depend on what stands beside them. Identifiers and numbers stay whole ("inc-25-02", "14.90", "12000");
    other hyphenated words are taken apart.
    """
    found: list[str] = []
    for run in _RUN.findall(_THOUSANDS.sub("", unicodedata.normalize("NFKC", text))):
        if HAN_CHARACTER.match(run):
            found += [word for word in _segmenter().cut(run, HMM=False) if word not in CHINESE_STOP_WORDS]
        else:
            found += [_stem(word) for word in _parts(run.lower()) if word not in ENGLISH_STOP_WORDS]
    return found


def _parts(run: str) -> list[str]:
    run = re.sub(r"['’]s?$", "", run)
    if any(character.isdigit() for character in run):
        return [run]
    return [part for part in re.split(r"[-'’.,/]", run) if len(part) > 1]


def _stem(word: str) -> str:
    """Cut the plural (Harman's S-stemmer, 1991): enough to match "warehouses" with "warehouse"."""
    if len(word) < 4 or not word.endswith("s") or not word.isalpha():
        return word
    if word.endswith("ies") and not word.endswith(("eies", "aies")):
        return word[:-3] + "y"
    return word if word.endswith(("us", "ss", "aes", "ees", "oes", "is")) else word[:-1]


@functools.cache
def _segmenter() -> Any:
    """Return jieba with its own dictionary, its cache in a folder that no other user can write."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import jieba
    jieba.setLogLevel(logging.CRITICAL)
    segmenter = jieba.Tokenizer()
    segmenter.tmp_dir = str(_private_folder())
    segmenter.initialize()
    return segmenter


def _private_folder() -> Path:
    folder = Path(tempfile.gettempdir()) / f"graftline-{getpass.getuser()}"
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        status = folder.stat()
        if folder.owner() == getpass.getuser() and not status.st_mode & 0o022:
            return folder
    except (OSError, KeyError):
        pass
    # The cache is a marshal file: rather none than one that somebody else may have put there.
    return Path(tempfile.mkdtemp(prefix="graftline-"))
