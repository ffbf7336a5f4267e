"""From an error to a response, and to the response's place in the API description."""

import logging
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from fastapi import Request
from fastapi.encoders import jsonable_encoder
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from sqlalchemy.exc import OperationalError
from starlette.exceptions import HTTPException

from bookshop.errors import ConflictError, ForbiddenError, MissingError, ShopError, UnauthenticatedError
from bookshop.schemas.status import Problem

_STATUSES: dict[type[ShopError], HTTPStatus] = {
    UnauthenticatedError: HTTPStatus.UNAUTHORIZED,
    ForbiddenError: HTTPStatus.FORBIDDEN,
    MissingError: HTTPStatus.NOT_FOUND,
    ConflictError: HTTPStatus.CONFLICT,
}

Responses = dict[int | str, dict[str, Any]]

UNAVAILABLE: Responses = {
    HTTPStatus.SERVICE_UNAVAILABLE: {"model": Problem, "description": "The database cannot be reached."},
}
UNREADABLE: Responses = {
    HTTPStatus.BAD_REQUEST: {"model": Problem, "description": "The body cannot be decoded."},
}

_log = logging.getLogger(__name__)


def documented(*errors: type[ShopError]) -> Responses:
    """Describe the responses of an operation that may raise these errors, one of a kind, for `responses=`."""
    return {_status(error): {"model": Problem, "description": error.summary} for error in errors}


async def refuse(_request: Request, error: ShopError) -> JSONResponse:
    """Answer a refusal of the shop with the status of its kind."""
    status = _status(type(error))
    headers = {"WWW-Authenticate": "Bearer"} if status == HTTPStatus.UNAUTHORIZED else None
    return _problem(status, error.code, str(error), headers)


async def refuse_invalid(_request: Request, error: RequestValidationError) -> JSONResponse:
    """Answer 422 without the values that were sent: one of them may be a password, or a number JSON cannot spell."""
    told = [{key: fault[key] for key in ("loc", "msg", "type")} for fault in error.errors()]
    return JSONResponse({"detail": jsonable_encoder(told)}, HTTPStatus.UNPROCESSABLE_ENTITY.value)


async def refuse_http(_request: Request, error: HTTPException) -> JSONResponse:
    """Give our form to what the framework refuses: no such route, wrong method, undecodable body."""
    code = HTTPStatus(error.status_code).phrase.lower().replace(" ", "-")
    return _problem(error.status_code, code, error.detail, error.headers)


async def refuse_unavailable(_request: Request, error: OperationalError) -> JSONResponse:
    """Answer 503 if the database cannot be reached; what it said is for the log, not for the client."""
    _log.error("the database cannot be reached", exc_info=error)
    return _problem(HTTPStatus.SERVICE_UNAVAILABLE.value, "unavailable", "the database cannot be reached")


def _problem(status: int, code: str, detail: str, headers: Mapping[str, str] | None = None) -> JSONResponse:
    return JSONResponse(Problem(code=code, detail=detail).model_dump(), status, headers)


def _status(error: type[ShopError]) -> int:
    return next(status.value for kind, status in _STATUSES.items() if issubclass(error, kind))
