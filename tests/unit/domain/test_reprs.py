"""Nothing that prints a noun prints a hash: what is as good as a password stays out of logs and tracebacks."""

from __future__ import annotations

from fakes.device import credential_of
from trunkline.domain.credential import secret_of_password
from trunkline.domain.trunk import OutboundDigest, Trunk


def test_no_representation_shows_a_hash() -> None:
    secret = secret_of_password("alice", "atlanta.example", "secret", 0.0)
    credential = credential_of("alice", secrets=(secret,))
    digest = OutboundDigest("us", "carrier.example", "5" * 32, "6" * 64, "7" * 64)
    trunk = Trunk(1, 1, "chicago", (), digest=digest)
    shown = f"{credential!r} {credential} {secret!r} {trunk!r} {trunk}"
    for pair in (secret.md5, secret.sha256, secret.sha512_256):
        assert pair is not None
        assert pair.hash1 not in shown
        assert pair.hash1b not in shown
    for hash_text in ("5" * 32, "6" * 64, "7" * 64):
        assert hash_text not in shown
    assert "alice" in shown
    assert "carrier.example" in shown
