"""What mypyc compiles wrongly must not stand in the sources that are compiled."""

import ast
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PATTERNS = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["trunkline"]["compiled"]
SOURCES = sorted({path for pattern in PATTERNS for path in (ROOT / "src" / "trunkline").glob(pattern)})


def _reused_names(function: ast.FunctionDef) -> set[str]:
    """Names that two ``except ... as name`` clauses of one function bind."""
    names = [each.name for each in ast.walk(function) if isinstance(each, ast.ExceptHandler) and each.name]
    return {name for name in names if names.count(name) > 1}


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_function_binds_one_name_in_two_except_clauses(path):
    """The second clause would raise a TypeError: mypyc gives the name the type of the first."""
    functions = [each for each in ast.walk(ast.parse(path.read_text())) if isinstance(each, ast.FunctionDef)]
    assert {each.name: _reused_names(each) for each in functions if _reused_names(each)} == {}


def test_the_patterns_name_sources():
    assert all(list((ROOT / "src" / "trunkline").glob(pattern)) for pattern in PATTERNS)
