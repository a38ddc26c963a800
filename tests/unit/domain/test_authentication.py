"""Who may come in, who is challenged, and what the owner is told that a stranger is not."""

from __future__ import annotations

import re

import pytest

from fakes.device import (
    ATLANTA,
    BILOXI,
    NOW,
    Device,
    challenge_fields,
    credential_of,
    directory_of,
    flow_of,
    hashed,
    md5_secret,
)
from trunkline.domain.authentication import (
    Authenticated,
    AuthenticationPolicy,
    Authenticator,
    Challenged,
    Refused,
)
from trunkline.domain.credential import HashPair, Secret, secret_of_password
from trunkline.domain.directory import Directory
from trunkline.domain.realm import Realm
from trunkline.sip.digest import HAS_SHA512_256, MD5, OFFERED_ORDER, SHA256, SHA512_256
from trunkline.sip.flow import Flow, Listener
from trunkline.sip.nonce import NonceTable

FLOW = flow_of()
ALICE = credential_of("alice")
SHA_POLICY = AuthenticationPolicy(algorithms=OFFERED_ORDER)


def authenticator(
    *credentials,
    directory: Directory | None = None,
    policy: AuthenticationPolicy | None = None,
    started_at=NOW,
    **ports,
) -> Authenticator:
    nonces = NonceTable(b"secret", started_at=started_at)
    return Authenticator(
        directory or directory_of(*(credentials or (ALICE,))),
        nonces,
        policy or AuthenticationPolicy(),
        **ports,
    )


def challenges(outcome) -> list[dict[str, str]]:
    assert isinstance(outcome, Challenged)
    return [challenge_fields(value) for _, value in outcome.headers]


def challenge(judge: Authenticator, device: Device, *, now=NOW, flow=FLOW, **request) -> dict[str, str]:
    return challenges(judge.authenticate(device.request(**request), flow, now))[-1]


def answer(judge: Authenticator, device: Device, given: dict[str, str], *, now=NOW, flow=FLOW, **digest):
    request = device.request(headers=["Authorization: " + device.digest(given, **digest)])
    return judge.authenticate(request, flow, now)


def log_in(judge: Authenticator, device: Device, *, now=NOW, flow=FLOW, **digest):
    return answer(judge, device, challenge(judge, device, now=now, flow=flow), now=now, flow=flow, **digest)


# The challenge.


def test_a_request_without_credentials_is_challenged_and_that_is_no_failure():
    outcome = authenticator().authenticate(Device().request(), FLOW, NOW)
    assert isinstance(outcome, Challenged)
    assert (outcome.status, outcome.rejection) == (401, None)
    assert [name for name, _ in outcome.headers] == ["WWW-Authenticate"]
    assert challenges(outcome)[0]["realm"] == "atlanta.example"
    assert "stale" not in outcome.headers[0][1]


def test_calls_are_challenged_with_407():
    judge = authenticator()
    device = Device()
    outcome = judge.authenticate(device.request("INVITE"), FLOW, NOW, proxy=True)
    assert outcome.status == 407
    assert outcome.headers[0][0] == "Proxy-Authenticate"
    digest = device.digest(challenges(outcome)[0], "INVITE")
    request = device.request("INVITE", headers=["Proxy-Authorization: " + digest])
    assert isinstance(judge.authenticate(request, FLOW, NOW, proxy=True), Authenticated)


def test_credentials_for_another_hop_do_not_count():
    judge = authenticator()
    device = Device()
    given = challenge(judge, device)
    outcome = judge.authenticate(
        device.request(headers=["Proxy-Authorization: " + device.digest(given)]), FLOW, NOW
    )
    assert isinstance(outcome, Challenged)


def test_credentials_of_another_scheme_are_passed_over():
    outcome = authenticator().authenticate(Device().request(headers=["Authorization: Basic YTpi"]), FLOW, NOW)
    assert isinstance(outcome, Challenged)


def test_of_several_credentials_the_one_for_this_realm_counts():
    judge = authenticator()
    device = Device()
    given = challenge(judge, device)
    other = device.digest({**given, "realm": "proxy.example"})
    headers = ["Authorization: " + other, "Authorization: " + device.digest(given, nonce_count=1)]
    assert isinstance(judge.authenticate(device.request(headers=headers), FLOW, NOW), Authenticated)
    headers = ["Authorization: " + other, "Authorization: " + other]
    assert (
        judge.authenticate(device.request(headers=headers), FLOW, NOW).rejection.code == "wrong-digest-realm"
    )


def test_malformed_credentials_are_refused_as_malformed():
    outcome = authenticator().authenticate(
        Device().request(headers=['Authorization: Digest username="alice']), FLOW, NOW
    )
    assert isinstance(outcome, Refused)
    assert (outcome.rejection.status, outcome.rejection.code) == (400, "malformed-digest")


# Algorithms.


def test_only_md5_is_offered_unless_asked_for():
    assert [
        given["algorithm"]
        for given in challenges(authenticator().authenticate(Device().request(), FLOW, NOW))
    ] == [MD5]


def test_sha_is_offered_first_and_md5_last():
    offered = challenges(authenticator(policy=SHA_POLICY).authenticate(Device().request(), FLOW, NOW))
    assert [given["algorithm"] for given in offered] == list(OFFERED_ORDER)
    assert offered[0]["algorithm"] == SHA256
    assert offered[-1]["algorithm"] == MD5


@pytest.mark.parametrize("algorithm", OFFERED_ORDER)
def test_every_offered_algorithm_is_accepted(algorithm):
    judge = authenticator(policy=SHA_POLICY)
    device = Device()
    given = {**challenge(judge, device), "algorithm": algorithm}
    assert isinstance(answer(judge, device, given), Authenticated)


def test_a_realm_with_a_credential_of_md5_hashes_is_offered_md5_only():
    old = credential_of("old", secrets=(md5_secret(ALICE.secrets[0]),))
    directory = directory_of(ALICE, old)
    judge = authenticator(directory=directory, policy=SHA_POLICY)
    assert len(challenges(judge.authenticate(Device().request(), FLOW, NOW))) == 1
    directory.apply([credential_of("old", number=old.id)])
    assert len(challenges(judge.authenticate(Device().request(), FLOW, NOW))) == len(OFFERED_ORDER)


def test_what_is_offered_is_the_same_for_known_and_unknown_users():
    judge = authenticator(
        ALICE, credential_of("old", secrets=(md5_secret(ALICE.secrets[0]),)), policy=SHA_POLICY
    )
    offers = {
        tuple(
            given["algorithm"] for given in challenges(judge.authenticate(Device(name).request(), FLOW, NOW))
        )
        for name in ("alice", "old", "nobody")
    }
    assert offers == {(MD5,)}


def test_an_algorithm_that_was_not_offered_is_challenged_again():
    judge = authenticator()
    device = Device()
    given = {**challenge(judge, device), "algorithm": SHA256}
    outcome = answer(judge, device, given)
    assert isinstance(outcome, Challenged)
    assert outcome.rejection.code == "algorithm-not-offered"


def test_a_session_algorithm_is_not_taken_for_the_plain_one():
    judge = authenticator()
    device = Device()
    text = device.digest(challenge(judge, device)).replace("algorithm=MD5", "algorithm=MD5-sess")
    outcome = judge.authenticate(device.request(headers=["Authorization: " + text]), FLOW, NOW)
    assert outcome.rejection.code == "algorithm-not-offered"


def test_md5_is_refused_when_sha256_is_required():
    judge = authenticator(policy=AuthenticationPolicy(algorithms=OFFERED_ORDER, require_sha256=True))
    device = Device()
    offered = challenges(judge.authenticate(device.request(), FLOW, NOW))
    assert MD5 not in [given["algorithm"] for given in offered]
    assert isinstance(answer(judge, device, {**offered[0], "algorithm": MD5}), Challenged)
    assert isinstance(answer(judge, device, offered[0]), Authenticated)


def test_a_policy_that_leaves_no_algorithm_is_a_mistake():
    with pytest.raises(ValueError, match="no digest algorithm"):
        authenticator(policy=AuthenticationPolicy(require_sha256=True))


@pytest.mark.parametrize("algorithm", [SHA256, SHA512_256] if HAS_SHA512_256 else [SHA256])
@pytest.mark.parametrize("ha1", ["0" * 32, "0" * 64])
def test_no_hash_fits_a_credential_that_has_none_of_the_algorithm(algorithm, ha1):
    old = credential_of("old", secrets=(Secret(HashPair("", "")),))
    judge = authenticator(old, policy=AuthenticationPolicy(algorithms=OFFERED_ORDER, wrong_answers=9))
    device = Device("old")
    given = {**challenge(judge, device), "algorithm": algorithm}
    outcome = answer(judge, device, given, ha1=ha1)
    assert isinstance(outcome, Challenged)
    assert "no valid" in outcome.rejection.detail
    assert isinstance(answer(judge, device, {**given, "algorithm": MD5}, ha1=ha1), Challenged)


@pytest.mark.parametrize("ha1", ["0" * 32, "0" * 64])
def test_no_hash_fits_a_user_that_does_not_exist(ha1):
    assert log_in(authenticator(), Device("nobody"), ha1=ha1).rejection.code == "unknown-user"


# User names.


@pytest.mark.parametrize("username", ["alice", "alice@atlanta.example"])
def test_user_name_with_and_without_realm_is_accepted(username):
    outcome = log_in(authenticator(), Device(username))
    assert isinstance(outcome, Authenticated)
    assert (outcome.credential, outcome.realm, outcome.aor) == (ALICE, ATLANTA, "alice@atlanta.example")
    assert not outcome.retransmission


@pytest.mark.parametrize("username", ["bob@somewhere.example", "bob@somewhere.example@atlanta.example"])
def test_a_composite_user_name_is_accepted_with_and_without_realm(username):
    bob = credential_of("bob", domain="somewhere.example")
    outcome = log_in(authenticator(bob), Device(username))
    assert isinstance(outcome, Authenticated)
    assert outcome.aor == "bob@somewhere.example@atlanta.example"


def test_a_user_whose_domain_is_the_realm_is_found_by_its_composite_name():
    bob = credential_of("bob", domain="atlanta.example")
    outcome = log_in(authenticator(bob), Device("bob@atlanta.example"))
    assert isinstance(outcome, Authenticated)
    assert outcome.aor == "bob@atlanta.example@atlanta.example"


def test_the_same_name_in_another_realm_is_another_user():
    judge = authenticator(ALICE, credential_of("alice", "other", realm=BILOXI))
    assert isinstance(log_in(judge, Device(realm="biloxi.example")), Challenged)
    assert isinstance(log_in(judge, Device("alice", "other", realm="biloxi.example")), Authenticated)


# Which realm.


def test_a_port_or_parameters_in_the_request_uri_do_not_matter():
    judge = authenticator()
    for uri in ("sip:atlanta.example:5080", "sip:ATLANTA.example;transport=udp", "sips:atlanta.example"):
        assert challenge(judge, Device(), uri=uri)["realm"] == "atlanta.example"


def test_a_request_for_a_foreign_domain_is_refused():
    outcome = authenticator().authenticate(Device(realm="elsewhere.example").request(), FLOW, NOW)
    assert (outcome.rejection.status, outcome.rejection.code) == (404, "unknown-realm")
    device = Device(realm="elsewhere.example")
    headers = ["Authorization: " + device.digest({"realm": "elsewhere.example", "nonce": "n"})]
    outcome = authenticator().authenticate(device.request(headers=headers), FLOW, NOW)
    assert outcome.rejection.code == "unknown-realm"


def test_the_host_of_to_decides_where_the_request_uri_names_a_proxy():
    device = Device(realm="biloxi.example")
    assert challenge(authenticator(), device, uri="sip:198.51.100.1")["realm"] == "biloxi.example"
    assert challenge(authenticator(), device, uri="sip:proxy.example")["realm"] == "biloxi.example"


def test_a_device_at_a_bare_address_gets_the_default_realm():
    device = Device()
    device.aor_uri = "sip:alice@198.51.100.1"
    device.uri = "sip:198.51.100.1"
    judge = authenticator()
    given = challenge(judge, device)
    assert given["realm"] == "atlanta.example"
    assert isinstance(answer(judge, device, given), Authenticated)


@pytest.mark.parametrize("host", ["203.0.113.5", "[2001:db8::1]", "sip.provider.example"])
def test_addresses_and_named_hosts_of_ours_lead_to_the_default_realm(host):
    device = Device()
    device.uri = f"sip:{host}"
    device.aor_uri = f"sip:alice@{host}"
    judge = authenticator(policy=AuthenticationPolicy(own_hosts=frozenset({"sip.provider.example"})))
    assert challenge(judge, device)["realm"] == "atlanta.example"


def test_a_listener_of_an_account_leads_to_the_default_realm_of_that_account():
    device = Device()
    device.uri = "sip:198.51.100.1"
    device.aor_uri = "sip:bob@198.51.100.1"
    flow = Flow(Listener("udp", "198.51.100.1", 5006, account_id=2), "192.0.2.7", 5060)
    assert challenge(authenticator(), device, flow=flow)["realm"] == "biloxi.example"
    strange = Flow(Listener("udp", "198.51.100.1", 5006, account_id=77), "192.0.2.7", 5060)
    assert challenge(authenticator(), device, flow=strange)["realm"] == "atlanta.example"


def test_the_user_name_names_the_realm_for_a_device_at_a_bare_address():
    bob = credential_of("bob", realm=BILOXI)
    judge = authenticator(ALICE, bob)
    device = Device("bob@biloxi.example")
    device.uri = "sip:198.51.100.1"
    device.aor_uri = "sip:bob@198.51.100.1"
    first = challenge(judge, device)
    assert first["realm"] == "atlanta.example"
    second = challenges(answer(judge, device, first))[0]
    assert second["realm"] == "biloxi.example"
    assert isinstance(answer(judge, device, second), Authenticated)


def test_the_digest_realm_is_followed_for_a_device_at_a_bare_address():
    judge = authenticator(ALICE, credential_of("bob", realm=BILOXI))
    device = Device("bob", realm="biloxi.example")
    given = challenge(judge, device)
    device.uri = "sip:198.51.100.1"
    device.aor_uri = "sip:bob@198.51.100.1"
    assert isinstance(answer(judge, device, given), Authenticated)


def test_without_any_realm_nobody_is_served():
    judge = authenticator(directory=Directory())
    device = Device()
    device.uri = device.aor_uri = "sip:198.51.100.1"
    assert judge.authenticate(device.request(), FLOW, NOW).rejection.code == "unknown-realm"


def test_a_provider_is_challenged_for_the_realm_it_calls_whatever_its_from_says():
    request = Device().request(
        "INVITE", uri="sip:+17778889999@biloxi.example", sender="sip:+15550100@provider.example"
    )
    outcome = authenticator().authenticate(request, FLOW, NOW, proxy=True)
    assert challenges(outcome)[0]["realm"] == "biloxi.example"


def test_a_phone_that_calls_another_realm_is_challenged_for_its_own():
    judge = authenticator(ALICE, credential_of("bob", realm=BILOXI))
    device = Device()
    device.uri = "sip:bob@biloxi.example"
    outcome = judge.authenticate(device.request("INVITE", to="sip:bob@biloxi.example"), FLOW, NOW, proxy=True)
    assert challenges(outcome)[0]["realm"] == "atlanta.example"
    headers = ["Proxy-Authorization: " + device.digest(challenges(outcome)[0], "INVITE")]
    request = device.request("INVITE", to="sip:bob@biloxi.example", headers=headers)
    assert isinstance(judge.authenticate(request, FLOW, NOW, proxy=True), Authenticated)


def test_a_caller_may_answer_for_the_realm_it_calls_though_from_names_another():
    judge = authenticator(ALICE, credential_of("bob", realm=BILOXI))
    device = Device("bob", realm="biloxi.example")
    given = challenges(judge.authenticate(device.request("INVITE"), FLOW, NOW, proxy=True))[0]
    headers = ["Proxy-Authorization: " + device.digest(given, "INVITE")]
    request = device.request("INVITE", headers=headers, sender="sip:alice@atlanta.example")
    assert isinstance(judge.authenticate(request, FLOW, NOW, proxy=True), Authenticated)


def test_a_call_to_a_telephone_uri_is_challenged_for_the_default_realm():
    request = Device().request(
        "INVITE", uri="tel:+17778889999", to="tel:+17778889999", sender="sip:x@provider.example"
    )
    assert (
        challenges(authenticator().authenticate(request, FLOW, NOW, proxy=True))[0]["realm"]
        == "atlanta.example"
    )


# The digest's uri.


@pytest.mark.parametrize(
    "digest_uri",
    [
        "sip:atlanta.example",
        "sip:ATLANTA.example:5060",
        "sip:atlanta.example;transport=udp",
        "sip:198.51.100.1:5060",
        "sip:biloxi.example",
    ],
)
def test_a_digest_uri_without_port_or_parameters_or_with_our_address_is_the_same_target(digest_uri):
    assert isinstance(log_in(authenticator(), Device(), uri=digest_uri), Authenticated)


@pytest.mark.parametrize(
    "digest_uri", ["sip:elsewhere.example", "sip:bob@atlanta.example", "tel:+1555", "", "sip:"]
)
def test_a_digest_uri_of_another_target_is_refused(digest_uri):
    outcome = log_in(authenticator(), Device(), uri=digest_uri or "x")
    assert isinstance(outcome, Refused)
    assert (outcome.rejection.status, outcome.rejection.code) == (400, "wrong-digest-uri")


def test_a_digest_for_one_callee_does_not_serve_for_another():
    judge = authenticator()
    device = Device()
    request = device.request("INVITE", uri="sip:bob@atlanta.example")
    given = challenges(judge.authenticate(request, FLOW, NOW, proxy=True))[0]
    headers = ["Proxy-Authorization: " + device.digest(given, "INVITE", uri="sip:carol@atlanta.example")]
    request = device.request("INVITE", uri="sip:bob@atlanta.example", headers=headers)
    assert judge.authenticate(request, FLOW, NOW, proxy=True).rejection.code == "wrong-digest-uri"


def test_a_digest_for_another_method_does_not_fit():
    judge = authenticator()
    device = Device()
    headers = ["Authorization: " + device.digest(challenge(judge, device), "INVITE")]
    assert isinstance(judge.authenticate(device.request(headers=headers), FLOW, NOW), Challenged)


# Qop.


def test_without_qop_a_digest_is_accepted_once():
    judge = authenticator()
    device = Device()
    given = challenge(judge, device)
    assert isinstance(answer(judge, device, given, qop=""), Authenticated)
    again = answer(judge, device, given, qop="")
    assert isinstance(again, Challenged)
    assert "stale=true" in again.headers[0][1]


def test_auth_int_is_accepted_where_it_is_offered_only():
    device = Device()
    for qop, kind in (("auth,auth-int", Authenticated), ("auth", Challenged)):
        judge = authenticator(policy=AuthenticationPolicy(qop=qop))
        given = challenge(judge, device)
        assert given["qop"] == qop
        digest = device.digest(given, qop="auth-int", body="hello")
        request = device.request(headers=["Authorization: " + digest], body="hello")
        assert isinstance(judge.authenticate(request, FLOW, NOW), kind)


def test_auth_int_fails_when_the_body_was_changed():
    judge = authenticator(policy=AuthenticationPolicy(qop="auth-int"))
    device = Device()
    digest = device.digest(challenge(judge, device), qop="auth-int", body="hello")
    request = device.request(headers=["Authorization: " + digest], body="jello")
    assert judge.authenticate(request, FLOW, NOW).rejection.code == "wrong-password"


# Nonces.


def test_a_nonce_serves_for_many_requests_with_growing_counts():
    judge = authenticator()
    device = Device()
    given = challenge(judge, device)
    assert all(isinstance(answer(judge, device, given), Authenticated) for _ in range(50))


def test_a_replayed_digest_is_refused_and_told():
    judge = authenticator()
    device = Device()
    given = challenge(judge, device)
    assert isinstance(answer(judge, device, given, nonce_count=1), Authenticated)
    outcome = answer(judge, device, given, nonce_count=1)
    assert isinstance(outcome, Challenged)
    assert outcome.rejection.code == "replay"
    assert "stale=true" in outcome.headers[0][1]


def test_an_exact_retransmission_is_recognised():
    judge = authenticator()
    device = Device()
    headers = ["Authorization: " + device.digest(challenge(judge, device))]
    first = device.request(headers=headers, cseq=5, branch="z9hG4bKsame")
    again = device.request(headers=headers, cseq=5, branch="z9hG4bKsame")
    assert not judge.authenticate(first, FLOW, NOW).retransmission
    outcome = judge.authenticate(again, FLOW, NOW + 0.5)
    assert isinstance(outcome, Authenticated)
    assert outcome.retransmission


@pytest.mark.parametrize(
    "change",
    [{"branch": "z9hG4bKother"}, {"cseq": 6}, {"call_id": "other"}, {"flow": flow_of("203.0.113.66")}],
)
def test_what_differs_from_the_first_in_any_part_is_a_replay(change):
    judge = authenticator()
    device = Device()
    headers = ["Authorization: " + device.digest(challenge(judge, device))]
    same = {"cseq": 5, "branch": "z9hG4bKsame", "headers": headers}
    assert isinstance(judge.authenticate(device.request(**same), FLOW, NOW), Authenticated)
    flow = change.pop("flow", FLOW)
    outcome = judge.authenticate(device.request(**{**same, **change}), flow, NOW)
    assert isinstance(outcome, Challenged)
    assert outcome.rejection.code == "replay"


def test_an_expired_nonce_is_stale_for_who_knows_the_password():
    judge = authenticator()
    device = Device()
    given = challenge(judge, device)
    outcome = answer(judge, device, given, now=NOW + 400)
    assert isinstance(outcome, Challenged)
    assert outcome.rejection.code == "stale-nonce"
    assert "stale=true" in outcome.headers[0][1]


def test_an_invented_nonce_is_stale_for_who_knows_the_password_and_lets_nobody_in():
    judge = authenticator()
    outcome = answer(judge, Device(), {"realm": "atlanta.example", "nonce": "0" * 40})
    assert isinstance(outcome, Challenged)
    assert outcome.rejection.code == "stale-nonce"


def test_a_nonce_of_another_realm_lets_nobody_in():
    judge = authenticator(ALICE, credential_of("alice", realm=BILOXI))
    given = challenge(judge, Device(realm="biloxi.example"))
    assert isinstance(answer(judge, Device(), {**given, "realm": "atlanta.example"}), Challenged)


def test_a_wrong_password_on_an_expired_nonce_is_not_called_stale():
    judge = authenticator()
    device = Device(password="wrong")
    outcome = answer(judge, device, challenge(judge, device), now=NOW + 400)
    assert "stale" not in outcome.headers[0][1]
    assert outcome.rejection.code == "wrong-password"


def test_wrong_answers_spend_no_nonce_counts():
    judge = authenticator()
    given = challenge(judge, Device())
    assert isinstance(answer(judge, Device(password="wrong"), given, nonce_count=1), Challenged)
    assert isinstance(answer(judge, Device(), given, nonce_count=1), Authenticated)


def test_nonces_of_a_server_that_died_are_stale():
    given = challenge(authenticator(), Device())
    outcome = answer(authenticator(started_at=NOW + 5), Device(), given, now=NOW + 6)
    assert outcome.rejection.code == "stale-nonce"


# Wrong answers.


def test_a_wrong_answer_is_challenged_afresh_and_a_repeated_one_refused():
    judge = authenticator()
    device = Device(password="wrong")
    first = log_in(judge, device)
    assert isinstance(first, Challenged)
    second = answer(judge, device, challenges(first)[0])
    assert isinstance(second, Refused)
    assert second.rejection.status == 403


def test_a_right_answer_is_heard_after_any_number_of_wrong_ones_and_clears_them():
    judge = authenticator()
    for _ in range(20):
        log_in(judge, Device(password="wrong"))
    assert isinstance(log_in(judge, Device()), Authenticated)
    assert isinstance(log_in(judge, Device(password="wrong")), Challenged)


def test_wrong_answers_are_forgotten_after_a_while():
    judge = authenticator()
    device = Device(password="wrong")
    log_in(judge, device)
    assert isinstance(log_in(judge, device, now=NOW + 10), Refused)
    assert isinstance(log_in(judge, device, now=NOW + 301), Challenged)


def test_the_wrong_answers_of_mallory_do_not_lock_out_alice_elsewhere():
    judge = authenticator()
    for _ in range(200):
        log_in(judge, Device(password="guess"), flow=flow_of("203.0.113.66"))
    assert isinstance(log_in(judge, Device()), Authenticated)
    assert isinstance(log_in(judge, Device(password="typo")), Challenged)


def test_challenges_alone_are_never_failures():
    judge = authenticator()
    for _ in range(500):
        assert isinstance(judge.authenticate(Device().request(), FLOW, NOW), Challenged)
    assert isinstance(log_in(judge, Device()), Authenticated)


def test_an_address_that_guesses_on_is_refused_without_being_computed():
    judge = authenticator(policy=AuthenticationPolicy(wrong_answers_per_source=3))
    for name in ("a", "b", "c"):
        log_in(judge, Device(name))
    given = challenge(judge, Device())
    outcome = answer(judge, Device(), given)
    assert isinstance(outcome, Refused)
    assert (outcome.rejection.status, outcome.rejection.code) == (403, "too-many-wrong-answers")
    assert isinstance(answer(judge, Device(), given, flow=flow_of("192.0.2.8")), Authenticated)
    assert isinstance(log_in(judge, Device(), now=NOW + 61), Authenticated)


def test_who_is_registered_from_an_address_is_heard_there_whatever_others_guess():
    asked = []

    def is_registered(aor, host, now):
        asked.append((aor, host, now))
        return aor == "alice@atlanta.example"

    bob = credential_of("bob")
    judge = authenticator(
        ALICE, bob, policy=AuthenticationPolicy(wrong_answers_per_source=3), is_registered=is_registered
    )
    for name in ("a", "b", "c"):
        log_in(judge, Device(name))
    assert asked == []
    assert isinstance(log_in(judge, Device()), Authenticated)
    assert isinstance(log_in(judge, Device("bob")), Refused)
    assert asked == [("alice@atlanta.example", FLOW.host, NOW), ("bob@atlanta.example", FLOW.host, NOW)]


def test_who_is_guessed_at_from_an_address_is_not_heard_there_though_registered():
    judge = authenticator(
        policy=AuthenticationPolicy(wrong_answers_per_source=3), is_registered=lambda _aor, _host, _now: True
    )
    for _ in range(3):
        log_in(judge, Device(password="guess"))
    assert isinstance(log_in(judge, Device()), Refused)
    assert isinstance(log_in(judge, Device(), flow=flow_of("192.0.2.8")), Authenticated)


def test_who_called_from_an_address_before_is_heard_there_whatever_others_guess():
    judge = authenticator(
        ALICE, credential_of("bob"), policy=AuthenticationPolicy(wrong_answers_per_source=3)
    )

    def call(name: str, flow: Flow = FLOW):
        device = Device(name)
        given = challenges(judge.authenticate(device.request("INVITE"), flow, NOW, proxy=True))[-1]
        digest = device.digest(given, method="INVITE")
        return judge.authenticate(
            device.request("INVITE", headers=["Proxy-Authorization: " + digest]), flow, NOW, proxy=True
        )

    assert isinstance(call("alice"), Authenticated)
    for name in ("a", "b", "c"):
        log_in(judge, Device(name))
    assert isinstance(call("alice"), Authenticated)
    assert isinstance(call("bob"), Refused)


def test_a_call_that_is_played_back_is_challenged_though_it_is_an_exact_repetition():
    judge = authenticator()
    device = Device()
    given = challenges(judge.authenticate(device.request("INVITE"), FLOW, NOW, proxy=True))[-1]
    header = "Proxy-Authorization: " + device.digest(given, method="INVITE")
    request = device.request("INVITE", headers=[header])
    assert isinstance(judge.authenticate(request, FLOW, NOW, proxy=True), Authenticated)
    again = judge.authenticate(request, FLOW, NOW + 40, proxy=True)
    assert isinstance(again, Challenged)
    assert again.rejection is not None
    assert again.rejection.code == "replay"


# What a stranger sees.


def form(outcome) -> str:
    """An answer with its nonce taken out."""
    if isinstance(outcome, Refused):
        return f"{outcome.rejection.status} {outcome.rejection.reason}"
    return f"{outcome.status} {re.sub('nonce=.[0-9a-f]+', 'nonce=', str(outcome.headers))}"


@pytest.mark.parametrize("policy", [AuthenticationPolicy(), SHA_POLICY])
@pytest.mark.parametrize("suffix", ["", "@atlanta.example"])
def test_an_unknown_user_and_a_wrong_password_get_the_same_answers(policy, suffix):
    judge = authenticator(policy=policy)
    for _ in range(3):
        known = log_in(judge, Device("alice" + suffix, "wrong"))
        unknown = log_in(judge, Device("nobody" + suffix, "wrong"))
        assert form(known) == form(unknown)
    assert (known.rejection.code, unknown.rejection.code) == ("wrong-password", "unknown-user")


@pytest.mark.parametrize("algorithm", [MD5, SHA256])
@pytest.mark.parametrize("suffix", ["", "@atlanta.example"])
def test_as_many_hashes_are_computed_for_an_unknown_user_as_for_a_wrong_password(
    algorithm, suffix, hash_counter
):
    rotating = credential_of("rotating", secrets=(ALICE.secrets[0], ALICE.secrets[0]))
    disabled = credential_of("disabled", enabled=False)
    bare = credential_of("bare", secrets=(Secret(ALICE.secrets[0].md5),))
    judge = authenticator(
        ALICE, rotating, disabled, bare, policy=AuthenticationPolicy(algorithms=(SHA256, MD5))
    )
    log_in(judge, Device("anybody"))  # fills the cache of HA2, which is the same for all
    counts = set()
    for name in ("alice", "rotating", "disabled", "bare", "nobody"):
        device = Device(name + suffix, "wrong")
        given = {**challenge(judge, device), "algorithm": algorithm}
        request = device.request(headers=["Authorization: " + device.digest(given)])
        counts.add(hash_counter(lambda request=request: judge.authenticate(request, FLOW, NOW)))
    assert len(counts) == 1
    assert next(iter(counts)) >= 4


@pytest.fixture
def hash_counter():
    """Counts the calls of hash constructors, in C or Python, while something runs."""
    import sys

    def run(work) -> int:
        names = []

        def heard(_frame, event, called):
            if event == "c_call" and called.__name__ in ("openssl_md5", "openssl_sha256"):
                names.append(called.__name__)

        sys.setprofile(heard)
        try:
            work()
        finally:
            sys.setprofile(None)
        if not names:
            pytest.skip("compiled code does not report its calls")
        return len(names)

    return run


def test_a_disabled_credential_is_told_only_to_who_knows_the_password():
    judge = authenticator(credential_of("alice", enabled=False))
    assert isinstance(log_in(judge, Device(password="wrong")), Challenged)
    outcome = log_in(judge, Device())
    assert isinstance(outcome, Refused)
    assert (outcome.rejection.status, outcome.rejection.code) == (403, "credential-disabled")


# What the owner is told.


def test_a_digest_made_for_another_realm_is_diagnosed():
    outcome = log_in(authenticator(), Device())
    assert isinstance(outcome, Authenticated)
    judge = authenticator()
    given = {**challenge(judge, Device()), "realm": "pbx.example"}
    outcome = answer(judge, Device(), given)
    assert outcome.rejection.code == "wrong-digest-realm"
    assert "pbx.example" in outcome.rejection.detail
    assert "atlanta.example" in outcome.rejection.detail
    assert outcome.aor == "alice@atlanta.example"


def test_the_older_guides_hash1b_is_explained():
    bob = credential_of("bob", domain="somewhere.example")
    judge = authenticator(bob)
    device = Device("bob@somewhere.example@atlanta.example")
    outcome = answer(judge, device, {**challenge(judge, device), "realm": "somewhere.example"})
    assert "older guide" in outcome.rejection.detail


@pytest.mark.parametrize(
    ("username", "hashed_name", "word"),
    [("alice", "alice@atlanta.example", "Hash1b"), ("alice@atlanta.example", "alice", "Hash1,")],
)
def test_an_answer_made_with_the_other_hash_is_explained_but_not_accepted(username, hashed_name, word):
    ha1 = hashed(f"{hashed_name}:atlanta.example:secret")
    outcome = log_in(authenticator(), Device(username), ha1=ha1)
    assert isinstance(outcome, Challenged)
    assert outcome.rejection.code == "wrong-password"
    assert f"fits {word}" in outcome.rejection.detail


# A credential without Hash1b.


def with_hash1_alone():
    pair = HashPair(hashed("alice:atlanta.example:secret"), None)
    return credential_of("alice", secrets=(Secret(md5=pair), Secret(md5=pair, valid_until=NOW + 60)))


def test_hash1_alone_answers_the_plain_user_name():
    assert isinstance(log_in(authenticator(with_hash1_alone()), Device()), Authenticated)


@pytest.mark.parametrize(
    "ha1",
    [
        hashed("alice@atlanta.example:atlanta.example:secret"),
        hashed("alice:atlanta.example:secret"),
        hashed("alice@atlanta.example:atlanta.example:"),
        hashed(""),
        hashed("None"),
        "",
        "None",
        "0" * 32,
    ],
)
def test_a_hash1b_that_is_absent_is_matched_by_no_answer(ha1):
    judge = authenticator(with_hash1_alone())
    outcome = log_in(judge, Device("alice@atlanta.example"), ha1=ha1)
    assert isinstance(outcome, Challenged)
    assert outcome.rejection.code == "wrong-password"
    assert isinstance(log_in(judge, Device("alice@atlanta.example"), ha1=ha1), Refused)


def test_the_owner_is_told_that_hash1b_is_absent():
    outcome = log_in(authenticator(with_hash1_alone()), Device("alice@atlanta.example"))
    assert (
        outcome.rejection.detail
        == "no Hash1b, which a user name with the realm needs, is stored: set the password again"
    )


def test_what_a_stranger_wrote_is_cut_for_the_log():
    outcome = log_in(authenticator(), Device("x" * 5000))
    assert len(outcome.rejection.detail) < 200


# Rotation.


def rotating(valid_until: float | None = None):
    new = secret_of_password("alice", "atlanta.example", "new", 0.0)
    old = secret_of_password("alice", "atlanta.example", "secret", 0.0, valid_until)
    return credential_of("alice", secrets=(new, old), number=42)


def test_both_secrets_serve_while_rotating_and_their_use_is_reported_sparsely():
    uses = []
    judge = authenticator(rotating(), secret_used=lambda *use: uses.append(use))
    for _ in range(5):
        assert isinstance(log_in(judge, Device(password="new")), Authenticated)
        assert isinstance(log_in(judge, Device(password="secret")), Authenticated)
    assert uses == [(42, 0, NOW), (42, 1, NOW)]
    log_in(judge, Device(password="secret"), now=NOW + 61)
    assert uses[2:] == [(42, 1, NOW + 61)]


def test_an_older_secret_ends_with_its_time():
    judge = authenticator(rotating(valid_until=NOW + 10))
    assert isinstance(log_in(judge, Device(), now=NOW + 9), Authenticated)
    outcome = log_in(judge, Device(), now=NOW + 11)
    assert isinstance(outcome, Challenged)
    assert outcome.rejection.code == "wrong-password"
    assert "whose time is over" in outcome.rejection.detail


def test_a_single_secret_reports_no_use():
    uses = []
    log_in(authenticator(secret_used=lambda *use: uses.append(use)), Device())
    assert uses == []


def test_a_realm_renamed_or_gone_is_noticed_at_once():
    directory = directory_of(ALICE)
    judge = authenticator(directory=directory)
    device = Device()
    challenge(judge, device)
    directory.apply([Realm(1, 1, "renamed.example", "", True, "", 0.0)])
    assert judge.authenticate(device.request(), FLOW, NOW).rejection.code == "unknown-realm"
