"""Salesforce's contract reads the headers of connectors and of the vendor's own reports, in English and French."""

from __future__ import annotations

import pytest

from orchestration.ingestion.contracts import load_contracts
from orchestration.ingestion.headers import map_headers
from orchestration.settings import PROJECT_ROOT

CONTRACTS = load_contracts(PROJECT_ROOT / "dbt_project")

LEAD = [
    "id",
    "first_name",
    "last_name",
    "email",
    "company",
    "status",
    "is_converted",
    "created_date",
    "system_modstamp",
]
OPPORTUNITY = ["id", "name", "stage_name", "amount", "currency_iso_code", "close_date", "probability", "is_won"]


@pytest.mark.parametrize(
    ("table", "columns", "headers"),
    [
        ("lead", LEAD, LEAD),
        # Stitch and Singer.
        ("lead", LEAD, [name.replace("_", "") for name in LEAD]),
        # Airbyte, and Data Loader.
        ("lead", LEAD, [name.title().replace("_", "") for name in LEAD]),
        (
            "lead",
            LEAD,
            [
                "Lead ID",
                "First Name",
                "Last Name",
                "Email",
                "Company / Account",
                "Lead Status",
                "Converted",
                "Create Date",
                "Last Modified",
            ],
        ),
        (
            "lead",
            LEAD,
            [
                "ID de la piste",
                "Prénom",
                "Nom",
                "Adresse e-mail",
                "Société / Compte",
                "Statut de la piste",
                "Converti",
                "Date de création",
                "Date de dernière modification",
            ],
        ),
        ("opportunity", OPPORTUNITY, [name.title().replace("_", "") for name in OPPORTUNITY]),
        (
            "opportunity",
            OPPORTUNITY,
            [
                "Opportunity ID",
                "Opportunity Name",
                "Stage",
                "Amount",
                "Amount Currency",
                "Close Date",
                "Probability (%)",
                "Won",
            ],
        ),
        (
            "opportunity",
            OPPORTUNITY,
            [
                "ID de l'opportunité",
                "Nom de l'opportunité",
                "Étape",
                "Montant",
                "Montant Devise",
                "Date de clôture",
                "Probabilité (%)",
                "Gagnée",
            ],
        ),
        (
            "lead_history",
            ["lead_id", "field", "old_value", "new_value", "created_date"],
            ["leadid", "field", "oldvalue__st", "newvalue__st", "createddate"],
        ),
        (
            "lead_history",
            ["lead_id", "field", "old_value", "new_value", "created_date"],
            ["Lead ID", "Field / Event", "Old Value", "New Value", "Edit Date"],
        ),
        (
            "opportunity_contact_role",
            ["opportunity_id", "contact_id", "is_primary"],
            ["OpportunityId", "ContactId", "IsPrimary"],
        ),
        (
            "task",
            ["id", "who_id", "task_subtype", "is_closed", "completed_date_time"],
            ["Id", "WhoId", "TaskSubtype", "IsClosed", "CompletedDateTime"],
        ),
    ],
)
def test_headers_find_their_columns(table: str, columns: list[str], headers: list[str]) -> None:
    mapping = map_headers(headers, CONTRACTS["salesforce", table])
    assert {name: headers[place] for name, place in mapping.columns.items()} == dict(zip(columns, headers, strict=True))
    assert mapping.missing == () and mapping.unknown == {}
