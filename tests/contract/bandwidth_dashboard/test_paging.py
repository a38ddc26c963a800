"""Pages of credential lists, their links, and lists narrowed by fragments."""

import pytest

from contract.bandwidth_dashboard.asking import credential, credentials

USERNAMES = "SipCredentials/SipCredential/UserName"


@pytest.fixture
async def five(api, desk):
    await api.post("realms", "<Realm><Realm>lab</Realm><Default>false</Default></Realm>")
    application = await api.post(
        "applications",
        "<Application><AppName>Call centre</AppName><CallInitiatedCallbackUrl>http://a.example/</CallInitiatedCallbackUrl></Application>",
    )
    bound = application.one("Application")["ApplicationId"]
    await api.post("sipcredentials", credentials(*(credential(f"user{number}") for number in range(1, 4))))
    await api.post(
        "sipcredentials", credentials(credential("bob", Domain="corp.example", HttpVoiceV2AppId=bound))
    )
    await api.post("realms/lab/sipcredentials", credentials(credential("1001")))


async def listed(api, query, path="sipcredentials"):
    answer = await api.get(f"{path}{query}")
    assert answer.status == 200
    return answer.values(USERNAMES)


async def test_a_whole_list_has_one_page(api, five):
    answer = await api.get("sipcredentials")
    assert [child.tag for child in answer.root] == ["Links", "SipCredentials"]
    assert answer.values(USERNAMES) == ["user1", "user2", "user3", "bob", "1001"]
    assert list(answer.one("Links")) == ["first", "last"]
    url = f"http://dashboard.example{api.path('sipcredentials')}?page=1&size=500"
    assert answer.one("Links")["first"] == f'Link=<{url}>;rel="first";'


async def test_next_links_lead_through_the_whole_list(api, five):
    seen, url = (
        [],
        f"{api.path('sipcredentials')}?size=2&UserNameFragment=&page=1".replace("&UserNameFragment=", ""),
    )
    pages = 0
    while url:
        answer = await api.get(url.removeprefix("http://dashboard.example"))
        seen += answer.values(USERNAMES)
        pages += 1
        links = answer.one("Links")
        assert "page=5&size=2" in links["last"]
        link = links.get("next")
        url = link and link.removeprefix("Link=<").removesuffix('>;rel="next";')
    assert (pages, seen) == (3, ["user1", "user2", "user3", "bob", "1001"])


async def test_a_page_begins_at_a_place_or_at_a_name(api, five):
    assert await listed(api, "?page=4") == ["bob", "1001"]
    assert await listed(api, "?page=bob@corp.example&size=1") == ["bob"]
    assert await listed(api, "?Page=USER3&Size=1") == ["user3"]
    assert await listed(api, "?page=99") == []
    assert await listed(api, "?page=user2", "realms/desk/sipcredentials") == ["user2", "user3", "bob"]


async def test_digits_are_a_place_even_where_they_are_a_name(api, five):
    assert await listed(api, "?page=1001") == []


@pytest.mark.parametrize(
    "query",
    ["page=0", "page=", "page=-1", "page=nobody", "size=0", "size=many", "size=-5", "size=99999999999"],
)
async def test_pages_that_cannot_be_are_refused(api, five, query):
    answer = await api.get(f"sipcredentials?{query}")
    assert answer.refusal == (400, "SipCredentialsResponse", 23012)


async def test_lists_are_narrowed_by_fragments(api, five):
    assert await listed(api, "?userNamefragment=USER") == ["user1", "user2", "user3"]
    assert await listed(api, "?usernamefragment=ser&page=2&size=1") == ["user2"]
    assert await listed(api, "?domainfragment=corp") == ["bob"]
    assert await listed(api, "?applicationNameFragment=centre") == ["bob"]
    assert await listed(api, "?realmFragment=lab.") == ["1001"]
    assert await listed(api, "?userNamefragment=nobody", "realms/1/sipcredentials") == []


async def test_links_keep_the_fragment(api, five):
    answer = await api.get("sipcredentials?size=1&userNamefragment=ser")
    assert "userNamefragment=ser" in answer.one("Links")["next"]


@pytest.mark.parametrize(
    ("fragment", "codes"), [("us", (13112,) * 3), ("", (13111,) * 3), ("x" * 65, (13113, 13114, 13115))]
)
async def test_fragments_have_a_length(api, five, fragment, codes):
    names = ("userNamefragment", "domainfragment", "applicationNameFragment")
    for name, code in zip(names, codes, strict=True):
        answer = await api.get(f"sipcredentials?{name}={fragment}")
        assert answer.refusal == (400, "SipCredentialsResponse", code)


async def test_fragments_that_nothing_has_are_told_from_an_account_without_credentials(api, five):
    answer = await api.get("sipcredentials?domainfragment=nowhere")
    assert answer.refusal == (404, "SipCredentialsResponse", 23011)


async def test_empty_lists_differ_by_where_they_are(api, desk):
    assert (await api.get("sipcredentials")).refusal == (404, "SipCredentialsResponse", 23008)
    text = "<SipCredentialsResponse><SipCredentials/></SipCredentialsResponse>"
    answer = await api.get("realms/1/sipcredentials")
    assert (answer.status, answer.text) == (200, text)


async def test_fragments_are_texts_and_no_patterns_or_sql(api, five):
    for fragment in ("%25%25%25", "___", "' OR 1=1 --", "'; DROP TABLE credentials"):
        assert (await api.get(f"sipcredentials?userNamefragment={fragment}")).status == 404
    assert len(await listed(api, "")) == 5
