"""Credentials as XML, read and shown."""

import pytest

from trunkline.api.bandwidth_dashboard.credential_documents import (
    MASK,
    echo,
    read_application,
    read_new,
    require_realm,
    show,
)
from trunkline.api.bandwidth_dashboard.errors import DashboardFault
from trunkline.api.bandwidth_dashboard.xml_reading import read_xml
from trunkline.domain.credential import Credential, HashPair, Secret
from trunkline.domain.realm import Realm
from trunkline.provisioning.credential_batch import NewCredential
from trunkline.provisioning.secret_input import Hashes

DESK = Realm(7, 1, "desk.0a1b2c.auth.example.net", "desk", is_default=True, description="", created_at=0.0)
UUID = "11111111-2222-4333-8444-555555555555"


def fields(inner):
    return read_xml(f"<SipCredential>{inner}</SipCredential>".encode())


def test_everything_is_read_in_any_order():
    read = read_new(
        fields(
            f"<HttpVoiceV2AppId>{UUID.upper()}</HttpVoiceV2AppId><Realm>desk</Realm><Hash1b>b</Hash1b><Hash1>a</Hash1>"
            "<Domain>corp.example</Domain><UserName>Alice</UserName>"
        ),
        None,
    )
    assert read == NewCredential("Alice", Hashes("a", "b"), "corp.example", "desk", UUID)


def test_below_a_realm_its_whole_name_is_taken_whatever_form_the_document_repeats():
    for inner in (
        "",
        "<Realm>DESK</Realm>",
        f"<Realm>{DESK.name}.</Realm>",
        "<RealmId>7</RealmId>",
        "<Realm>7</Realm>",
    ):
        read = read_new(fields(f"<UserName>alice</UserName><Hash1>a</Hash1>{inner}"), DESK)
        assert read.realm == DESK.name


@pytest.mark.parametrize("inner", ["<Realm>lab</Realm>", "<RealmId>8</RealmId>", "<RealmId>desk</RealmId>"])
def test_another_realm_is_refused(inner):
    with pytest.raises(DashboardFault) as fault:
        require_realm(fields(inner), DESK)
    assert fault.value.code == 23018


def test_an_application_may_be_named_taken_away_or_left_alone():
    assert read_application(fields("")) is None
    assert read_application(fields("<HttpVoiceV2AppId/>")) == ""
    assert read_application(fields("<HttpVoiceV2AppId>Remove</HttpVoiceV2AppId>")) == ""
    assert read_application(fields(f"<HttpVoiceV2AppId>{UUID}</HttpVoiceV2AppId>")) == UUID
    with pytest.raises(DashboardFault) as fault:
        read_application(fields("<HttpVoiceV2AppId>ivr</HttpVoiceV2AppId>"))
    assert fault.value.code == 23020


def test_what_was_refused_is_echoed_as_it_was_and_hashes_only_to_whom_they_are_shown():
    sent = fields(
        "<Hash1> x&amp;y </Hash1><UserName>al ice</UserName><Realm/><Colour>red</Colour><Id>1</Id><Id>2</Id>"
    )
    assert echo(sent, shows_hashes=True) == (
        "<SipCredential><UserName>al ice</UserName><Hash1>x&amp;y</Hash1><Realm/></SipCredential>"
    )
    assert f"<Hash1>{MASK}</Hash1>" in echo(sent, shows_hashes=False)


def test_a_credential_is_shown_in_order():
    secret = Secret(HashPair("a" * 32, None))
    shown = Credential(3, 1, 7, DESK.name, "Alice", "corp.example", (secret,), UUID)
    assert show(shown, shows_hashes=True) == (
        "<SipCredential><Id>3</Id><RealmId>7</RealmId><UserName>Alice</UserName><Domain>corp.example</Domain>"
        f"<Hash1>{'a' * 32}</Hash1><Realm>{DESK.name}</Realm><HttpVoiceV2AppId>{UUID}</HttpVoiceV2AppId></SipCredential>"
    )
    masked = show(
        Credential(3, 1, 7, DESK.name, "bob", "", (Secret(HashPair("a" * 32, "b" * 32)),)), shows_hashes=False
    )
    assert masked == (
        f"<SipCredential><Id>3</Id><RealmId>7</RealmId><UserName>bob</UserName><Hash1>{MASK}</Hash1>"
        f"<Hash1b>{MASK}</Hash1b><Realm>{DESK.name}</Realm></SipCredential>"
    )
