"""What hostile clients send: never our fault, never a file of ours, never a long time."""

import asyncio
import gc
import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contract.bandwidth_dashboard.asking import credential, credentials

NAMES = st.sampled_from(
    ["SipCredentials", "SipCredential", "Realm", "RealmId", "UserName", "Domain", "Hash1", "Hash1b", "HttpVoiceV2AppId",
     "Default", "Description", "Application", "AppName", "CallInitiatedCallbackUrl", "CallbackCreds", "UserId", "Password",
     "CallbackTimeout", "ServiceType", "Id", "x"]
)  # fmt: skip
TEXTS = st.one_of(
    st.sampled_from(
        ["", "true", "1", "desk", "alice", "remove", "a" * 32, "-1", "9" * 30, "GET", "https://a.example/"]
    ),
    st.text(
        st.characters(codec="utf-8", exclude_categories=("Cc", "Cs"), exclude_characters="<>&\ufffe\uffff"),
        max_size=40,
    ),
)
ELEMENTS = st.recursive(
    st.builds("<{0}>{1}</{0}>".format, NAMES, TEXTS),
    lambda inner: st.builds(
        lambda name, each: f"<{name}>{''.join(each)}</{name}>", NAMES, st.lists(inner, max_size=6)
    ),
    max_leaves=12,
)
TARGETS = st.sampled_from(
    [("POST", "realms"), ("PUT", "realms/desk"), ("POST", "sipcredentials"), ("PUT", "sipcredentials/alice"),
     ("POST", "realms/desk/sipcredentials"), ("PUT", "realms/desk/sipcredentials/1"), ("POST", "applications"),
     ("PATCH", "applications/{application}"), ("PUT", "applications/{application}")]
)  # fmt: skip


@pytest.fixture
async def application_id(api, desk):
    await api.post("sipcredentials", credentials(credential()))
    answer = await api.post(
        "applications",
        "<Application><AppName>ivr</AppName><CallInitiatedCallbackUrl>http://a.example/</CallInitiatedCallbackUrl></Application>",
    )
    return answer.one("Application")["ApplicationId"]


def test_any_document_is_answered_but_never_with_500(request):
    """Hypothesis and fixtures of an event loop do not go together: the loop is made here."""
    from contract.bandwidth_dashboard.standing import standing

    with standing() as ask:

        @settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
        @given(target=TARGETS, root=NAMES, inner=st.lists(ELEMENTS, max_size=5))
        def any_document(target, root, inner):
            method, path = target
            answer = ask(method, path, f"<{root}>{''.join(inner)}</{root}>")
            assert answer.status in {200, 201, 400, 404}
            assert len(answer.root) >= 0

        @settings(max_examples=200, deadline=None)
        @given(target=TARGETS, body=st.binary(max_size=200))
        def any_bytes(target, body):
            assert ask(*target, body).status in {200, 201, 400, 404}

        @settings(max_examples=200, deadline=None)
        @given(
            path=st.text(st.characters(codec="utf-8", exclude_characters="?#"), max_size=30),
            query=st.dictionaries(
                st.sampled_from(["page", "size", "userNamefragment", "realmfragment", "domainfragment"]),
                st.text(max_size=70),
            ),
        )
        def any_path_and_query(path, query):
            from urllib.parse import quote, urlencode

            for place in ("realms/", "sipcredentials/", "realms/desk/sipcredentials/", "applications/", ""):
                url = f"{place}{quote(path, safe='')}?{urlencode(query)}"
                assert ask("GET", url, None).status in {200, 400, 404}
            for place in ("realms", "sipcredentials", "realms/desk/sipcredentials"):
                assert ask("GET", f"{place}?{urlencode(query)}", None).status in {200, 400, 404}

        any_document()
        any_bytes()
        any_path_and_query()


async def test_bombs_are_refused_at_once(api, application_id):
    lines = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 10))
    bombs = (
        f'<!DOCTYPE a [<!ENTITY e0 "ha">{lines}]><SipCredentials>&e9;</SipCredentials>',
        '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/hostname">]><Realm><Realm>&x;</Realm></Realm>',
        '<!DOCTYPE a SYSTEM "http://192.0.2.1/a.dtd"><Realm/>',
        "<a>" * 500_000,
        "<Realm " + " ".join(f"a{n}='x'" for n in range(100_000)) + "/>",
        "<SipCredentials>" + "<x/>" * 1_000_000 + "</SipCredentials>",
        f"<Realm><Realm>{'x' * 5_000_000}</Realm></Realm>",
    )
    started = time.perf_counter()
    for bomb in bombs:
        for path in ("realms", "sipcredentials"):
            assert (await api.post(path, bomb)).status == 400
    assert time.perf_counter() - started < 120


async def test_ten_thousand_credentials_leave_the_event_loop_free(api, desk):
    body = credentials(*(credential(f"user{number}") for number in range(10_000)))
    longest, running = 0.0, True

    async def watch():
        nonlocal longest
        while running:
            before = time.thread_time()  # what a busy machine takes away does not count
            await asyncio.sleep(0)
            longest = max(longest, time.thread_time() - before)

    gc.collect()
    gc.freeze()  # as the server does: the collector need not look at what stays
    began = time.thread_time()
    watching = asyncio.ensure_future(watch())
    answer = await api.post("sipcredentials", body)
    running = False
    whole = time.thread_time() - began
    await watching
    gc.unfreeze()
    assert answer.status == 201
    assert len(answer.values("ValidSipCredentials/SipCredential/Id")) == 10_000
    # As a part of the work it does not hang on how quick the machine is.
    assert longest < whole / 20, f"nothing else ran for {longest * 1000:.0f} of {whole * 1000:.0f} ms"
