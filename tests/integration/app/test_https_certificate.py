"""A renewed certificate of HTTPS is shown without a restart."""

from __future__ import annotations

import shutil
import ssl
import subprocess
from pathlib import Path

import pytest

from fakes.clock import FakeClock
from trunkline.app.https_certificate import HttpsCertificate


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with three certificates and their keys."""
    folder = tmp_path_factory.mktemp("certificates")
    for name in ("old", "new", "other"):
        subprocess.run(
            [
                "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                "-days", "2", "-subj", f"/CN={name}", "-addext", "subjectAltName=DNS:trunkline.example",
                "-out", str(folder / f"{name}.crt"), "-keyout", str(folder / f"{name}.key"),
            ],
            check=True, capture_output=True,
        )  # fmt: skip
    return folder


class Place:
    """The two files that a server is told of."""

    def __init__(self, folder: Path, made: Path) -> None:
        self.certificate, self.key = folder / "http.crt", folder / "http.key"
        self.made = made
        self.clock = FakeClock()
        self.write("old", "old")

    def write(self, certificate: str, key: str) -> None:
        """Put others in their place, as certbot does."""
        for name, target in ((f"{certificate}.crt", self.certificate), (f"{key}.key", self.key)):
            fresh = target.with_suffix(".fresh")
            shutil.copy(self.made / name, fresh)
            fresh.replace(target)

    def load(self) -> HttpsCertificate:
        return HttpsCertificate(str(self.certificate), str(self.key), self.clock.now)

    def trust(self) -> ssl.SSLContext:
        trust = ssl.create_default_context()
        for name in ("old", "new", "other"):
            trust.load_verify_locations(self.made / f"{name}.crt")
        return trust


@pytest.fixture
def place(tmp_path: Path, made: Path) -> Place:
    return Place(tmp_path, made)


class Connected:
    """Both ends of a TLS connection."""

    def __init__(self, held: HttpsCertificate, trust: ssl.SSLContext, name: str | None, session=None) -> None:
        up, down = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.server = held.context.wrap_bio(up, down, server_side=True)
        self.client = trust.wrap_bio(down, up, server_hostname=name, session=session)
        waiting = [self.client.do_handshake, self.server.do_handshake]
        for _ in range(10):
            waiting = [step for step in waiting if not self._is_done(step)]
        assert not waiting

    @staticmethod
    def _is_done(step) -> bool:
        try:
            step()
        except ssl.SSLWantReadError:
            return False
        return True

    def exchange(self) -> bool:
        self.client.write(b"ping")
        self.server.write(self.server.read(4))
        return self.client.read(4) == b"ping"

    def subject(self) -> str:
        [[(_kind, name)]] = self.client.getpeercert()["subject"]
        return name


def shown(held: HttpsCertificate, place: Place, name: str | None = "trunkline.example") -> str:
    trust = place.trust()
    trust.check_hostname = name is not None
    return Connected(held, trust, name).subject()


@pytest.mark.parametrize("name", ["trunkline.example", None])
def test_a_renewed_certificate_is_shown_to_whoever_connects_next(place: Place, name: str | None) -> None:
    held = place.load()
    assert shown(held, place, name) == "old"
    place.write("new", "new")
    place.clock.advance(1.5)
    assert shown(held, place, name) == "new"
    assert shown(held, place, name) == "new"


def test_connections_that_exist_go_on(place: Place) -> None:
    held = place.load()
    still = Connected(held, place.trust(), "trunkline.example")
    place.write("new", "new")
    place.clock.advance(1.5)
    assert shown(held, place) == "new"
    assert still.exchange()


def test_the_files_are_not_looked_at_for_each_of_many_connections(place: Place) -> None:
    held = place.load()
    place.write("new", "new")
    assert shown(held, place) == "old"


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_a_client_that_comes_again_is_let_in(place: Place, version: ssl.TLSVersion) -> None:
    held, trust = place.load(), place.trust()
    trust.maximum_version = version
    first = Connected(held, trust, "trunkline.example")
    assert first.exchange()
    place.write("new", "new")
    place.clock.advance(1.5)
    assert shown(held, place) == "new"
    assert Connected(held, trust, "trunkline.example", first.client.session).exchange()


def test_a_certificate_without_its_key_leaves_the_old_one_until_the_key_is_there(place: Place) -> None:
    held = place.load()
    place.write("new", "other")
    place.clock.advance(1.5)
    assert shown(held, place) == "old"
    place.certificate.write_text("rubbish")
    place.clock.advance(1.5)
    assert shown(held, place) == "old"
    place.write("other", "other")
    place.clock.advance(1.5)
    assert shown(held, place) == "other"


def test_files_that_cannot_be_used_are_refused_at_the_start(place: Place) -> None:
    place.write("new", "other")
    with pytest.raises(OSError, match=r"(?i)mismatch"):
        place.load()


def test_a_key_with_a_passphrase_is_refused_and_nobody_is_asked_for_it(place: Place) -> None:
    subprocess.run(
        ["openssl", "pkey", "-in", place.made / "old.key", "-aes256", "-passout", "pass:x", "-out", place.key],
        check=True, capture_output=True,
    )  # fmt: skip
    with pytest.raises(OSError, match=r"(?i)ssl|passphrase|password|decrypt"):
        place.load()
