"""Chinese words: jieba with its own dictionary, loaded once."""

import functools
import getpass
import logging
import tempfile
import warnings
from pathlib import Path
from typing import Any


def chinese_words(run: str) -> list[str]:
    """Return the words of a run of Chinese characters; names that no dictionary knows come apart, always alike.

    jieba's guesses at new words depend on what stands beside them.
    """
    return list(chinese_segmenter().cut(run, HMM=False))


@functools.cache
def chinese_segmenter() -> Any:
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
