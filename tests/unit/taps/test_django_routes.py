"""Django's routes as path templates."""

import pytest

from pytest_backend_gates.taps.django_routes import template


@pytest.mark.parametrize(
    ("route", "expected"),
    [
        ("", "/"),
        ("orders/", "/orders/"),
        ("robots.txt", "/robots.txt"),
        ("c++/<slug>/what?", "/c++/{slug}/what?"),
        ("orders/<int:order_id>/lines/<uuid:line>", "/orders/{order_id}/lines/{line}"),
        ("orders/<int:pk><drf_format_suffix:format>", "/orders/{pk}{format}"),
        (r"^$", "/"),
        (r"^orders/(?P<order_id>[0-9]+)/$", "/orders/{order_id}/"),
        (r"api/orders/(?P<pk>[^/.]+)\.(?P<format>[a-z0-9]+)/?$", "/api/orders/{pk}.{format}/"),
        (r"^api/^orders\Z", "/api/orders"),
        (r"shops/<int:shop>/(?P<year>\d{4})/$", "/shops/{shop}/{year}/"),
        (r"^(?P<day>(\d{2})(-\d{2})?)/(?P<tag>[(]\))/$", "/{day}/{tag}/"),
        (r"^archive/(\d{4})/([a-z]+)/$", "/archive/{var}/{var}/"),
        (r"^archive/\d{4}/[\w-]+/.*$", "/archive/{var}/{var}/{var}"),
        (r"^(?i:users)/(?:by-(?P<name>\w+)/)?(?=x)(?!y)me\.json$", "/users/by-{name}/me.json"),
        (r"^a{2}b(?#note)[]x]$", "/ab{var}"),
        (r"^open(and never closed", "/open{var}"),
    ],
)
def test_templates(route: str, expected: str) -> None:
    """Converters, groups, anchors, escapes and quantifiers of both kinds of route, also joined by ``include()``."""
    assert template(route) == expected


@pytest.mark.parametrize(
    "route",
    [
        r"^$",
        r"^orders/(?P<order_id>[0-9]+)/$",
        r"^api/orders/(?P<pk>[^/.]+)/?$",
        r"^(?P<sport>\w+)/athletes/(?P<athlete>\w+)/$",
        r"^a/(?P<c>(x|y))/(\d+)$",
    ],
)
def test_templates_are_those_of_djangos_own_documentation(route: str) -> None:
    """Generators of schemas spell paths as ``admindocs`` does, and so operations are found in their schemas."""
    from django.contrib.admindocs.views import simplify_regex

    spelt: str = simplify_regex(route)
    assert template(route) == spelt.replace("<", "{").replace(">", "}")
