"""The rules of import-linter in pyproject.toml name every package, and domain packages start without Dagster."""

import os
import re
import subprocess
import sys
import tomllib
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

PROJECT = Path(__file__).resolve().parents[1]
UNWANTED = ("dagster", "resources", "pandas", "great_expectations", "lightgbm", "statsforecast")


def contract(name: str) -> dict[str, Any]:
    """A contract of import-linter by its id."""
    contracts = tomllib.loads((PROJECT / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"]["contracts"]
    return next(each for each in contracts if each["id"] == name)


def layers() -> list[list[str]]:
    """Packages by layer, the highest first."""
    return [re.split(r" [|:] ", layer) for layer in contract("layers")["layers"]]


def test_every_package_is_in_exactly_one_layer() -> None:
    children = {
        f"bakery_assets.{path.stem}"
        for path in (PROJECT / "bakery_assets").iterdir()
        if path.stem != "__init__" and (path.suffix == ".py" or (path / "__init__.py").exists())
    }
    named = Counter(name for layer in layers() for name in layer)
    assert set(named) == children | {"resources", "sensors", "schedules"}, "name it in pyproject.toml's contracts"
    assert [name for name, times in named.items() if times > 1] == []


def test_every_package_below_the_database_is_held_to_be_a_pure_domain() -> None:
    below = layers()[layers().index(["resources"]) + 1 :]
    domain = {name for layer in below for name in layer} - {"bakery_assets.settings"}
    assert set(contract("pure-domain")["source_modules"]) == domain


def loaded_by(program: str) -> set[str]:
    """Unwanted modules that a new process has loaded after ``program``."""
    return reported_by(program, f"import sys\nprint('LOADED', *(name for name in {UNWANTED!r} if name in sys.modules))")


def reported_by(program: str, report: str) -> set[str]:
    """What ``report`` prints last, less its first word, in a new process after ``program``."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    done = subprocess.run(
        [sys.executable, "-c", f"{program}\n{report}"],
        cwd=PROJECT, env=environment, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return set(done.stdout.splitlines()[-1].split()[1:])


def test_domain_packages_are_imported_without_dagster_and_the_database() -> None:
    domain = contract("pure-domain")["source_modules"]
    assert loaded_by("\n".join(f"import {name}" for name in domain)) == set()


def test_a_domain_test_is_collected_without_dagster_and_the_database() -> None:
    collect = (
        "import pytest\n"
        "assert pytest.main(['--collect-only', '-qq', '-p', 'no:cacheprovider', 'tests/production']) == 0"
    )
    assert loaded_by(collect) == set()


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="threads are listed in /proc, which only Linux has")
def test_no_thread_of_polars_runs_once_the_tests_for_mutants_are_collected() -> None:
    """Mutants are forked from a process that has collected the tests; a fork of running threads waits for ever.

    A wait that is ended by its time limit counts as a mutant that was found, so that results would be wrong in silence.
    """
    selection = tomllib.loads((PROJECT / "pyproject.toml").read_text("utf-8"))["tool"]["mutmut"]
    folders = selection["pytest_add_cli_args_test_selection"]
    collect = (
        "import pytest\n"
        f"assert pytest.main(['--collect-only', '-qq', '-p', 'no:cacheprovider', '-p', 'no:xdist', *{folders!r}]) == 0"
    )
    report = (
        "from pathlib import Path\n"
        "names = [path.read_text().strip() for path in Path('/proc/self/task').glob('*/comm')]\n"
        "print('RUNNING', *(name for name in names if name.removeprefix('polars-').isdigit()))"
    )
    assert reported_by(collect, report) == set()
