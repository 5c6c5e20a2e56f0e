"""Whether a step failed for reasons outside of it, which may be gone the next minute: it is tried again then."""

import re
from collections.abc import Iterator
from typing import Any

import dagster as dg

_KINDS = frozenset(
    """
    APIConnectionError APITimeoutError InternalServerError RateLimitError ConnectionError ConnectionResetError
    ConnectionRefusedError ConnectionAbortedError BrokenPipeError TimeoutError ConnectTimeout ReadTimeout ConnectError
    ReadError WriteError RemoteProtocolError PoolTimeout ChunkedEncodingError RemoteDisconnected IncompleteRead
    ProtocolError MaxRetryError NewConnectionError ServiceUnavailable SessionExpired TransientError gaierror
    LocalEntryNotFoundError ClientConnectorError ServerDisconnectedError
    """.split()
)
"""Names of exceptions of Python, requests, urllib3, httpx, aiohttp, openai, neo4j and huggingface_hub for a connection
that is not there or breaks, a time-out, and a server that cannot now."""
_CODES = "408|425|429|500|502|503|504|52\\d"
_STATUS = re.compile(
    rf"(?:status|code|HTTP|Error:?)\W{{0,3}}({_CODES})\b|\b({_CODES}) (?:Server|Too Many)", re.IGNORECASE
)
_WORD = re.compile(r"[A-Za-z]+")
_WITH_STATUS = ("HTTPError", "HTTPStatusError", "HfHubHTTPError", "RestException", "APIStatusError")
_SERVICE = ("ServiceError", "PassingError")
_OURS = ("TimeIsUp", "BudgetReached", "ConfigurationError", "InputError", "NotMaterializedError")


def failed_outside(result: dg.ExecuteInProcessResult) -> bool:
    """Say whether each error of a run is of such a kind; of one whose gate refused, no."""
    failures = [event.step_failure_data.error for event in result.filter_events(lambda event: event.is_step_failure)]
    return bool(failures) and all(error is not None and is_outside(error) for error in failures)


def is_outside(error: Any) -> bool:
    """Say whether an error, as Dagster keeps it, or what caused it, is of such a kind."""
    chain = list(_chain(error))
    return not any(one.cls_name in _OURS for one in chain) and any(_passes(one) for one in chain)


def _passes(error: Any) -> bool:
    name, message = error.cls_name or "", error.message or ""
    if name in _SERVICE:  # its text names the client's exception, which is not always kept beside it
        return name == "PassingError" or bool(_KINDS & set(_WORD.findall(message)) or _STATUS.search(message))
    return name in _KINDS or (name.endswith(_WITH_STATUS) and bool(_STATUS.search(message)))


def _chain(error: Any) -> Iterator[Any]:
    while error is not None:
        yield error
        error = error.cause or error.context
