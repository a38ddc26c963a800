"""Where requests of the server may go: a table of hostile addresses, and names that lie."""

from ipaddress import ip_network

import pytest

from trunkline.webhooks.address_guard import AddressGuard, AddressRefused

PUBLIC = [
    "192.0.2.10",
    "198.51.100.7",
    "203.0.113.9",
    "2001:db8::10",
    "8.8.8.8",
    "::ffff:192.0.2.10",
    "64:ff9b::c000:20a",
]

HOSTILE = [
    "127.0.0.1", "127.255.255.254", "::1", "0.0.0.0", "::", "0.1.2.3",
    "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1", "100.64.0.1", "fc00::1", "fd12::1", "fec0::1",
    "169.254.169.254", "169.254.0.1", "fe80::1", "fe80::1%eth0", "fd00:ec2::254", "100.100.100.200",
    "168.63.129.16", "192.0.0.192", "192.0.0.1",
    "224.0.0.1", "239.255.255.255", "ff02::1", "255.255.255.255",
    "240.0.0.1", "198.18.0.1", "198.19.255.255", "192.88.99.1",
    # IPv4 within IPv6.
    "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254", "::127.0.0.1", "64:ff9b::7f00:1",
    "64:ff9b::a9fe:a9fe", "64:ff9b:1::a00:1", "2002:7f00:1::1", "2001:0:7f00:1::1", "100::1",
]  # fmt: skip


def guard(*allowed, answers=None, own_ports=(), own=()):
    async def resolve(host, port):
        found = (answers or {}).get(host, host)
        if isinstance(found, Exception):
            raise found
        return [found] if isinstance(found, str) else found

    return AddressGuard(
        [ip_network(one) for one in allowed], lambda: own_ports, resolve=resolve, is_own=lambda address: str(address) in own
    )  # fmt: skip


@pytest.mark.parametrize("address", PUBLIC)
async def test_a_public_address_is_let_through(address):
    assert await guard().addresses(address, 443) == [address]


@pytest.mark.parametrize("address", HOSTILE)
async def test_what_is_not_public_is_refused(address):
    with pytest.raises(AddressRefused) as refused:
        await guard().addresses(address, 443)
    assert refused.value.is_for_good
    assert refused.value.sentence.startswith(f"Nothing is sent to {address}: ")


@pytest.mark.parametrize("answer", HOSTILE)
async def test_one_bad_address_refuses_the_name(answer):
    lying = guard(answers={"app.example": ["192.0.2.10", answer]})
    with pytest.raises(AddressRefused):
        await lying.addresses("app.example", 443)


async def test_a_name_with_good_addresses_gives_each_once():
    good = guard(answers={"app.example": ["192.0.2.10", "192.0.2.11", "192.0.2.10"]})
    assert await good.addresses("app.example", 443) == ["192.0.2.10", "192.0.2.11"]


@pytest.mark.parametrize(
    "answer", [[], OSError(-2, "Name or service not known"), UnicodeError("label too long")]
)
async def test_a_name_that_is_not_known_may_be_known_later(answer):
    with pytest.raises(AddressRefused) as refused:
        await guard(answers={"app.example": answer}).addresses("app.example", 443)
    assert not refused.value.is_for_good


async def test_the_operator_may_open_a_network():
    open_one = guard("10.1.0.0/16", "fd00:1::/32")
    for address in ("10.1.2.3", "::ffff:10.1.2.3", "fd00:1::7"):
        assert await open_one.addresses(address, 80) == [address]
    for address in ("10.2.0.1", "127.0.0.1", "fd00:2::7"):
        with pytest.raises(AddressRefused):
            await open_one.addresses(address, 80)


@pytest.mark.parametrize("address", ["0.0.0.0", "::", "224.0.0.1", "255.255.255.255", "ff02::1"])
async def test_no_network_opens_what_is_no_host(address):
    with pytest.raises(AddressRefused):
        await guard("0.0.0.0/0", "::/0").addresses(address, 80)


async def test_the_server_never_talks_to_itself():
    widest = guard("0.0.0.0/0", "::/0", own_ports={5060, 8080}, own={"192.0.2.1"})
    for address in ("127.0.0.1", "127.3.4.5", "::1", "192.0.2.1", "::ffff:127.0.0.1"):
        for port in (5060, 8080):
            with pytest.raises(AddressRefused, match="this server itself"):
                await widest.addresses(address, port)
        assert await widest.addresses(address, 9000) == [address]


async def test_a_public_address_of_this_machine_is_no_way_around():
    with pytest.raises(AddressRefused, match="this machine"):
        await guard(own={"192.0.2.1"}).addresses("192.0.2.1", 22)


@pytest.mark.parametrize("port", [0, -1, 65536])
async def test_a_port_that_is_none_is_refused(port):
    with pytest.raises(AddressRefused):
        await guard().addresses("192.0.2.10", port)


async def test_what_a_lying_resolver_says_is_no_address():
    with pytest.raises(AddressRefused):
        await guard(answers={"app.example": "not-an-address"}).addresses("app.example", 80)
