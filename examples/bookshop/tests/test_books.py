"""Reading the catalogue."""

from collections.abc import Callable

import pytest
from fastapi.testclient import TestClient


@pytest.fixture
def shelf(add_book: Callable[..., int]) -> list[int]:
    """Add thirty books in another order than that of their titles; return their ids by title."""
    numbers = [number * 7 % 30 for number in range(30)]
    ids = {number: add_book(title=f"Volume {number:02}") for number in numbers}
    return [ids[number] for number in sorted(ids)]


@pytest.mark.parametrize("limit", [1, 7, 10, 29, 30, 31, 100])
def test_the_pages_together_are_the_catalogue(client: TestClient, shelf: list[int], limit: int) -> None:
    """Whatever the size of a page, paging shows every book once and in the order of the titles."""
    seen: list[int] = []
    for offset in range(0, 30, limit):
        page = client.get("/books", params={"limit": limit, "offset": offset}).json()
        assert (page["total"], page["limit"], page["offset"]) == (30, limit, offset)
        seen += [book["id"] for book in page["items"]]

    assert seen == shelf


def test_a_page_has_twenty_books_unless_asked_otherwise(client: TestClient, shelf: list[int]) -> None:
    """Without parameters the first twenty books are shown."""
    page = client.get("/books").json()

    assert [book["id"] for book in page["items"]] == shelf[:20]
    assert (page["total"], page["limit"], page["offset"]) == (30, 20, 0)


@pytest.mark.parametrize("offset", [30, 31, 2**31 - 1])
def test_a_page_past_the_end_is_empty(client: TestClient, shelf: list[int], offset: int) -> None:
    """Paging too far is no mistake: the page is empty and still says how many books there are."""
    page = client.get("/books", params={"offset": offset}).json()

    assert page["items"] == []
    assert page["total"] == len(shelf)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("limit", "0"),
        ("limit", "-1"),
        ("limit", "101"),
        ("limit", "many"),
        ("offset", "-1"),
        ("offset", str(2**31)),
        ("offset", "1.5"),
        ("search", ""),
        ("search", "x" * 101),
    ],
)
def test_a_page_that_cannot_be_is_refused(client: TestClient, name: str, value: str) -> None:
    """A parameter outside its bounds is named."""
    response = client.get("/books", params={name: value})

    assert response.status_code == 422
    assert [fault["loc"] for fault in response.json()["detail"]] == [["query", name]]


@pytest.mark.parametrize(
    ("search", "titles"),
    [
        pytest.param("emma", ["Emma"], id="title"),
        pytest.param("AUSTEN", ["Emma", "Persuasion"], id="author-in-capitals"),
        pytest.param("a", ["100% Wool", "Emma", "Persuasion", "Under_score"], id="title-or-author"),
        pytest.param("%", ["100% Wool"], id="percent-is-a-letter"),
        pytest.param("_", ["Under_score"], id="underscore-is-a-letter"),
        pytest.param("/", [], id="escape-is-a-letter"),
        pytest.param("' OR 1=1 --", [], id="sql-is-text"),
        pytest.param("Émile", [], id="not-in-the-catalogue"),
    ],
)
def test_a_search_finds_parts_of_titles_and_authors(
    client: TestClient,
    add_book: Callable[..., int],
    search: str,
    titles: list[str],
) -> None:
    """Letter case does not matter, and no character has a special meaning."""
    for title, author in [
        ("Emma", "Jane Austen"),
        ("Persuasion", "Jane Austen"),
        ("100% Wool", "A. Weaver"),
        ("Under_score", "A. Typist"),
        ("Ulysses", "Joyce"),
    ]:
        add_book(title=title, author=author)

    found = client.get("/books", params={"search": search}).json()

    assert [book["title"] for book in found["items"]] == titles
    assert found["total"] == len(titles)


def test_a_search_is_paged_too(client: TestClient, shelf: list[int]) -> None:
    """The total of a search counts what was found, not what is on the page."""
    page = client.get("/books", params={"search": "volume 1", "limit": 4, "offset": 8}).json()

    assert [book["id"] for book in page["items"]] == shelf[18:20]
    assert page["total"] == 10


def test_each_book_can_be_read_by_its_id(client: TestClient, shelf: list[int]) -> None:
    """What the list says about a book is what the book itself says."""
    listed = client.get("/books", params={"limit": 100}).json()["items"]

    assert [client.get(f"/books/{book_id}").json() for book_id in shelf] == listed


def test_a_book_says_what_it_costs_and_how_many_there_are(
    client: TestClient,
    add_book: Callable[..., int],
) -> None:
    """Prices are whole cents."""
    book_id = add_book(title="Emma", author="Jane Austen", price_cents=1299, stock=3)

    assert client.get(f"/books/{book_id}").json() == {
        "id": book_id,
        "isbn": "9780000000001",
        "title": "Emma",
        "author": "Jane Austen",
        "price_cents": 1299,
        "stock": 3,
    }
