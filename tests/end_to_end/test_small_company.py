"""A company with one ad platform and one CRM runs the same code: what it lacks is empty, and the rest is right."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from orchestration.settings import PROJECT_ROOT
from tests.conftest import Outcome, funnelhouse

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    """The demo company's Google Ads and HubSpot, and nothing else."""
    folder = tmp_path_factory.mktemp("small")
    for source in ("google_ads", "hubspot"):
        shutil.copytree(PROJECT_ROOT / "seeds" / "extracts" / source, folder / "extracts" / source)
    return funnelhouse("run", "--extracts", str(folder / "extracts"), home=folder / "home")


def test_it_runs_and_publishes(small: Outcome) -> None:
    assert small.code == 0, small.stderr
    assert Path(small.home, "published", "marts.duckdb").exists()
    assert small.query("select what from marts.rpt_reconciliation where not is_reconciled") == []
    failed = "select asset, expectation from marts.rpt_data_quality where not success and severity = 'critical'"
    assert small.query(failed) == []


def test_what_it_has_is_as_in_the_whole_company(small: Outcome, demo: Outcome) -> None:
    spend = (
        "select date_day, campaign_id, ad_group_id, spend, clicks from marts.fct_ad_spend"
        " where source_system = 'google_ads' order by all"
    )
    assert small.query(spend) == demo.query(spend)
    assert len(small.query(spend)) > 1000
    won = (
        "select opportunity_id, amount, closed_at from marts.fct_opportunities"
        " where source_system = 'hubspot' and is_won order by all"
    )
    assert small.query(won) == demo.query(won)
    assert len(small.query(won)) > 10


def test_what_it_lacks_is_empty_and_costs_nothing_else(small: Outcome) -> None:
    """Without a web tool no lead has a touch: its credit is unattributed, and no conversion is lost."""
    # Nobody told its revenue: LTV is unknown, not zero.
    assert small.query("select count(ltv_observed), count(cumulative_revenue) from marts.rpt_ltv_cohorts") == [(0, 0)]
    assert small.query("select count(*) from marts.fct_touches") == [(0,)]
    [(conversions, credited)] = small.query(
        "select (select count(*) from marts.fct_conversions),"
        " (select count(distinct conversion_id) from marts.fct_attribution_credits)"
    )
    assert conversions == credited > 1000
    [(leads, people)] = small.query(
        "select (select sum(leads) from marts.rpt_funnel_cohorts where period_grain = 'month'),"
        " (select count(*) from marts.fct_lead_lifecycles)"
    )
    assert leads == people > 1000
