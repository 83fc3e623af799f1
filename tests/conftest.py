"""What all tests share: real data beside the project, and warehouses that are built once per session."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pytest

from orchestration.settings import PROJECT_ROOT

SHARED_DATA = PROJECT_ROOT.parent / "shared" / "data"
TRUTH = PROJECT_ROOT / "seeds" / "truth"
PII_KEY = "the same key for every run of a test session"


@dataclass(frozen=True)
class Outcome:
    """What a call of the command line left behind."""

    code: int
    stdout: str
    stderr: str
    home: Path

    @property
    def reason(self) -> str:
        """The last line on stderr."""
        return self.stderr.strip().splitlines()[-1] if self.stderr.strip() else ""

    def query(self, sql: str, *, published: bool = True) -> list[tuple]:  # type: ignore[type-arg]
        """Rows of a query over the published marts, or over the warehouse."""
        path = self.home / ("published/marts.duckdb" if published else "warehouse.duckdb")
        with duckdb.connect() as connection:
            # Under a name of its own: DuckDB names a catalog after its file, and `marts` is the schema's name too.
            connection.execute(f"attach '{path}' as funnelhouse (read_only)")
            connection.execute("use funnelhouse")
            return connection.execute(sql).fetchall()


def environment(home: Path, **more: str) -> dict[str, str]:
    """The variables of a run that depends on nothing of the machine's own configuration."""
    kept = {
        name: value for name, value in os.environ.items() if not name.startswith(("FUNNELHOUSE_", "DBT_", "DAGSTER_"))
    }
    return kept | {"FUNNELHOUSE_HOME": str(home), "FUNNELHOUSE_PII_KEY": PII_KEY, **more}


def command(*arguments: str) -> list[str]:
    """The command line as a list, run by this very interpreter."""
    return [sys.executable, "-c", "from orchestration.cli import main; main()", *arguments]


def funnelhouse(*arguments: str, home: Path, **variables: str) -> Outcome:
    """Call the command line as a user does, in a process of its own."""
    done = subprocess.run(
        command(*arguments),
        cwd=PROJECT_ROOT,
        env=environment(home, **variables),
        capture_output=True,
        text=True,
        timeout=600,
    )
    return Outcome(done.returncode, done.stdout, done.stderr, home)


Runner = Callable[..., Outcome]


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    """The demo company, run once with clear personal data, so that it can be compared with the truth."""
    outcome = funnelhouse("run", "--publish-pii", home=tmp_path_factory.mktemp("demo"))
    assert outcome.code == 0, outcome.stderr
    return outcome


def _shared(name: str) -> Path:
    folder = SHARED_DATA / name
    if not folder.exists():
        pytest.skip(f"needs the real data of ../shared/data/{name}, which is absent here")
    return folder


@pytest.fixture(scope="session")
def olist(tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    """A real B2B funnel of 8,000 leads, run once."""
    outcome = funnelhouse("run", "--extracts", str(_shared("olist")), home=tmp_path_factory.mktemp("olist"))
    assert outcome.code == 0, outcome.stderr
    return outcome


@pytest.fixture(scope="session")
def connectors(tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    """Small samples in the true shapes of connectors, run once."""
    outcome = funnelhouse(
        "run", "--extracts", str(_shared("connector_samples")), home=tmp_path_factory.mktemp("connectors")
    )
    assert outcome.code == 0, outcome.stderr
    return outcome
