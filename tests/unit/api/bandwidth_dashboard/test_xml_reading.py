"""Reading XML that strangers send."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trunkline.api.bandwidth_dashboard.xml_reading import MAX_DEPTH, Fields, MalformedXml, read_xml


def sentence_of(body, charset=""):
    with pytest.raises(MalformedXml) as malformed:
        read_xml(body, charset)
    return malformed.value.sentence


def test_fields_are_found_in_any_case_and_order():
    fields = read_xml(b"<Realm> <default>true</default><!-- x --><REALM>\n desk </REALM></Realm>")
    assert (fields.name, fields.line) == ("Realm", 1)
    assert (fields.text("Realm"), fields.text("Default"), fields.text("Description")) == (
        "desk",
        "true",
        None,
    )


def test_namespaces_are_passed_over():
    fields = read_xml(b'<a:Realm xmlns:a="urn:a" xmlns="urn:b" b="c"><Realm>desk</Realm></a:Realm>')
    assert (fields.name, fields.text("Realm")) == ("Realm", "desk")


def test_comments_instructions_and_character_data_do_not_part_a_text():
    fields = read_xml(b"<a><b>de<!-- x -->s<?pi y?><![CDATA[k&]]>&amp;&#65;</b></a>")
    assert fields.text("b") == "desk&&A"


def test_an_unclosed_element_is_named_with_its_line():
    document = b"<SipCredential>\n  <UserName>bob</UserName>\n  <Realm>desk<Realm>\n  <Hash1>x</Hash1>\n</SipCredential>"
    assert sentence_of(document) == (
        "The XML is not well formed: <Realm> of line 3 is not closed; line 5 has </SipCredential> instead of </Realm>."
    )


def test_a_document_that_ends_too_early_names_what_is_open():
    assert "<b> of line 2 is not closed" in sentence_of(b"<a>\n<b>text\n")


@pytest.mark.parametrize(
    "body",
    [
        b"<a",
        b"<a>&nbsp;</a>",
        b"<a></a><b/>",
        b"text",
        b"<a b=c/>",
        b"<a>\x00</a>",
        b"<a>\x01</a>",
        b"<a>&#0;</a>",
        b"<1/>",
    ],
)
def test_whatever_is_no_xml_is_told_with_a_line(body):
    assert sentence_of(body).startswith("The XML is not well formed in line 1: ")


def test_lines_are_counted_from_the_declaration_on():
    assert "of line 4" in sentence_of(b'<?xml version="1.0"\n encoding="utf-8"?>\n<a>\n<b>\n</a>')


@pytest.mark.parametrize("body", [b"", b"   \n", b'<?xml version="1.0"?>', b"\xef\xbb\xbf"])
def test_an_empty_document_is_told(body):
    assert sentence_of(body) == "The request has no XML document; send one as its body."


def test_document_types_and_entities_are_refused_before_they_mean_anything(tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("hidden")
    lines = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 10))
    for document in (
        f'<!DOCTYPE a [<!ENTITY x SYSTEM "file://{secret}">]><a>&x;</a>',
        '<!DOCTYPE a SYSTEM "http://192.0.2.1/a.dtd"><a/>',
        f'<!DOCTYPE a [<!ENTITY e0 "ha">{lines}]><a b="&e9;">&e9;</a>',
        '<!DOCTYPE a [<!ENTITY % p SYSTEM "http://192.0.2.1/p">%p;]><a/>',
        "<!DOCTYPE a><a/>",
    ):
        for body in (
            document.encode(),
            document.encode("utf-16"),
            b'<?xml version="1.0"?>\n' + document.encode(),
        ):
            sentence = sentence_of(body)
            assert "<!DOCTYPE: document types and entities are not accepted." in sentence
            assert "hidden" not in sentence


@pytest.mark.parametrize("depth", [MAX_DEPTH + 1, 200, 100_000])
def test_deep_documents_are_refused(depth):
    sentence = sentence_of(b"<a>" * depth + b"</a>" * depth)
    assert "deep" in sentence or "depth" in sentence
    read_xml(b"<a>" * MAX_DEPTH + b"</a>" * MAX_DEPTH)


@pytest.mark.parametrize(
    ("body", "charset", "text"),
    [
        ("<a><b>ü</b></a>".encode(), "", "ü"),
        ("<a><b>ü</b></a>".encode("latin-1"), "iso-8859-1", "ü"),
        ('<?xml version="1.0" encoding="windows-1252"?><a><b>€</b></a>'.encode("cp1252"), "", "€"),
        (b'<?xml version="1.0" encoding="us-ascii"?><a><b>u</b></a>', "", "u"),
        ('<?xml version="1.0" encoding="utf-8"?><a><b>ü</b></a>'.encode("latin-1"), "latin1", "ü"),
        ('<?xml version="1.0" encoding="utf-16"?><a><b>ü</b></a>'.encode("utf-16"), "", "ü"),
        ("\ufeff<a><b>ü</b></a>".encode(), "iso-8859-1", "ü"),
    ],
)
def test_encodings_are_told_by_mark_charset_and_declaration_in_this_order(body, charset, text):
    assert read_xml(body, charset).text("b") == text


@pytest.mark.parametrize(
    "encoding", ["utf-7", "UTF-32", "cp037", "rot13", "hex", "zlib", "idna", "nonsense", "unicode_escape"]
)
def test_encodings_that_hide_what_they_mean_are_refused(encoding):
    for body, charset in (
        (f'<?xml version="1.0" encoding="{encoding}"?><a/>'.encode(), ""),
        (b"<a/>", encoding),
    ):
        assert (
            sentence_of(body, charset)
            == f"The encoding '{encoding}' is not accepted; write the document in UTF-8."
        )


def test_bytes_that_are_not_in_the_encoding_are_counted():
    assert sentence_of(b"<a>\xff</a>") == "Byte 4 of the document is no utf-8; write the document in UTF-8."


def test_an_element_that_is_there_twice_or_holds_others_is_no_text():
    fields = read_xml(b"<a>\n<b>1</b>\n<B>2</B><c>x<d/></c></a>")
    with pytest.raises(MalformedXml, match="<B> in line 3 is there twice"):
        fields.text("b")
    with pytest.raises(MalformedXml, match="<c> in line 3 must hold text, but holds <d>"):
        fields.text("c")
    assert fields.text_or_none("c") is None
    assert fields.count("b") == 2
    assert [fields.nth("B", place).name for place in (0, 1)] == ["b", "B"]


@given(st.binary(max_size=300), st.sampled_from(["", "utf-8", "utf-16", "latin-1", "utf-7", "\x00"]))
def test_any_bytes_are_read_or_refused(body, charset):
    try:
        assert isinstance(read_xml(body, charset), Fields)
    except MalformedXml as malformed:
        assert malformed.sentence.endswith(".")


PIECES = st.sampled_from(
    ["<SipCredentials>", "</SipCredentials>", "<Realm>", "</Realm>", "<Realm/>", "x", "&amp;", "&#65;", "&x;", "<!--", "-->",
     "<![CDATA[", "]]>", "<?pi", "?>", "<!DOCTYPE", "<a b='c'>", "\ud800", "\x00", "ü", " ", "\n", "<", ">", "&"]
)  # fmt: skip


@given(st.lists(PIECES, max_size=30).map("".join))
def test_any_pieces_of_xml_are_read_or_refused(text):
    try:
        read_xml(text.encode("utf-8", "surrogatepass"), "")
    except MalformedXml as malformed:
        assert malformed.sentence.endswith(".")
