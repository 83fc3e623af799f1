"""What the demo company spends and plans beside its advertising.

Belongs here: costs, budgets and targets, scaled to the company's size. Does not belong here: ad spend
(`ads.py`), revenue (`money.py`).
"""

from __future__ import annotations

from datetime import date

import numpy as np
import pyarrow as pa

from orchestration.demo.draws import Draws
from orchestration.demo.timeline import FIRST_MONTH, LAST_MONTH
from orchestration.demo.writer import Writer


def write_company_money(writer: Writer, draws: Draws, scale: float) -> None:
    """Write costs, budgets and targets: the company's own tables, scaled to its size."""
    months = range(FIRST_MONTH, LAST_MONTH + 1)
    rows: list[tuple[date, str, str, str | None, str | None, float, str]] = []
    for place, month in enumerate(months):
        first = np.datetime64(month, "M").astype(date)
        # Before 2025 there was the small team of the company that was bought.
        team = 0.4 if first.year < 2025 else 1.0 + 0.02 * (place - 6)
        noise = draws.uniform(4)
        rows.append((first.replace(day=28), "salaries", "marketing", None, None, 15_800 * team, "EUR"))
        rows.append((first.replace(day=28), "salaries", "sales", None, None, 21_400 * team, "EUR"))
        rows.append((first.replace(day=3), "tools", "marketing", None, None, 1_450 * team + 90 * noise[0], "EUR"))
        rows.append((first.replace(day=5), "tools", "sales", None, None, 890 * team + 60 * noise[1], "USD"))
        if first.year == 2025:
            rows.append(
                (
                    first.replace(day=15),
                    "agency",
                    "marketing",
                    "paid_search",
                    None,
                    1_900 + 400 * noise[2],
                    "EUR",
                )
            )
            rows.append((first.replace(day=20), "agency", "marketing", None, None, 1_300 + 300 * noise[3], "EUR"))
    for day, code, amount in (
        (date(2025, 3, 3), "EV-2025-03", 11_800.0),
        (date(2025, 5, 6), "EV-2025-05", 7_400.0),
        (date(2025, 9, 2), "EV-2025-09", 9_900.0),
        (date(2025, 11, 3), "EV-2025-11", 8_600.0),
    ):
        rows.append((day, "events", "marketing", "event", code, amount, "EUR"))
    rows.sort(key=lambda row: row[0])
    names = ("date", "category", "department", "channel", "campaign_id", "amount", "currency")
    columns = {name: [row[place] for row in rows] for place, name in enumerate(names)}
    columns["amount"] = [round(row[5] * scale * 100) for row in rows]
    table = pa.table(
        columns,
        schema=pa.schema(
            [
                ("date", pa.date32()),
                ("category", pa.string()),
                ("department", pa.string()),
                ("channel", pa.string()),
                ("campaign_id", pa.string()),
                ("amount", pa.int64()),
                ("currency", pa.string()),
            ]
        ),
    )
    writer.write(
        "costs",
        "costs",
        "select * replace (cast(amount / 100 as decimal(18, 2)) as amount) from rows",
        once=True,
        rows=table,
    )

    plans = {
        "paid_search": 9_300,
        "paid_social": 8_000,
        "display": 950,
        "paid_video": 900,
        "cross_network": 3_300,
        "event": 3_200,
    }
    starts = [date(2025, month, 1) for month in range(1, 13)]
    budget = [
        (start, channel, round(amount * scale * (0.9 + 0.02 * start.month)))
        for start in starts
        for channel, amount in plans.items()
    ]
    writer.write(
        "budgets",
        "budgets",
        "select month, channel, cast(amount as decimal(18, 2)) as amount, 'EUR' as currency from rows",
        once=True,
        rows=pa.table(
            {name: [row[place] for row in budget] for place, name in enumerate(("month", "channel", "amount"))}
        ),
    )
    goals = {"leads": 245, "mqls": 110, "opportunities": 30, "customers": 12, "mrr_new": 10_500}
    target = [
        (start, metric, float(round(value * scale * (0.85 + 0.03 * start.month))))
        for start in starts
        for metric, value in goals.items()
    ]
    writer.write(
        "targets",
        "targets",
        "select month, metric, cast(null as varchar) as channel, value from rows",
        once=True,
        rows=pa.table(
            {name: [row[place] for row in target] for place, name in enumerate(("month", "metric", "value"))}
        ),
    )
