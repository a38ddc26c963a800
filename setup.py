"""Compiles the hot modules with mypyc when ``TRUNKLINE_COMPILE=1``; everything else stands in pyproject.toml.

The list of modules is ``[tool.trunkline] compiled`` there. Without a C compiler, or without the variable, the
package is built as plain Python: the same source, only slower.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import sys
import sysconfig
import tomllib
from pathlib import Path

from setuptools import Extension, setup

ROOT = Path(__file__).parent
COMPILE = os.environ.get("TRUNKLINE_COMPILE") == "1"
HAS_MYPYC = importlib.util.find_spec("mypyc") is not None


def compiled_modules() -> list[str]:
    """The files to compile, relative to this folder; package ``__init__`` files stay interpreted."""
    patterns = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["trunkline"]["compiled"]
    files = {path for pattern in patterns for path in (ROOT / "src" / "trunkline").glob(pattern)}
    return sorted(str(path.relative_to(ROOT)) for path in files if path.name != "__init__.py")


def has_compiler() -> bool:
    """Whether C can be compiled against this Python."""
    compiler = os.environ.get("CC") or sysconfig.get_config_var("CC") or "cc"
    header = Path(sysconfig.get_path("include")) / "Python.h"
    return shutil.which(compiler.split()[0]) is not None and header.exists()


def extensions() -> list[Extension]:
    """What mypyc makes of the hot modules; nothing when compiling was not asked for or is not possible."""
    if not COMPILE:
        return []
    if not has_compiler():
        sys.stderr.write("No C compiler (or no Python.h): building Trunkline without compiled modules.\n")
        return []
    if not HAS_MYPYC:  # a front end that only asks what it must install first
        return []
    from mypyc.build import mypycify  # noqa: PLC0415 - needed only when compiling

    level = os.environ.get("TRUNKLINE_OPTIMISE", "3")
    modules: list[Extension] = mypycify(
        ["--config-file=pyproject.toml", *compiled_modules()], opt_level=level
    )
    return modules


setup(
    ext_modules=extensions(),
    setup_requires=["mypy[mypyc]>=1.11"] if COMPILE and not HAS_MYPYC else [],
)
