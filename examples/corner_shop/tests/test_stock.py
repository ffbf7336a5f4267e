"""What to order."""

import pytest
from flask.testing import FlaskClient


@pytest.mark.parametrize("days", range(4, 26))
def test_what_sold_more_than_is_left_is_ordered(busy_client: FlaskClient, days: int) -> None:
    """14 copies of everything are left and one a day is sold: from 15 days on everything is missing."""
    missing = busy_client.get("/reorder", query_string={"days": days}).get_json()

    assert len(missing) == (220 if days > 14 else 0)
    assert all(article["sold"] == days for article in missing)
