"""Laws of the repository that no tool checks: imports, the environment, personal traces, size."""

from __future__ import annotations

import ast
import re
import subprocess
from pathlib import Path

from orchestration.settings import PROJECT_ROOT

PACKAGES = [PROJECT_ROOT / "orchestration", PROJECT_ROOT / "expectations"]


def python_files() -> list[Path]:
    return [path for package in PACKAGES for path in package.rglob("*.py")]


def imported_modules(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names.update(alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module.split(".")[0])
    return names


def test_logic_never_imports_dagster() -> None:
    wiring = PROJECT_ROOT / "orchestration" / "defs"
    wrong = [
        str(path.relative_to(PROJECT_ROOT))
        for path in python_files()
        if {"dagster", "dagster_dbt"} & imported_modules(path)
        and wiring not in path.parents
        and path.name != "definitions.py"
    ]
    assert wrong == []


def test_only_settings_reads_the_environment() -> None:
    reads = re.compile(r"os\.environ\b(?!\[)|os\.getenv|environ\.get")
    allowed = {"settings.py", "transformation.py"}  # transformation sets variables for dbt and restores them
    wrong = [
        str(path.relative_to(PROJECT_ROOT))
        for path in python_files()
        if path.name not in allowed and reads.search(path.read_text())
    ]
    assert wrong == []


def test_no_file_is_a_novel() -> None:
    long = {
        str(path.relative_to(PROJECT_ROOT)): lines
        for path in [*python_files(), *(PROJECT_ROOT / "dbt_project").rglob("*.sql")]
        if "target" not in path.parts and (lines := len(path.read_text().splitlines())) > 450
    }
    assert long == {}


def test_the_repository_speaks_of_nothing_but_itself() -> None:
    listed = subprocess.run(
        ["git", "ls-files"], cwd=PROJECT_ROOT, capture_output=True, text=True, check=True
    ).stdout.splitlines()
    traces = re.compile("|".join([r"/wor" + r"k/", r"/roo" + r"t/", r"files\.pythonhoste" + "d"]))
    wrong = []
    for name in listed:
        path = PROJECT_ROOT / name
        if name == "uv.lock" or path.suffix in {".parquet", ".gz", ".png"} or not path.is_file():
            continue
        if traces.search(path.read_text(errors="replace")):
            wrong.append(name)
    assert listed
    assert wrong == []
