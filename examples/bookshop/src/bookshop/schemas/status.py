"""The state of the service, and of a request that failed, as JSON."""

from typing import Literal

from pydantic import BaseModel


class Health(BaseModel):
    status: Literal["ok"] = "ok"


class Problem(BaseModel):
    """Why a request was refused: `code` for programs, `detail` for people."""

    code: str
    detail: str
