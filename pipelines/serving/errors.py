"""Errors in the form of OpenAI's protocol, whatever went wrong where."""

import logging
from collections.abc import Sequence
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from pipelines.core.errors import ConfigurationError, GraftlineError, NotMaterializedError, ServiceError
from pipelines.serving.request_fields import FieldError
from pipelines.text.nearest import nearest_name

_LOG = logging.getLogger("graftline")
_STATUS = {ConfigurationError: 400, NotMaterializedError: 404, ServiceError: 503}
_NO_MODEL = "model_not_found"
_LEFT = 499
"""As other servers count a request whose client left before its answer; nobody reads it."""


def error_body(message: str, kind: str, param: str | None = None, code: str | None = None) -> dict[str, Any]:
    """Return an error in the protocol's form; `param` is the field at fault."""
    return {"error": {"message": message, "type": kind, "param": param, "code": code}}


def no_model(name: str, known: Sequence[str]) -> FieldError:
    """Return the error for a model's name that is none, as the protocol's clients know it."""
    near = nearest_name(name[:80], known, 0)
    return FieldError("model", f"'{name[:80]}'", f"one of {', '.join(known)}", f"model={near}", _NO_MODEL)


def add_error_handlers(app: FastAPI) -> None:
    """Answer every error in the protocol's form, in one line."""

    @app.exception_handler(GraftlineError)
    async def ours(_: Request, error: GraftlineError) -> JSONResponse:
        status = next((code for kind, code in _STATUS.items() if isinstance(error, kind)), 500)
        kind = "invalid_request_error" if status < 500 else "server_error"
        if not isinstance(error, FieldError):
            return JSONResponse(error_body(str(error), kind), status)
        status = 404 if error.code == _NO_MODEL else status
        return JSONResponse(error_body(str(error), kind, error.field, error.code), status)

    @app.exception_handler(RequestValidationError)
    async def malformed(_: Request, error: RequestValidationError) -> JSONResponse:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"][1:])
        told = f"{place or 'the body'}: {first['msg']}"
        return JSONResponse(error_body(told, "invalid_request_error", place or None), 400)

    @app.exception_handler(HTTPException)
    async def unknown(request: Request, error: HTTPException) -> JSONResponse:
        told = f"{request.method} {request.url.path[:200]}: {error.detail}"
        return JSONResponse(error_body(told, "invalid_request_error"), error.status_code, error.headers)

    @app.exception_handler(ClientDisconnect)
    async def left(_: Request, error: ClientDisconnect) -> Response:
        return Response(status_code=_LEFT)

    @app.exception_handler(Exception)
    async def ours_to_mend(request: Request, error: Exception) -> JSONResponse:
        _LOG.error("%s %s", request.method, request.url.path[:200], exc_info=error)
        told = "the server failed at this request; its log has the cause"
        return JSONResponse(error_body(told, "server_error"), 500)
