#!/usr/bin/env python3
"""Compiles the hot modules into a scratch tree, ``build/compiled/src``, and leaves ``src`` as it is.

Put that folder on PYTHONPATH to run compiled code; another one than ``build/compiled`` can be given as argument.
Nothing is done when the sources have not changed.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SCRATCH = Path(sys.argv[1]).resolve() if sys.argv[1:] else ROOT / "build" / "compiled"
STAMP = SCRATCH / "fingerprint"


def fingerprint() -> str:
    """A digest of everything that decides what the compiled tree looks like."""
    digest = hashlib.sha256(sys.version.encode())
    sources = sorted((ROOT / "src" / "trunkline").rglob("*.py"))
    for path in [*sources, ROOT / "setup.py", ROOT / "pyproject.toml"]:
        digest.update(f"{path.relative_to(ROOT)}\0".encode() + path.read_bytes())
    return digest.hexdigest()


def compile_hot_modules() -> None:
    """Copy the package and let setup.py build the extension modules beside their sources."""
    shutil.rmtree(SCRATCH, ignore_errors=True)
    SCRATCH.mkdir(parents=True)
    ignored = shutil.ignore_patterns("__pycache__", "*.so", "*.egg-info")
    shutil.copytree(ROOT / "src", SCRATCH / "src", ignore=ignored)
    for name in ("setup.py", "pyproject.toml", "README.md", "LICENSE"):
        shutil.copy2(ROOT / name, SCRATCH / name)
    environment = {**os.environ, "TRUNKLINE_COMPILE": "1", "MYPYPATH": str(SCRATCH / "src")}
    command = [sys.executable, "setup.py", "--quiet", "build_ext", "--inplace"]
    building = subprocess.Popen(command, cwd=SCRATCH, env=environment, process_group=0)
    try:
        status = building.wait()
    except BaseException:  # whoever stops us stops the C compiler, too
        os.killpg(building.pid, signal.SIGTERM)
        raise
    if status != 0:
        raise SystemExit(f"{SCRATCH}: compiling failed")


def main() -> int:
    """Compile when needed; say which."""
    signal.signal(signal.SIGTERM, lambda _signal, _frame: sys.exit(1))
    wanted = fingerprint()
    if STAMP.exists() and STAMP.read_text() == wanted:
        print(f"{SCRATCH}: up to date")
        return 0
    compile_hot_modules()
    built = sorted((SCRATCH / "src").rglob("*.so"))
    if not built:
        print("Nothing was compiled.", file=sys.stderr)
        return 1
    STAMP.write_text(wanted)
    print(f"{SCRATCH}: {len(built)} extension modules")
    return 0


if __name__ == "__main__":
    sys.exit(main())
