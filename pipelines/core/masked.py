"""Addresses as they may be shown: without the user and the password that one can carry."""

import re

HIDDEN = "•••"
# Up to the last @ before the path; a password with a slash in it is none of an address, yet people write it.
_USER = re.compile(r"(?<=://)(?:[^\s/?#]*|[^\s/?#:@\[]+:(?!:|\d*(?:[/?#\s]|$))\S*)@")
_SECRET = re.compile(r"(?i)([?&](?:[^\s=&]*(?:passw|pwd|token|secret|signature|api_?key)[^\s=&]*|sig|key)=)[^\s&]+")


def masked(text: str) -> str:
    """Return a text with the user and password of every address in it hidden, and the secrets of its query.

    >>> masked("no answer from http://joe:pa@ss@host:5000/x and sftp://host/a@b")
    'no answer from http://•••@host:5000/x and sftp://host/a@b'
    """
    return _SECRET.sub(rf"\g<1>{HIDDEN}", _USER.sub(f"{HIDDEN}@", text))


def user_of(address: str) -> str:
    """Return the user and password of an address as they stand there, or "".

    >>> user_of("http://joe:p%40ss@host:5000")
    'joe:p%40ss'
    """
    found = _USER.search(address)
    return found[0][:-1] if found else ""


def without_user(address: str) -> str:
    """Return an address without its user and password, to be used as a name.

    >>> without_user("bolt://neo4j:secret@host:7687")
    'bolt://host:7687'
    """
    return _USER.sub("", address)
