"""GET /health"""

from fastapi import APIRouter
from sqlalchemy import text

from bookshop.api.dependencies import SessionOfRequest
from bookshop.schemas.status import Health

router = APIRouter(tags=["health"])


@router.get("/health")
def read_health(session: SessionOfRequest) -> Health:
    """Tell whether the shop can answer: it can if its database does."""
    session.execute(text("SELECT 1"))
    return Health()
