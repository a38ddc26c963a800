from __future__ import annotations

import pytest

from fakes.sip_bench import make_request
from trunkline.sip.message import Request, response_to
from trunkline.sip.transaction.key import (
    client_key,
    has_rfc3261_branch,
    invite_key,
    merge_key,
    response_key,
    server_key,
)


def with_via(via: str, method: str = "INVITE", **arguments: object) -> Request:
    request = make_request(method, **arguments)  # type: ignore[arg-type]
    request.push("Via", via)
    return request


def test_ack_and_cancel_have_the_key_of_their_invite() -> None:
    invite = make_request("INVITE", branch="z9hG4bK1")
    assert server_key(make_request("ACK", branch="z9hG4bK1", to_tag="bob")) == server_key(invite)
    cancel = make_request("CANCEL", branch="z9hG4bK1")
    assert server_key(cancel) != server_key(invite)
    assert invite_key(cancel) == server_key(invite)


def test_same_branch_from_another_client_is_another_transaction() -> None:
    ours = with_via("SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK1")
    theirs = with_via("SIP/2.0/UDP 192.0.2.9:5060;branch=z9hG4bK1")
    port = with_via("SIP/2.0/UDP 192.0.2.1:5070;branch=z9hG4bK1")
    assert len({server_key(request) for request in (ours, theirs, port)}) == 3


def test_other_via_parameters_and_the_case_of_the_host_make_no_difference() -> None:
    plain = with_via("SIP/2.0/UDP Phone.Example;branch=z9hG4bK1")
    repeated = with_via("SIP/2.0/UDP phone.example;rport;branch=z9hG4bK1;ttl=1")
    assert server_key(plain) == server_key(repeated)


@pytest.mark.parametrize(
    ("branch", "expected"),
    [("z9hG4bK1", True), ("z9hG4bK", False), ("1", False), ("", False)],
)
def test_branch_names_its_transaction_only_with_the_cookie_and_something_behind(
    branch: str, expected: bool
) -> None:
    assert has_rfc3261_branch(branch) is expected


OLD_VIA = "SIP/2.0/UDP 192.0.2.1:5060"


def test_rfc2543_request_is_matched_by_all_its_parts() -> None:
    first = with_via(OLD_VIA)
    assert server_key(with_via(OLD_VIA)) == server_key(first)
    assert server_key(with_via(OLD_VIA, cseq=2)) != server_key(first)
    assert server_key(with_via(OLD_VIA + ";branch=5")) != server_key(first)
    other_uri = with_via(OLD_VIA)
    other_uri.set_uri("sip:bob@192.0.2.2")
    assert server_key(other_uri) != server_key(first)
    other_tag = with_via(OLD_VIA)
    other_tag.set("From", "Alice <sip:alice@atlanta.example>;tag=other")
    assert server_key(other_tag) != server_key(first)


def test_rfc2543_ack_matches_its_invite_although_it_has_a_to_tag() -> None:
    assert server_key(with_via(OLD_VIA, "ACK", to_tag="bob")) == server_key(with_via(OLD_VIA))


def test_rfc2543_request_in_a_dialog_is_told_apart_by_its_to_tag() -> None:
    assert server_key(with_via(OLD_VIA, "BYE", to_tag="a")) != server_key(
        with_via(OLD_VIA, "BYE", to_tag="b")
    )


def test_response_is_matched_by_branch_and_method() -> None:
    cancel = make_request("CANCEL", branch="z9hG4bK1")
    invite = make_request("INVITE", branch="z9hG4bK1")
    assert response_key(response_to(cancel, 200)) == client_key("z9hG4bK1", "CANCEL")
    assert response_key(response_to(invite, 200)) == client_key("z9hG4bK1", "INVITE")


def test_merged_copies_share_call_id_from_tag_and_cseq() -> None:
    assert merge_key(make_request(branch="z9hG4bK1")) == merge_key(make_request(branch="z9hG4bK2"))
    assert merge_key(make_request(cseq=1)) != merge_key(make_request(cseq=2))
    assert merge_key(make_request("INVITE")) != merge_key(make_request("MESSAGE"))
