"""One fully furnished value of each noun."""

from trunkline.domain.account import Account
from trunkline.domain.application import Application
from trunkline.domain.credential import CallerIdRule, Credential, HashPair, Secret, secret_of_password
from trunkline.domain.limits import Limits
from trunkline.domain.media_mode import MediaMode
from trunkline.domain.number import Destination, DestinationKind, Number
from trunkline.domain.realm import Realm
from trunkline.domain.trunk import OutboundDigest, Trunk, TrunkTarget

NOW = 1_700_000_000.25
LIMITS = Limits(3, 0.5, 7200, ("+1", "-+1900"), 2)

ATLANTA = Account(1_000_001, "0a1b2c", "Atlanta", "US", NOW)
BILOXI = Account(1_000_002, "0a1b2d", "Biloxi", "DE", NOW + 1)
IVR = Application(
    "11111111-2222-4333-8444-555555555555", ATLANTA.id, "ivr", "https://app.example/", "", "hooks", NOW
)
MENU = Application("11111111-2222-4333-8444-666666666666", ATLANTA.id, "menu", created_at=NOW + 1)


def realm(name="desk.0a1b2c.auth.example.net", *, account=ATLANTA, is_default=False):
    return Realm(0, account.id, name, name.partition(".")[0], is_default, "front desk – Empfang", NOW)


def credential(where, username="alice", domain="", **changes):
    composite = f"{username}@{domain}" if domain else username
    secrets = (secret_of_password(composite, where.name, "pw", NOW),)
    fields = {"secrets": secrets, "created_at": NOW} | changes
    return Credential(0, where.account_id, where.id, where.name, username, domain, **fields)


def furnished_credential(where):
    hashes = HashPair("fe438bddfc087dda89d29e637f5684ab", "79bb0e55551e14a2f329a282c7cf1456")
    return credential(
        where, "Bob", "somewhere.com",
        secrets=(Secret(md5=hashes, created_at=NOW + 5), secret_of_password("Bob@somewhere.com", where.name, "old", NOW, NOW + 99)),
        application_id=IVR.id, enabled=False, caller_id_rule=CallerIdRule.FIXED, caller_id="+15550100199",
        limits=LIMITS, media=MediaMode.DIRECT,
    )  # fmt: skip


def trunk(name="chicago", account=ATLANTA):
    return Trunk(0, account.id, name, (TrunkTarget("sip:192.0.2.10"),), created_at=NOW)


def furnished_trunk():
    return Trunk(
        id=0, account_id=ATLANTA.id, name="Denver-2",
        targets=(TrunkTarget("sip:192.0.2.10:5060", 1, 3), TrunkTarget("sips:[2001:db8::1];transport=tcp", 2, 1)),
        prefixes=("+1", "+49"), allowed_ips=("192.0.2.10/32", "2001:db8::/48"),
        digest=OutboundDigest("ours", 'Carrier "Realm"', "a" * 32, "b" * 64, "c" * 64),
        limits=LIMITS, failover_codes=frozenset({480, 503}), priority=2, weight=7, media=MediaMode.DIRECT, plus=False,
        ring_timeout_s=25, enabled=False, created_at=NOW,
    )  # fmt: skip


def number(
    e164="+15550100199",
    kind=DestinationKind.DEVICE,
    value="alice@desk.0a1b2c.auth.example.net",
    account=ATLANTA,
):
    return Number(e164, account.id, Destination(kind, value), NOW)
