"""The header of a delimited text is found by the contract's names, wherever it begins."""

from __future__ import annotations

import pytest

from orchestration.ingestion.contracts import Column, Table
from orchestration.ingestion.currencies import currency_of, without_currency
from orchestration.ingestion.dialect import Dialect, find_dialect
from orchestration.ingestion.formats import UnreadableFile

TABLE = Table(
    source="ads",
    name="days",
    identifier="ads__days",
    load_mode="append",
    key=("id",),
    window=(),
    updated_at=None,
    columns=(
        Column("id", "varchar", required=True, aliases=("Campaign",)),
        Column("spend", "double", aliases=("Amount spent",)),
        Column("currency", "varchar", from_header=True),
    ),
)


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_the_delimiter_is_the_one_under_which_the_names_stand(delimiter: str, newline: str) -> None:
    head = f"id{delimiter}spend{newline}1,2{delimiter}3;4{newline}"
    assert find_dialect(head, TABLE) == Dialect(delimiter, ("id", "spend"))


def test_lines_before_the_header_are_counted() -> None:
    head = 'Campaign report\n"a, b"\n\nCampaign;"Amount\nspent (EUR)"\n1;2\n'
    found = find_dialect(head, TABLE)
    assert found.preamble == ("Campaign report", '"a, b"', "")
    assert found.header_start == head.index("Campaign;")
    assert (found.headers, found.header_lines) == (("Campaign", "Amount\nspent (EUR)"), 2)


def test_a_title_with_one_known_name_gives_way_to_a_header_with_two() -> None:
    assert find_dialect("Campaign\nid,spend\n1,2\n", TABLE).preamble == ("Campaign",)
    assert find_dialect("id\n1\n2\n", TABLE).preamble == ()


def test_a_header_that_comes_too_late_is_none() -> None:
    with pytest.raises(UnreadableFile, match="required column missing: id"):
        find_dialect("note\n" * 60 + "id,spend\n", TABLE)


@pytest.mark.parametrize(
    ("header", "currency", "bare"),
    [
        ("Amount spent (EGP)", "EGP", "Amount spent"),
        ("Co\u00fbt (\u20ac)", "EUR", "Co\u00fbt"),
        ("Spend [usd]", "USD", "Spend"),
        ("Spend ($)", None, "Spend ($)"),
        ("Clicks (all)", None, "Clicks (all)"),
        ("Date (UTC)", None, "Date (UTC)"),
        ("Leads (MQL)", None, "Leads (MQL)"),
        ("EUR", None, "EUR"),
    ],
)
def test_a_currency_is_an_iso_code_or_a_sign_of_one_currency(header: str, currency: str | None, bare: str) -> None:
    assert (currency_of(header), without_currency(header)) == (currency, bare)
