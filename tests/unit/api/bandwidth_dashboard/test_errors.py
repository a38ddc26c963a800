"""From our faults to the numbers of this API."""

import pytest

from trunkline.api.bandwidth_dashboard.errors import (
    DashboardFault,
    credential_fault,
    dashboard_fault,
    error_item,
    required,
    response_status,
)
from trunkline.provisioning.faults import FaultCode, ProvisioningFault


@pytest.mark.parametrize(
    ("code", "wire", "status"),
    [
        (FaultCode.UNKNOWN_ACCOUNT, 4022, 404),
        (FaultCode.UNKNOWN_REALM, 33001, 404),
        (FaultCode.REALM_EXISTS, 33002, 400),
        (FaultCode.REALM_NAME_TOO_LONG, 33003, 400),
        (FaultCode.REALM_NAME_FIXED, 33005, 400),
        (FaultCode.DEFAULT_REALM, 33006, 400),
        (FaultCode.REALM_IN_USE, 12666, 400),
        (FaultCode.INVALID_REALM_NAME, 12673, 400),
        (FaultCode.UNKNOWN_CREDENTIAL, 23007, 404),
        (FaultCode.CREDENTIAL_EXISTS, 23009, 400),
        (FaultCode.APPLICATION_IN_USE, 12107, 400),
        (FaultCode.UNKNOWN_APPLICATION, 13629, 404),
        (FaultCode.FORBIDDEN, None, 403),
        (FaultCode.TOO_MANY_TRIES, None, 429),
        (FaultCode.INVALID_URL, 12803, 400),
        (FaultCode.INVALID_TIMEOUT, None, 400),
    ],
)
def test_each_fault_has_its_number_and_status(code, wire, status):
    fault = dashboard_fault(ProvisioningFault(code, "A sentence."))
    assert (fault.code, fault.status) == (wire, status)


def test_every_fault_has_a_status():
    assert {dashboard_fault(ProvisioningFault(code, "x")).status for code in FaultCode} == {
        400,
        403,
        404,
        429,
    }


def test_below_a_realm_credentials_have_other_numbers():
    missing, taken = FaultCode.UNKNOWN_CREDENTIAL, FaultCode.CREDENTIAL_EXISTS
    assert dashboard_fault(ProvisioningFault(missing, "x"), nested=True).code == 23025
    assert credential_fault(ProvisioningFault(taken, "x"), nested=True).code == 23026


def test_what_a_credential_refers_to_is_not_what_was_asked_for():
    for code, wire in ((FaultCode.UNKNOWN_REALM, 23017), (FaultCode.UNKNOWN_APPLICATION, 23019)):
        fault = credential_fault(ProvisioningFault(code, "x"))
        assert (fault.code, fault.status) == (wire, 400)


def test_the_sentence_stands_without_its_full_stop():
    fault = ProvisioningFault(FaultCode.UNKNOWN_REALM, "There is no realm 'x'.")
    assert dashboard_fault(fault).text == "There is no realm 'x'"


def test_both_envelopes_have_the_number_before_the_text():
    assert response_status(1003, "a & b") == (
        "<ResponseStatus><ErrorCode>1003</ErrorCode><Description>a &amp; b</Description></ResponseStatus>"
    )
    assert response_status(None, "x") == "<ResponseStatus><Description>x</Description></ResponseStatus>"
    item = error_item(required("Hash1"), "<SipCredential/>")
    assert (
        item
        == "<Error><ErrorCode>1003</ErrorCode><Description>Hash1 is required</Description><SipCredential/></Error>"
    )
    assert error_item(DashboardFault(None, "x"), "") == "<Error><Description>x</Description></Error>"
