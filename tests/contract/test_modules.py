"""What every module of the product has: a docstring that says what must never change in it.

That every public name has a docstring is checked by ruff's D rules.
"""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
MODULES = sorted(
    path.relative_to(ROOT).as_posix()
    for package in ("runtime", "ioregui")
    for path in (ROOT / package).rglob("*.py")
    if path.name != "__init__.py"
)


@pytest.mark.parametrize("module", MODULES)
def test_names_its_invariant(module: str) -> None:
    docstring = ast.get_docstring(ast.parse((ROOT / module).read_text())) or ""
    assert "Invariant:" in docstring, f"{module}: expected an 'Invariant:' line in its docstring"


@pytest.mark.parametrize("package", ["runtime", "ioregui"])
def test_package_imports_nothing(package: str) -> None:
    tree = ast.parse((ROOT / package / "__init__.py").read_text())
    imports = [node for node in ast.walk(tree) if isinstance(node, ast.Import | ast.ImportFrom)]
    assert not imports, f"{package}/__init__.py: expected no import, found {len(imports)}"
