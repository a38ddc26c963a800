"""The acceptance kit, where it lies beside the repository: its scripts, run against a server of ours."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from interop.conftest import NUMBER, PASSWORD, REALM
from live_server import CHICAGO, LiveServer

KIT = Path(__file__).parents[3] / "shared" / "acceptance"

pytestmark = pytest.mark.skipif(
    not KIT.is_dir(), reason="the acceptance kit does not lie beside the repository"
)

NEEDS = {
    "a_register": ("sipsak", "sipp"),
    "b_baresip": ("baresip",),
    "h_carrier": ("sipp",),
    "i_malformed": (),
}
LIMIT_S = 400


@pytest.mark.parametrize(
    "script", [pytest.param(name, marks=pytest.mark.needs(*programs)) for name, programs in NEEDS.items()]
)
def test_every_check_of_the_kit_passes(server: LiveServer, tmp_path: Path, script: str) -> None:
    kit = tmp_path / "acceptance"
    shutil.copytree(KIT, kit, ignore=shutil.ignore_patterns(".venv"))
    data = KIT.parent / "acceptance-data"
    if data.is_dir():
        (tmp_path / "acceptance-data").symlink_to(data)
    address = server.network.address
    environment = {
        **os.environ, "SIP_SERVER": f"{server.host}:{server.port}", "CARRIER": f"{address(CHICAGO)}:5060",
        "LOCAL_IP": address(10), "SIP_REALM": REALM, "SIP_NUMBER": NUMBER, "TMPDIR": str(tmp_path),
        "SIP_PASSWORD": PASSWORD, "SIP_PASSWORD2": PASSWORD, "SIP_PASSWORD3": PASSWORD,
    }  # fmt: skip
    done = subprocess.run(
        [sys.executable, str(kit / f"{script}.py")], capture_output=True, text=True, env=environment, cwd=tmp_path,
        timeout=LIMIT_S, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
    last = done.stdout.strip().splitlines()[-1]
    passed, _, of = last.split()[1].partition("/")
    assert passed == of
