"""CRM samples in the true shapes of connectors: people, opportunities, won amounts equal plain counts over the files.

The counts are made here, with the standard library's CSV reader and by the vendors' own columns, so that they share
nothing with the product but the files.
"""

from __future__ import annotations

import csv
import shutil
from collections.abc import Callable, Iterable
from decimal import Decimal
from pathlib import Path

import pytest

from tests.conftest import SHARED_DATA, Outcome, funnelhouse

Row = dict[str, str]
Counted = Callable[..., tuple[int, int, Decimal]]


SAMPLES = SHARED_DATA / "connector_samples"


def rows(file: str, folder: Path = SAMPLES) -> list[Row]:
    with (folder / file).open(encoding="utf-8-sig", newline="") as stream:
        return list(csv.DictReader(stream))


def write(file: Path, changed: list[Row]) -> None:
    with file.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, fieldnames=list(changed[0]))
        writer.writeheader()
        writer.writerows(changed)


def is_true(value: str | None) -> bool:
    return (value or "").lower() == "true"


def is_current(row: Row) -> bool:
    """Not deleted and, where the connector keeps versions, the current one."""
    deleted = is_true(row.get("is_deleted")) or is_true(row.get("_fivetran_deleted"))
    return not deleted and row.get("_fivetran_active", "true").lower() in ("true", "")


def groups(records: Iterable[str], links: Iterable[tuple[str, str]]) -> int:
    """How many groups of linked names hold at least one of the records."""
    leader: dict[str, str] = {}

    def find(name: str) -> str:
        leader.setdefault(name, name)
        while leader[name] != name:
            name = leader[name]
        return name

    for one, other in links:
        leader[find(one)] = find(other)
    return len({find(record) for record in records})


def addresses(row: Row, record: str, column: str) -> list[tuple[str, str]]:
    address = (row.get(column) or "").strip().lower()
    return [(record, f"email {address}")] if "@" in address else []


def salesforce_people() -> tuple[int, int]:
    """Records and people among Salesforce's leads and contacts."""
    people = [row for row in rows("salesforce/lead.csv") + rows("salesforce/contact.csv") if is_current(row)]
    links = [link for row in people for link in addresses(row, row["id"], "email")]
    links += [(row["id"], row["converted_contact_id"]) for row in people if row.get("converted_contact_id")]
    return len(people), groups((row["id"] for row in people), links)


def hubspot_people() -> tuple[int, int]:
    """Records and people among HubSpot's contacts."""
    people = [row for row in rows("hubspot/contact.csv") if is_current(row)]
    links = [link for row in people for link in addresses(row, row["id"], "property_email")]
    links += [
        (row["id"], merged.strip())
        for row in people
        for merged in row["property_hs_merged_object_ids"].split(";")
        if merged.strip()
    ]
    links += [(row["canonical_vid"], row["vid_to_merge"]) for row in rows("hubspot/contact_merge_audit.csv")]
    return len(people), groups((row["id"] for row in people), links)


def total(amounts: Iterable[str]) -> Decimal:
    return sum((Decimal(amount) for amount in amounts if amount), Decimal(0))


def salesforce_opportunities(folder: Path = SAMPLES) -> tuple[int, int, Decimal]:
    """Opportunities, won ones among them, and what those are worth."""
    current = [row for row in rows("salesforce/opportunity.csv", folder) if is_current(row)]
    won = [row for row in current if is_true(row["is_won"])]
    return len(current), len(won), total(row["amount"] for row in won)


def hubspot_opportunities(folder: Path = SAMPLES) -> tuple[int, int, Decimal]:
    """Deals, won ones among them, and what those are worth."""
    winning = {row["stage_id"] for row in rows("hubspot/deal_pipeline_stage.csv", folder) if is_true(row["closed_won"])}
    current = [row for row in rows("hubspot/deal.csv", folder) if is_current(row)]
    won = [row for row in current if row["deal_pipeline_stage_id"] in winning]
    return len(current), len(won), total(row["property_amount"] for row in won)


@pytest.mark.parametrize(("crm", "counted"), [("salesforce", salesforce_people), ("hubspot", hubspot_people)])
def test_people_equal_a_plain_count(connectors: Outcome, crm: str, counted: Callable[[], tuple[int, int]]) -> None:
    assert connectors.query(
        "select count(*), count(distinct person_number) from intermediate.int_person_records"
        f" where source_system = '{crm}'",
        published=False,
    ) == [counted()]
    [(published,)] = connectors.query(
        f"select count(*) from marts.dim_people where crm_records > 0 and list_contains(source_systems, '{crm}')"
    )
    assert published == counted()[1] > 0


@pytest.mark.parametrize(
    ("crm", "counted"), [("salesforce", salesforce_opportunities), ("hubspot", hubspot_opportunities)]
)
def test_opportunities_and_won_amounts_equal_a_plain_count(connectors: Outcome, crm: str, counted: Counted) -> None:
    assert connectors.query(
        "select count(*), count(*) filter (is_won), coalesce(sum(amount) filter (is_won), 0)"
        f" from marts.fct_opportunities where source_system = '{crm}'"
    ) == [counted()]


def test_deleted_opportunities_are_loaded_before_they_are_left_out(connectors: Outcome) -> None:
    """All Salesforce opportunities of the sample are deleted: what they won is in the warehouse, not in the marts."""
    every = rows("salesforce/opportunity.csv")
    won = [row for row in every if is_true(row["is_won"])]
    expected = len(every), len(won), total(row["amount"] for row in won)
    assert expected[2] > 0
    assert connectors.query(
        "select count(*), count(*) filter (is_won), sum(amount) filter (is_won) from raw.salesforce__opportunity",
        published=False,
    ) == [expected]


@pytest.mark.parametrize("crm", ["salesforce", "hubspot"])
def test_no_record_is_lost(connectors: Outcome, crm: str) -> None:
    """All rows of every file that a contract knows are in the warehouse."""
    loaded = connectors.query(
        "select file, rows_in_file, rows_loaded, rows_quarantined + rows_duplicate, table_name"
        f" from marts.rpt_loaded_files where source = '{crm}' and status <> 'ignored'"
    )
    assert len(loaded) >= 8
    for file, in_file, kept, lost, table in loaded:
        expected = len(rows(file))
        assert (file, in_file, kept, lost) == (file, expected, expected, 0)
        assert connectors.query(f"select count(*) from raw.{crm}__{table}", published=False) == [(expected,)]


@pytest.fixture(scope="module")
def won(tmp_path_factory: pytest.TempPathFactory, connectors: Outcome) -> tuple[Outcome, Path]:
    """The CRM samples with wins in them: Salesforce's opportunities undeleted, HubSpot's deals staged and priced."""
    folder = tmp_path_factory.mktemp("won_extracts")
    for crm in ("salesforce", "hubspot"):
        shutil.copytree(SAMPLES / crm, folder / crm, copy_function=shutil.copyfile)
    write(
        folder / "salesforce/opportunity.csv",
        [row | {"is_deleted": "false"} for row in rows("salesforce/opportunity.csv")],
    )
    stages = [row["stage_id"] for row in rows("hubspot/deal_pipeline_stage.csv")]
    write(
        folder / "hubspot/deal.csv",
        [
            row | {"deal_pipeline_stage_id": stages[place % len(stages)], "property_amount": f"{place * 7}.25"}
            for place, row in enumerate(rows("hubspot/deal.csv"))
        ],
    )
    outcome = funnelhouse("run", "--extracts", str(folder), home=tmp_path_factory.mktemp("won"))
    assert outcome.code == 0, outcome.stderr
    return outcome, folder


@pytest.mark.slow
@pytest.mark.parametrize(
    ("crm", "counted"), [("salesforce", salesforce_opportunities), ("hubspot", hubspot_opportunities)]
)
def test_what_is_won_equals_a_plain_count(won: tuple[Outcome, Path], crm: str, counted: Counted) -> None:
    outcome, folder = won
    expected = counted(folder)
    assert expected[1] > 0 and expected[2] > 0
    assert outcome.query(
        "select count(*), count(*) filter (is_won), coalesce(sum(amount) filter (is_won), 0)"
        f" from marts.fct_opportunities where source_system = '{crm}'"
    ) == [expected]
