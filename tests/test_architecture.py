"""The rules of the house, read off the source: direction, size, names, and what an import costs."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
SOURCE = ROOT / "src" / "crossover"
MODULES = sorted(SOURCE.rglob("*.py"))
# left to right: a module imports only from its own room and from rooms to its left
ROOMS = [
    {"scores"},
    {"canonical"},
    {"types", "errors"},
    {"alone", "child", "interrupts"},
    {"registry"},
    {"data"},
    {"models"},
    {"engine"},
    {"prompts"},
    {"tuning"},
    {"strategies"},
    {"metrics"},
    {"evaluation"},
    {"importing"},
    {"decision"},
    {"study"},
    {"report", "serve"},
    {"publish"},
    {"api", "studio"},
    {"cli", "testing"},
    {"__init__", "__main__"},
]
PLUGIN_ROOMS = {"models", "strategies", "metrics"}
SHARED = {"base", "batches", "open", "start", "embedding", "kernels", "light", "scoring", "serving", "template"}


def room_of(module: str) -> str:
    return module.split(".")[0]


def rank(room: str) -> int:
    return next(i for i, rooms in enumerate(ROOMS) if room in rooms)


def name_of(path: Path) -> str:
    parts = list(path.relative_to(SOURCE).with_suffix("").parts)
    return ".".join(parts[:-1] if parts[-1] == "__init__" and len(parts) > 1 else parts)


def imports(tree: ast.AST) -> list[tuple[str, ast.stmt]]:
    """Our own modules that are imported, without the leading `crossover.`."""
    found: list[tuple[str, ast.stmt]] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found += [(a.name.removeprefix("crossover."), node) for a in node.names if a.name.startswith("crossover")]
        elif isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "crossover":
            if node.module == "crossover":
                found += [(alias.name, node) for alias in node.names]
            else:
                found.append((str(node.module).removeprefix("crossover."), node))
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
    return found


@dataclass(frozen=True)
class Read:
    """Of a module: what it imports of ours, and what inside functions; its docstring."""

    imports: list[tuple[str, ast.stmt]]
    inside: list[tuple[str, ast.stmt]]
    document: str | None


@cache
def read(path: Path) -> Read:
    """Each is parsed once for all rules."""
    tree = ast.parse(path.read_text())
    functions = [node for node in ast.walk(tree) if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda))]
    return Read(imports(tree), [one for function in functions for one in imports(function)], ast.get_docstring(tree))


def test_a_module_imports_only_to_its_left() -> None:
    for path in MODULES:
        here = name_of(path)
        for module, node in read(path).imports:
            if here in ("__init__",):
                continue
            there, own = room_of(module), room_of(here)
            assert there == own or rank(there) < rank(own), f"{here} line {node.lineno} imports {module}"


def test_no_plugin_imports_a_sibling() -> None:
    for path in MODULES:
        here = name_of(path).split(".")
        if here[0] not in PLUGIN_ROOMS or len(here) < 2:
            continue
        for module, node in read(path).imports:
            parts = module.split(".")
            if parts[0] != here[0] or len(parts) < 2:
                continue
            shared = parts[1] in SHARED or parts[1].startswith("_")
            assert shared or parts[1] == here[1], f"{'.'.join(here)} line {node.lineno} imports its sibling {module}"


def test_tuning_knows_of_models_only_what_they_promise() -> None:
    tuning = [path for path in MODULES if name_of(path).startswith("tuning")]
    assert tuning
    for path in tuning:
        for module, node in read(path).imports:
            assert room_of(module) != "models" or module in ("models.base", "models.kernels"), (
                f"{name_of(path)} line {node.lineno}: {module}"
            )


def private(name: str) -> bool:
    return name.startswith("_") and not name.startswith("__")


def test_what_another_room_uses_is_public() -> None:
    for path in MODULES:
        here = name_of(path)
        for module, node in read(path).imports:
            names = [alias.name for alias in node.names] if isinstance(node, ast.ImportFrom) else []
            inner = any(map(private, module.split(".")))
            assert room_of(module) == room_of(here) or not inner, f"{here} line {node.lineno} imports {module}"
            assert not any(map(private, names)) or module in names, f"{here} line {node.lineno}: {names} of {module}"


@pytest.mark.parametrize("name", ["Memory", "Row", "Limits", "Candidate", "Task", "Journal"])
def test_a_noun_of_the_domain_names_one_thing(name: str) -> None:
    homes = [name_of(path) for path in MODULES if re.search(rf"^class {name}\b", path.read_text(), re.MULTILINE)]
    assert len(homes) == 1, f"{name} is {' and '.join(homes)}"


def test_our_own_code_is_imported_at_the_top_of_a_module() -> None:
    for path in MODULES:
        inner = read(path).inside
        assert not inner, f"{name_of(path)} line {inner[0][1].lineno} imports {inner[0][0]} inside a function"


def test_a_module_has_a_purpose_a_good_name_and_at_most_400_lines() -> None:
    for path in MODULES:
        text = path.read_text()
        assert text.count("\n") <= 400, f"{name_of(path)} has {text.count(chr(10))} lines"
        assert path.stem not in ("utils", "util", "common", "helpers", "misc"), name_of(path)
        if text.strip():
            assert read(path).document, f"{name_of(path)} says not what it is for"


@pytest.mark.parametrize("code", ["import crossover", "from crossover.cli.main import app", "import crossover.registry"])
def test_an_import_loads_nothing_heavy(code: str) -> None:
    heavy = [
        "torch",
        "transformers",
        "peft",
        "sklearn",
        "scipy",
        "numpy",
        "pyarrow",
        "matplotlib",
        "sqlalchemy",
        "pydantic",
    ]
    check = f"{code}; import sys; print([m for m in {heavy!r} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", check], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_help_loads_nothing_heavy() -> None:
    code = (
        "import sys\nfrom crossover.cli.main import app\n"
        "try: app(['--help'])\nexcept SystemExit: pass\n"
        "print([m for m in ('torch', 'transformers', 'pydantic', 'sqlalchemy', 'numpy') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip().endswith("[]")
    for command in ("init", "advise", "run", "show", "report", "predict", "serve", "studio", "export", "import", "list"):
        assert command in done.stdout


def test_every_public_name_is_there() -> None:
    import crossover

    for name in crossover.__all__:
        assert getattr(crossover, name) is not None
    with pytest.raises(AttributeError):
        _ = crossover.nothing_like_this


def test_every_error_is_drawn_in_the_tree() -> None:
    import crossover.errors as errors

    tree = errors.__doc__ or ""
    for name, thing in vars(errors).items():
        if isinstance(thing, type) and issubclass(thing, Exception):
            assert name in tree
