#!/usr/bin/env python3
"""Any bytes parse or raise the declared error: runs the targets over their corpus, then over mutations of it.

    fuzz/parse.py                                    the corpus, and a few thousand mutations from a fixed seed
    fuzz/parse.py --seconds 600 --seed 7             mutations for ten minutes
    fuzz/parse.py --target message --atheris         coverage-guided (pip install 'trunkline[fuzz]'); what follows
                                                     -- goes to libFuzzer, as in: -- -max_total_time=600

An input that breaks the invariant is written to ``fuzz/corpus/<target>`` under its digest, so that it stays a test.
"""

from __future__ import annotations

import argparse
import hashlib
import random
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

SLOWEST_S = 2.0
"""No input of a datagram's size may take longer: an input that does is a way to stop the server."""


def corpus_of(target: str) -> list[bytes]:
    """Its own files; the messages of the conformance tests serve the message and stream targets as well."""
    folders = [HERE / "corpus" / target]
    if target in {"message", "stream"}:
        folders.append(HERE.parent / "tests" / "conformance" / "messages")
    return [path.read_bytes() for folder in folders for path in sorted(folder.iterdir()) if path.is_file()]


def run_one(target: str, check: Callable[[bytes], None], data: bytes) -> bool:
    """Whether the invariant holds for this input; one for which it does not is kept and told."""
    started = time.perf_counter()
    try:
        check(data)
        taken = time.perf_counter() - started
        if taken < SLOWEST_S:
            return True
        sys.stderr.write(f"{target}: {taken:.1f} s\n")
    except Exception:  # noqa: BLE001 - any exception that gets here is the finding
        traceback.print_exc()
    path = HERE / "corpus" / target / f"found-{hashlib.sha256(data).hexdigest()[:16]}"
    path.write_bytes(data)
    sys.stderr.write(f"{target}: broken by {path}\n")
    return False


def run(target: str, check: Callable[[bytes], None], arguments: argparse.Namespace) -> bool:
    """The corpus and its mutations; False when anything was found."""
    from mutation import mutate  # noqa: PLC0415 - beside this file, not a package

    corpus = corpus_of(target)
    generator = random.Random(f"{target}-{arguments.seed}")
    found = sum(not run_one(target, check, data) for data in corpus)
    executions = len(corpus)
    deadline = time.monotonic() + arguments.seconds
    while (executions < arguments.mutations or time.monotonic() < deadline) and found < 10:
        found += not run_one(target, check, mutate(generator, corpus))
        executions += 1
    print(f"{target}: {executions} executions, {found} found")
    return found == 0


def run_atheris(target: str, options: list[str]) -> None:
    """Hand over to atheris, which does not come back."""
    import atheris  # noqa: PLC0415 - an extra

    with atheris.instrument_imports(include=["trunkline"]):
        from targets import TARGETS  # noqa: PLC0415 - instrumented on import
    found = HERE.parent / "build" / "fuzz" / target
    found.mkdir(parents=True, exist_ok=True)
    folders = [str(found), str(HERE / "corpus" / target)]
    atheris.Setup([sys.argv[0], f"-artifact_prefix={found}/", *options, *folders], TARGETS[target])
    atheris.Fuzz()


def main() -> int:
    """Read the command line and run; 1 when anything was found."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--target", choices=["message", "stream", "sdp", "authorization"], help="one only")
    parser.add_argument(
        "--mutations", type=int, default=4000, help="executions of each target (default 4000)"
    )
    parser.add_argument("--seconds", type=float, default=0, help="go on for this long with each target")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--atheris", action="store_true", help="coverage-guided; needs --target")
    parser.add_argument("options", nargs="*", help="libFuzzer's, behind --")
    arguments = parser.parse_args()
    if arguments.atheris:
        run_atheris(arguments.target or "message", arguments.options)
    from targets import TARGETS  # noqa: PLC0415 - beside this file, not a package

    chosen = [arguments.target] if arguments.target else list(TARGETS)
    results = [run(target, TARGETS[target], arguments) for target in chosen]
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
