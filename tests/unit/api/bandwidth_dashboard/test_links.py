"""Links to the parts of a list."""

import pytest
from starlette.datastructures import URL

from trunkline.api.bandwidth_dashboard.paging import links
from trunkline.provisioning.credential_listing import CredentialPart

URL_OF_A_LIST = URL("https://sip.example/api/accounts/1/sipcredentials?Page=3&SIZE=2&userNamefragment=ali%26")


def starts(start, total, size):
    text = links(URL_OF_A_LIST, CredentialPart([], start, total), size)
    found = {}
    for name in ("first", "next", "last"):
        if f"<{name}>" in text:
            inner = text.partition(f"<{name}>")[2].partition(f"</{name}>")[0]
            found[name] = int(inner.partition("page=")[2].partition("&amp;")[0])
    return found


@pytest.mark.parametrize(
    ("start", "total", "size", "found"),
    [
        (1, 1, 500, {"first": 1, "last": 1}),
        (1, 500, 500, {"first": 1, "last": 1}),
        (1, 501, 500, {"first": 1, "next": 501, "last": 501}),
        (3, 10, 4, {"first": 1, "next": 7, "last": 7}),
        (7, 10, 4, {"first": 1, "last": 7}),
        (11, 10, 4, {"first": 1}),
        (1, 0, 4, {}),
    ],
)
def test_each_link_begins_where_its_part_begins(start, total, size, found):
    assert starts(start, total, size) == found


def test_links_have_the_page_once_and_keep_everything_else():
    text = links(URL_OF_A_LIST, CredentialPart([], 1, 1), 2)
    assert text.startswith(
        "<Links><first>Link=&lt;https://sip.example/api/accounts/1/sipcredentials?userNamefragment=ali%26&amp;page=1&amp;size=2&gt;"
        ';rel="first";</first>'
    )
    assert "Page=3" not in text
    assert "SIZE" not in text
