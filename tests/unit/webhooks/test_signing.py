"""Signatures: the vectors of the specification, both secrets of a rotation, and what is not genuine."""

import re
import time
from pathlib import Path

import pytest

from trunkline.webhooks.signing import is_genuine, signature, signed_headers

# The example of the Standard Webhooks libraries' own tests.
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
MESSAGE, TIME, BODY = "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}'
SIGNATURE = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
OTHER = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"


def test_the_signature_is_that_of_the_specification():
    assert signature(SECRET, MESSAGE, TIME, BODY) == SIGNATURE


def test_the_header_fields_hold_a_signature_for_each_secret():
    headers = signed_headers([OTHER, SECRET], MESSAGE, TIME, BODY)
    assert headers["webhook-id"] == MESSAGE
    assert headers["webhook-timestamp"] == str(TIME)
    assert headers["webhook-signature"].split(" ")[1] == SIGNATURE
    assert is_genuine(SECRET, headers, BODY, TIME)
    assert is_genuine(OTHER, headers, BODY, TIME)


@pytest.mark.parametrize(
    ("headers", "body", "now"),
    [
        ({}, b'{"test": 2432232315}', TIME),
        ({"webhook-id": "msg_other"}, BODY, TIME),
        ({"webhook-timestamp": str(TIME + 1)}, BODY, TIME),
        ({"webhook-timestamp": "soon"}, BODY, TIME),
        ({"webhook-timestamp": ""}, BODY, TIME),
        ({"webhook-signature": ""}, BODY, TIME),
        ({"webhook-signature": SIGNATURE.replace("v1,", "v2,")}, BODY, TIME),
        ({}, BODY, TIME + 301),
        ({}, BODY, TIME - 301),
    ],
)
def test_what_was_changed_or_kept_back_is_not_genuine(headers, body, now):
    sent = signed_headers([SECRET], MESSAGE, TIME, BODY) | headers
    assert not is_genuine(SECRET, sent, body, now)
    assert is_genuine(SECRET, signed_headers([SECRET], MESSAGE, TIME, BODY), BODY, TIME + 300)


def test_another_secret_is_not_genuine():
    assert not is_genuine(OTHER, signed_headers([SECRET], MESSAGE, TIME, BODY), BODY, TIME)


DOCUMENT = Path(__file__).parents[3] / "docs" / "api" / "webhooks.md"


def test_the_documents_own_check_takes_what_is_sent_and_nothing_else():
    snippet = re.search(r"```python\n(.*?)```", DOCUMENT.read_text(), re.DOTALL)
    found = {}
    exec(snippet[1], found)  # ours
    headers = signed_headers([OTHER, SECRET], MESSAGE, int(time.time()), BODY)
    assert found["is_genuine"](SECRET, headers, BODY)
    assert found["is_genuine"](OTHER, headers, BODY)
    assert not found["is_genuine"](SECRET, headers, BODY + b" ")
    assert not found["is_genuine"](SECRET, signed_headers([SECRET], MESSAGE, TIME, BODY), BODY)
