"""Stripe in the shape of its connector: what becomes revenue equals a plain count over the files."""

from __future__ import annotations

import csv
from collections import defaultdict
from decimal import Decimal

from tests.conftest import SHARED_DATA, Outcome

STRIPE = SHARED_DATA / "connector_samples" / "stripe"


def rows_of(table: str) -> list[dict[str, str]]:
    with (STRIPE / f"{table}.csv").open(newline="") as stream:
        return list(csv.DictReader(stream))


def is_live(row: dict[str, str]) -> bool:
    return row.get("livemode", "").upper() != "FALSE" and row.get("is_deleted", "").upper() != "TRUE"


def test_invoices_and_credit_notes_equal_a_plain_count(connectors: Outcome) -> None:
    expected: dict[tuple[str, bool], list[Decimal]] = defaultdict(list)
    for row in filter(is_live, rows_of("invoice")):
        expected[row["currency"].upper(), False].append(Decimal(row["total"]) - Decimal(row["tax"] or 0))
    for row in filter(is_live, rows_of("credit_note")):
        expected[row["currency"].upper(), True].append(Decimal(row["discount_amount"]) - Decimal(row["subtotal"]))
    assert {currency for currency, _ in expected} == {"USD"}  # two decimals
    found = connectors.query(
        "select currency, status = 'issued', count(*), sum(amount) from intermediate.int_invoices_converted"
        " where source_system = 'stripe' group by all",
        published=False,
    )
    assert {(c, note): (count, total) for c, note, count, total in found} == {
        key: (len(amounts), sum(amounts) / 100) for key, amounts in expected.items()
    }


def test_test_mode_is_left_out(connectors: Outcome) -> None:
    test_mode = [row["id"] for table in ("invoice", "credit_note") for row in rows_of(table) if not is_live(row)]
    assert test_mode
    converted = connectors.query("select invoice_id from intermediate.int_invoices_converted", published=False)
    assert not {identifier for (identifier,) in converted} & {f"stripe:{identifier}" for identifier in test_mode}


def test_subscription_items_have_their_price_per_month_or_year(connectors: Outcome) -> None:
    live = {row["id"] for row in rows_of("subscription") if is_live(row)}
    prices = {row["id"]: (row["recurring_interval"], row["unit_amount"]) for row in rows_of("price")}
    prices |= {row["id"]: (row["interval"], row["amount"]) for row in rows_of("plan") if row["interval_count"] == "1"}
    expected = {}
    for item in rows_of("subscription_item"):
        if item["subscription_id"] in live:
            interval, cents = prices[item["plan_id"]]
            expected[item["id"]] = (interval, Decimal(cents) * int(item["quantity"]) / 100)
    assert expected
    unioned = connectors.query(
        "select subscription_id, billing_interval, amount from intermediate.int_subscriptions_unioned"
        " where source_system = 'stripe'",
        published=False,
    )
    assert {identifier: (interval, amount) for identifier, interval, amount in unioned} == {
        f"stripe:{identifier}": price for identifier, price in expected.items()
    }
