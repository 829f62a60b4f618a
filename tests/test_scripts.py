"""Every script outside the package: what it imports of ours exists, and it can be imported where its peers are."""

from __future__ import annotations

import ast
import importlib
import importlib.util
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
OURS = ("crossover", "benchmarks", "reference", "training", "tests")
FOLDERS = ("benchmarks", "reference", "training", "examples", "docs", "tests")
SCRIPTS = sorted(
    path
    for folder in FOLDERS
    for path in (ROOT / folder).rglob("*.py")
    if "package" not in path.parts and not any(part.startswith(".") for part in path.relative_to(ROOT).parts)
)


def name_of(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def foreign(tree: ast.AST) -> set[str]:
    """The top-level modules of others that are imported."""
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add(str(node.module).split(".")[0])
    return found - set(OURS)


def there(module: str, name: str) -> bool:
    found = importlib.import_module(module)
    return hasattr(found, name) or (hasattr(found, "__path__") and importlib.util.find_spec(f"{module}.{name}") is not None)


def test_all_that_a_script_imports_of_ours_exists() -> None:
    """Also what is imported inside functions, and by scripts that cannot be imported here."""
    for path in SCRIPTS:
        here = name_of(path)
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                for alias in node.names:
                    if alias.name.split(".")[0] in OURS:
                        assert importlib.util.find_spec(alias.name), f"{here} line {node.lineno}: there is no {alias.name}"
            elif isinstance(node, ast.ImportFrom) and str(node.module).split(".")[0] in OURS:
                for alias in node.names:
                    assert there(str(node.module), alias.name), (
                        f"{here} line {node.lineno}: {node.module} has no {alias.name}"
                    )


@pytest.mark.parametrize("path", [p for p in SCRIPTS if p.relative_to(ROOT).parts[0] != "tests"], ids=name_of)
def test_a_script_can_be_imported(path: Path) -> None:
    """Where everything that it takes from others is installed; a peer's side runs in an environment of its own."""
    missing = sorted(m for m in foreign(ast.parse(path.read_text(encoding="utf-8"))) if importlib.util.find_spec(m) is None)
    if missing:
        assert path.stem.endswith("_side"), f"{', '.join(missing)} is not installed, which only a peer's side may lack"
        return
    importlib.import_module(name_of(path))
