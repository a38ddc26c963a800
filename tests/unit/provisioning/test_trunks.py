"""Trunks: targets, inbound networks, prefixes, digest, codes."""

import hashlib
from dataclasses import replace

import pytest

from trunkline.domain.limits import Limits
from trunkline.domain.trunk import DEFAULT_FAILOVER_CODES, TrunkTarget
from trunkline.provisioning.faults import FaultCode, ProvisioningFault
from trunkline.provisioning.trunks import DigestLogin, TrunkPlan

PLAN = TrunkPlan(targets=(TrunkTarget("sip:192.0.2.10:5060"),))


async def fault_of(awaitable):
    with pytest.raises(ProvisioningFault) as fault:
        await awaitable
    assert fault.value.sentence.endswith(".")
    return fault.value.code


async def test_a_plain_trunk_serves_every_number_and_lets_nobody_in(provisioning, account):
    trunk = await provisioning.trunks.add(account.id, "chicago", PLAN)
    assert trunk.prefixes == ("",)
    assert trunk.allowed_ips == ()
    assert trunk.digest is None
    assert trunk.failover_codes == DEFAULT_FAILOVER_CODES


async def test_networks_and_prefixes_are_normalised(provisioning, account):
    plan = replace(
        PLAN, allowed_ips=("192.0.2.10", "198.51.100.0/24", "2001:db8::/48", "192.0.2.10/32"),
        prefixes=("1", "+49", "+1"),
    )  # fmt: skip
    trunk = await provisioning.trunks.add(account.id, "chicago", plan)
    assert trunk.allowed_ips == ("192.0.2.10/32", "198.51.100.0/24", "2001:db8::/48")
    assert trunk.prefixes == ("+1", "+49")


async def test_the_carriers_password_is_hashed_at_once(provisioning, store, account):
    plan = replace(PLAN, login=DigestLogin("ours", "Carrier Realm", "s3cret-word"))
    digest = (await provisioning.trunks.add(account.id, "chicago", plan)).digest
    text = b"ours:Carrier Realm:s3cret-word"
    assert digest is not None
    assert digest.md5 == hashlib.md5(text).hexdigest()
    assert digest.sha256 == hashlib.sha256(text).hexdigest()
    assert digest.sha512_256 == hashlib.new("sha512_256", text).hexdigest()
    assert "s3cret-word" not in repr(store.shelves)
    assert "s3cret-word" not in repr(plan)


async def test_a_change_keeps_the_digest_unless_told_otherwise(provisioning, account):
    plan = replace(PLAN, login=DigestLogin("ours", "realm", "pw"))
    trunk = await provisioning.trunks.add(account.id, "chicago", plan)
    changed = await provisioning.trunks.change(account.id, "CHICAGO", replace(PLAN, priority=2))
    assert changed.digest == trunk.digest
    assert changed.priority == 2
    forgotten = await provisioning.trunks.change(account.id, str(trunk.id), replace(PLAN, forget_login=True))
    assert forgotten.digest is None


@pytest.mark.parametrize(
    "uri",
    ["", "192.0.2.10", "tel:+15550100199", "sip:", "sip:192.0.2.10:99999", "sip:u:pw@192.0.2.10",
     "sip:192.0.2.10?Subject=x", "sip:192.0.2.10;transport=sctp", "sip:192.0.2.10;transport=ws", "sip:a b"],
)  # fmt: skip
async def test_targets_that_nobody_could_reach_are_refused(provisioning, account, uri):
    plan = replace(PLAN, targets=(TrunkTarget(uri),))
    assert await fault_of(provisioning.trunks.add(account.id, "chicago", plan)) is FaultCode.INVALID_TARGET


@pytest.mark.parametrize(
    "uri", ["sip:gateway.example", "sips:gateway.example:5061", "sip:[2001:db8::1]:5060;transport=tcp"]
)
async def test_targets_by_name_address_and_transport_are_taken(provisioning, account, uri):
    trunk = await provisioning.trunks.add(
        account.id, "chicago", replace(PLAN, targets=(TrunkTarget(uri, 2, 3),))
    )
    assert trunk.targets == (TrunkTarget(uri, 2, 3),)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"targets": ()}, FaultCode.INVALID_TARGET),
        ({"targets": (TrunkTarget("sip:192.0.2.1", 0, 1),)}, FaultCode.INVALID_PRIORITY),
        ({"weight": 0}, FaultCode.INVALID_PRIORITY),
        ({"allowed_ips": ("gateway.example",)}, FaultCode.INVALID_NETWORK),
        ({"allowed_ips": ("192.0.2.10/24",)}, FaultCode.INVALID_NETWORK),
        ({"allowed_ips": ("0.0.0.0/0",)}, FaultCode.INVALID_NETWORK),
        ({"allowed_ips": ("::/0",)}, FaultCode.INVALID_NETWORK),
        ({"prefixes": ("+0",)}, FaultCode.INVALID_PREFIX),
        ({"prefixes": ("abc",)}, FaultCode.INVALID_PREFIX),
        ({"failover_codes": frozenset({503, 486})}, FaultCode.INVALID_FAILOVER_CODE),
        ({"failover_codes": frozenset({600})}, FaultCode.INVALID_FAILOVER_CODE),
        ({"failover_codes": frozenset({603})}, FaultCode.INVALID_FAILOVER_CODE),
        ({"failover_codes": frozenset({200})}, FaultCode.INVALID_FAILOVER_CODE),
        ({"ring_timeout_s": 0}, FaultCode.INVALID_RING_TIMEOUT),
        ({"limits": Limits(longest_call_s=0)}, FaultCode.INVALID_LIMIT),
        ({"login": DigestLogin("", "realm", "pw")}, FaultCode.INVALID_DIGEST),
        ({"login": DigestLogin("a:b", "realm", "pw")}, FaultCode.INVALID_DIGEST),
        ({"login": DigestLogin("user", "realm", "p\nw")}, FaultCode.INVALID_DIGEST),
    ],
)
async def test_plans_that_make_no_sense_are_refused(provisioning, account, changes, code):
    assert await fault_of(provisioning.trunks.add(account.id, "chicago", replace(PLAN, **changes))) is code


async def test_one_network_cannot_be_two_trunks(provisioning, account):
    other = await provisioning.accounts.add("Biloxi")
    inbound = replace(PLAN, allowed_ips=("192.0.2.10",))
    await provisioning.trunks.add(account.id, "chicago", inbound)
    assert await fault_of(provisioning.trunks.add(other.id, "biloxi", inbound)) is FaultCode.NETWORK_TAKEN
    wider = replace(PLAN, allowed_ips=("192.0.2.0/24",))
    assert (await provisioning.trunks.add(other.id, "biloxi", wider)).allowed_ips == ("192.0.2.0/24",)
    assert (await provisioning.trunks.change(account.id, "chicago", inbound)).allowed_ips == (
        "192.0.2.10/32",
    )


@pytest.mark.parametrize("name", ["", "two words", "-x", "x" * 65, "a/b"])
async def test_names_with_strange_characters_are_refused(provisioning, account, name):
    assert await fault_of(provisioning.trunks.add(account.id, name, PLAN)) is FaultCode.INVALID_NAME


async def test_a_name_is_taken_in_any_case(provisioning, account):
    await provisioning.trunks.add(account.id, "chicago", PLAN)
    assert await fault_of(provisioning.trunks.add(account.id, "Chicago", PLAN)) is FaultCode.TRUNK_EXISTS


async def test_a_trunk_that_a_number_leads_to_goes_only_by_force(provisioning, account):
    trunk = await provisioning.trunks.add(account.id, "chicago", PLAN)
    number = await provisioning.numbers.add(account.id, "+15550100199", "trunk:chicago")
    assert number.destination.value == str(trunk.id)
    assert await fault_of(provisioning.trunks.remove(account.id, "chicago")) is FaultCode.TRUNK_IN_USE
    await provisioning.trunks.remove(account.id, "chicago", force=True)
    assert await provisioning.trunks.of(account.id) == []
    assert await provisioning.numbers.of(account.id) == []


async def test_a_trunk_is_switched_off(provisioning, account):
    await provisioning.trunks.add(account.id, "chicago", PLAN)
    assert not (await provisioning.trunks.enable(account.id, "chicago", enabled=False)).enabled
