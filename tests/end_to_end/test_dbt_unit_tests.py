"""dbt's own unit tests, run against the warehouse of the demo company (they read the types of its tables)."""

from __future__ import annotations

from orchestration.settings import Settings
from orchestration.transformation import run_dbt
from tests.conftest import PII_KEY, Outcome


def test_all_dbt_unit_tests_pass(demo: Outcome) -> None:
    settings = Settings(extracts="unused", home=demo.home, pii_key=PII_KEY)
    run = run_dbt(settings, "test", select="test_type:unit")
    assert [(result.name, result.message) for result in run.results if not result.succeeded] == []
    assert len(run.results) >= 30
    assert run.success
