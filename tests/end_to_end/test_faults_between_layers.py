"""A fault planted between two layers: exactly its check fails, the next layer is not built, nothing is published."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from orchestration.defs.run import run_in_process
from orchestration.demo.generate import generate
from orchestration.pipeline import ChecksFailed, Observer, RunSummary
from orchestration.settings import Settings
from orchestration.warehouse import connect

# layer -> (fault, the check that must fail, the layers that may have been built by dbt)
FAULTS = {
    "raw": (
        "update raw.hubspot__contact set id = null where id = (select min(id) from raw.hubspot__contact)",
        ("raw.hubspot__contact", "id_is_filled"),
        [],
    ),
    "staging": (
        "update raw.crm__opportunities set is_won = true, is_closed = false "
        "where id = (select min(id) from raw.crm__opportunities)",
        ("staging.stg_crm__opportunities", "won_is_closed"),
        ["staging"],
    ),
    "marts": (
        "update marts.fct_attribution_credits set credit_linear = 0.9 where conversion_id = "
        "(select min(conversion_id) from marts.fct_attribution_credits where path_length = 1)",
        ("marts.fct_attribution_credits", "credits_sum_to_1"),
        ["staging", "marts"],
    ),
}


class Saboteur(Observer):
    """Runs one statement after a layer was built and before it is checked."""

    def __init__(self, settings: Settings, layer: str, fault: str) -> None:
        self.settings, self.layer, self.fault, self.rows = settings, layer, fault, 0

    def after(self, layer: str) -> None:
        if layer == self.layer:
            with connect(self.settings) as connection:
                self.rows = connection.execute(self.fault).fetchall()[0][0]


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A small company, published once without a fault."""
    folder = tmp_path_factory.mktemp("faults")
    generate(folder / "company", scale=0.05)
    settings = Settings(extracts=str(folder / "company" / "extracts"), home=folder / "home", pii_key="k")
    summary = run_in_process(settings, Observer())
    assert summary.error is None
    assert summary.release is not None
    return settings


def sabotaged(published: Settings, home: Path, layer: str) -> tuple[RunSummary, Saboteur]:
    shutil.copytree(published.home, home, symlinks=True)
    settings = replace(published, home=home)
    saboteur = Saboteur(settings, layer, FAULTS[layer][0])
    return run_in_process(settings, saboteur), saboteur


@pytest.mark.parametrize("layer", FAULTS)
def test_a_fault_fails_its_check_and_stops_the_next_layer(published: Settings, tmp_path: Path, layer: str) -> None:
    _, check, built = FAULTS[layer]
    summary, saboteur = sabotaged(published, tmp_path / "home", layer)

    assert saboteur.rows == 1
    assert isinstance(summary.error, ChecksFailed), summary.error
    failed = [
        (result.asset, result.expectation)
        for results in summary.checks.values()
        for result in results
        if not result.success and result.severity == "critical"
    ]
    assert failed == [check]
    assert list(summary.built) == built
    assert summary.release is None

    before = (published.home / "published" / "manifest.json").read_text()
    assert (tmp_path / "home" / "published" / "manifest.json").read_text() == before
    assert json.loads(before)["marts"]

    if layer == "marts":  # the next run mends the fault, and publishes what had failed
        again = run_in_process(replace(published, home=tmp_path / "home"), Observer())
        assert again.release is not None
        with connect(replace(published, home=tmp_path / "home")) as connection:
            assert connection.execute(
                "select asset, expectation from marts.rpt_data_quality where severity = 'critical' and not success"
            ).fetchall() == [check]
