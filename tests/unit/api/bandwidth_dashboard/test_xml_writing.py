"""Writing XML."""

from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from trunkline.api.bandwidth_dashboard.xml_writing import document, element, flag, leaf, leaf_unless_empty


def test_elements_texts_and_flags():
    assert element("Realms") == "<Realms/>"
    assert (
        element("Realm", leaf("Id", 7), "", flag("Default", value=False))
        == "<Realm><Id>7</Id><Default>false</Default></Realm>"
    )
    assert leaf("Id", 0) == "<Id>0</Id>"
    assert leaf("Realm", "") == "<Realm/>"
    assert (leaf_unless_empty("A", None), leaf_unless_empty("A", ""), leaf_unless_empty("A", "b")) == (
        "",
        "",
        "<A>b</A>",
    )


def test_a_document_begins_with_its_declaration():
    assert document("<A/>") == b'<?xml version="1.0" encoding="UTF-8" standalone="yes"?><A/>'


@given(st.text().filter(lambda text: not any("\ud800" <= sign <= "\udfff" for sign in text)))
def test_any_text_is_well_formed_and_reads_back_but_for_what_xml_cannot_hold(text):
    root = etree.fromstring(document(leaf("A", text)))
    kept = "".join(
        sign if sign in "\t\n\r" or (sign >= " " and sign not in "\ufffe\uffff") else "\ufffd"
        for sign in text
    )
    assert (root.text or "") == kept.replace("\r\n", "\n").replace("\r", "\n")
    assert len(root) == 0


def test_half_characters_are_replaced():
    assert leaf("A", "x\ud800") == "<A>x\ufffd</A>"
