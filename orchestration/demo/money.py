"""The demo's money: subscriptions, invoices, satisfaction, and the truth of
wins, MRR and LTV.

Belongs here: what follows from won opportunities,
Does not belong here: advertising
(`ads.py`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import pyarrow as pa
from currency_converter import CurrencyConverter

from orchestration.demo.crm import CURRENCIES
from orchestration.demo.draws import Draws, Integers
from orchestration.demo.lifecycle import Lifecycle
from orchestration.demo.people import Accounts, People
from orchestration.demo.timeline import (
    DAY,
    END,
    FIRST_MONTH,
    HOUR,
    LAST_MONTH,
    NEVER,
    add_months,
    local_month,
    month_end,
    office_times,
    to_local,
)
from orchestration.demo.writer import Writer, stamps, texts

_INTERVALS = ["month", "year"]


@dataclass
class Revenue:
    """A block's truth about money. Amounts are cents of the native currency (`currency`: position in
    `CURRENCIES`).

    `wins` holds won new-business opportunities; `invoices` and `mrr` have one row per invoice, and per
    account and month.
    """

    wins: pa.Table
    invoices: pa.Table
    mrr: pa.Table


def write_money(
    writer: Writer, draws: Draws, accounts: Accounts, people: People, lifecycle: Lifecycle, block: int
) -> Revenue:
    """Write subscriptions, invoices and survey responses of a block."""
    deals = lifecycle.opportunities
    won = np.flatnonzero(deals.is_won)
    new = won[~deals.is_expansion[won]]
    grown = won[deals.is_expansion[won]]
    subscriptions = _plan_subscriptions(
        draws, deals.amount, deals.closed_at, deals.person, lifecycle.churned_at, new, grown
    )
    deal = subscriptions["deal"]
    person = deals.person[deal]
    keys = _account_keys(accounts, people, person)
    count = len(deal)
    rows = pa.table(
        {
            "place": np.arange(count),
            **keys,
            "email": people.email.take(pa.array(person)),
            "started_at": stamps(subscriptions["start"]),
            "ended_at": stamps(subscriptions["end"]),
            "amount": subscriptions["amount"],
            "interval": texts(subscriptions["yearly"].astype(np.int64), _INTERVALS),
            "currency": texts(deals.currency[deal], CURRENCIES),
        }
    )
    writer.write(
        "billing",
        "subscriptions",
        f"""select
            'SUB{block}-' || printf('%06d', place) as subscription_id,
            account_key(is_legacy, account) as account_id,
            email,
            started_at,
            ended_at,
            cast(amount / 100 as decimal(18, 2)) as amount,
            interval,
            currency,
            coalesce(ended_at, started_at) as updated_at
        from rows where started_at is not null""",
        block=block,
        rows=rows,
    )
    invoices = _plan_invoices(draws, subscriptions, new, deals.closed_at)
    deal = invoices["deal"]
    person = deals.person[deal]
    table = pa.table(
        {
            "place": np.arange(len(deal)),
            **_account_keys(accounts, people, person),
            "email": people.email.take(pa.array(person)),
            "invoiced_at": stamps(invoices["at"]),
            "period_start": _dates(invoices["at"]),
            "period_end": _dates(invoices["until"] - DAY),
            "amount": invoices["amount"],
            "currency": texts(deals.currency[deal], CURRENCIES),
            "is_recurring": invoices["is_recurring"],
            "is_open": invoices["at"] > END - 25 * DAY,
            "month": local_month(invoices["at"]),
            "day": to_local(invoices["at"]) // DAY,
            "currency_code": deals.currency[deal],
        }
    )
    writer.write(
        "billing",
        "invoices",
        f"""select
            'INV{block}-' || printf('%07d', place) as invoice_id,
            account_key(is_legacy, account) as account_id,
            email,
            invoiced_at,
            cast(amount / 100 as decimal(18, 2)) as amount,
            currency,
            case when is_recurring then period_start end as period_start,
            case when is_recurring then period_end end as period_end,
            is_recurring,
            case when is_open then 'open' else 'paid' end as status
        from rows""",
        block=block,
        rows=table,
    )
    _write_surveys(writer, draws, people, deals.person[new], deals.closed_at[new], block)
    return Revenue(
        _wins(writer, accounts, people, lifecycle, new),
        _true_invoices(writer, table),
        _true_mrr(writer, rows, subscriptions),
    )


def _account_keys(accounts: Accounts, people: People, person: Integers) -> dict[str, pa.Array]:
    account = people.account[person]
    return {"account": accounts.number[account], "is_legacy": accounts.is_legacy[account]}


def _dates(times: Integers) -> pa.Array:
    return pa.array((to_local(times) // DAY).astype("datetime64[D]"))


def _plan_subscriptions(
    draws: Draws,
    amount: Integers,
    closed: Integers,
    person: Integers,
    churned: Integers,
    new: Integers,
    grown: Integers,
) -> dict[str, np.ndarray]:
    """Each first win starts a subscription, each expansion another one beside it; some shrink or end."""
    count = len(new)
    start = office_times(draws, closed[new] + draws.whole(count, 1, 12) * DAY)
    start = np.where(start < END - HOUR, np.maximum(start, closed[new] + HOUR), NEVER)
    yearly = draws.chance(count, 0.42)
    monthly_price = np.round(amount[new] / 12).astype(np.int64) * 100
    # A year paid at once costs a tenth less; a multiple of twelve keeps the MRR in whole cents.
    price = np.where(yearly, np.round(monthly_price * 0.9 / 100).astype(np.int64) * 100 * 12, monthly_price)
    months = 4 + draws.geometric(count, 38.0)
    leaves = add_months(np.where(start < NEVER, start, END), 0)
    for step in range(4, 20):
        leaves = np.where(months == step, add_months(np.where(start < NEVER, start, END), step), leaves)
    ends = np.where(~yearly & (months < 20), leaves, NEVER)
    ends = np.where(churned[person[new]] < END, np.maximum(churned[person[new]], start + DAY), ends)
    ends = np.where((start < NEVER) & (ends < END), ends, NEVER)

    shrinks = ~yearly & (ends >= NEVER) & draws.chance(count, 0.08)
    cut = np.where(shrinks, add_months(np.where(start < NEVER, start, END), 4), NEVER)
    cut = np.where(cut < END, cut, NEVER)
    ends = np.minimum(ends, cut)
    small = np.flatnonzero(cut < END)

    extra = office_times(draws, closed[grown] + 3 * DAY)
    extra_price = np.round(amount[grown] / 12).astype(np.int64) * 100
    place = np.full(len(closed), -1, dtype=np.int64)
    place[new] = np.arange(count)
    by_person = np.full(int(person.max()) + 1 if len(person) else 0, -1, dtype=np.int64)
    by_person[person[new]] = np.arange(count)
    main = by_person[person[grown]]
    final = np.where(cut[main] < END, NEVER, ends[main]) if len(grown) else np.zeros(0, dtype=np.int64)
    extra = np.where((extra < END - HOUR) & (extra < final - DAY), extra, NEVER)
    return {
        "deal": np.concatenate([new, new[small], grown]),
        "start": np.concatenate([start, cut[small], extra]),
        "end": np.concatenate([ends, np.full(len(small), NEVER), final]),
        "amount": np.concatenate([price, np.round(price[small] * 0.7 / 100).astype(np.int64) * 100, extra_price]),
        "yearly": np.concatenate([yearly, np.zeros(len(small) + len(grown), dtype=bool)]),
    }


def _plan_invoices(
    draws: Draws, subscriptions: dict[str, np.ndarray], new: Integers, closed: Integers
) -> dict[str, np.ndarray]:
    """An invoice at the start of each paid interval, and for some customers one for the set-up."""
    parts: dict[str, list[np.ndarray]] = {"deal": [], "at": [], "until": [], "amount": [], "is_recurring": []}

    def add(deal: Integers, at: Integers, until: Integers, amount: Integers, recurring: bool) -> None:
        for name, values in zip(parts, (deal, at, until, amount, np.full(len(deal), recurring)), strict=True):
            parts[name].append(values)

    started = subscriptions["start"] < END
    start = np.where(started, subscriptions["start"], END)
    for step in range(LAST_MONTH - FIRST_MONTH + 1):
        at = add_months(start, step)
        due = started & (at < np.minimum(subscriptions["end"], END)) & (~subscriptions["yearly"] | (step % 12 == 0))
        until = np.where(subscriptions["yearly"], add_months(start, step + 12), add_months(start, step + 1))
        add(subscriptions["deal"][due], at[due], until[due], subscriptions["amount"][due], True)
    has_setup = draws.chance(len(new), 0.3)
    setup_at = closed[new] + 2 * HOUR
    fee = draws.whole(len(new), 6, 25) * 10_000
    chosen = has_setup & (setup_at < END)
    add(new[chosen], setup_at[chosen], setup_at[chosen] + DAY, fee[chosen], False)
    joined = {name: np.concatenate(values) for name, values in parts.items()}
    order = np.lexsort((joined["deal"], joined["at"]))
    return {name: values[order] for name, values in joined.items()}


def _wins(writer: Writer, accounts: Accounts, people: People, lifecycle: Lifecycle, new: Integers) -> pa.Table:
    deals = lifecycle.opportunities
    person = deals.person[new]
    rows = pa.table(
        {
            **_account_keys(accounts, people, person),
            "truth_person_id": people.number[person],
            "number": deals.number[new],
            "won_at": stamps(deals.closed_at[new]),
            "month": local_month(deals.closed_at[new]),
            "amount": deals.amount[new],
            "currency": texts(deals.currency[new], CURRENCIES),
        }
    )
    return _query(
        writer,
        """select
            account_key(is_legacy, account) as account_id,
            truth_person_id,
            case when is_legacy then 'crm' else 'hubspot' end as source_system,
            case when is_legacy then legacy_deal(number) else cast(hubspot_deal(number) as varchar) end
                as opportunity_id,
            won_at,
            cast(amount as decimal(18, 2)) as amount,
            currency,
            month
        from rows""",
        rows,
    )


def _true_invoices(writer: Writer, rows: pa.Table) -> pa.Table:
    return _query(
        writer,
        """select account_key(is_legacy, account) as account_id, month, day, amount, currency_code,
            is_recurring
        from rows""",
        rows,
    )


def _true_mrr(writer: Writer, rows: pa.Table, subscriptions: dict[str, np.ndarray]) -> pa.Table:
    """MRR at the end of each month: a year's price by twelve."""
    monthly = np.where(subscriptions["yearly"], subscriptions["amount"] // 12, subscriptions["amount"])
    place, month = [], []
    for number in range(FIRST_MONTH, LAST_MONTH + 1):
        until = month_end(number)
        active = np.flatnonzero(
            (subscriptions["start"] < until) & (subscriptions["end"] >= until) & (subscriptions["start"] < END)
        )
        place.append(active)
        month.append(np.full(len(active), number))
    chosen = np.concatenate(place)
    table = rows.select(["account", "is_legacy", "currency"]).take(pa.array(chosen))
    table = table.append_column("month", pa.array(np.concatenate(month))).append_column(
        "cents", pa.array(monthly[chosen])
    )
    return _query(
        writer,
        """select
            account_key(is_legacy, account) as account_id,
            make_date(1970 + month // 12, month % 12 + 1, 1) as month_start,
            currency,
            cast(sum(cents) / 100 as decimal(18, 2)) as mrr
        from rows
        group by all
        order by account_id, month_start""",
        table,
    )


def _query(writer: Writer, sql: str, rows: pa.Table) -> pa.Table:
    writer.engine.register("rows", rows)
    found = writer.engine.execute(sql).to_arrow_table()
    writer.engine.unregister("rows")
    return found


def _write_surveys(writer: Writer, draws: Draws, people: People, person: Integers, won: Integers, block: int) -> None:
    at = office_times(draws, won + draws.whole(len(person), 45, 120) * DAY)
    kept = draws.chance(len(person), 0.6) & (at < END)
    score = np.clip(np.round(8.1 + 1.7 * draws.normal(len(person))), 0, 10)
    writer.write(
        "surveys",
        "responses",
        f"""select 'R{block}-' || printf('%05d', place) as id, email, 'nps' as survey, score,
            happened_at as responded_at from rows""",
        block=block,
        rows=pa.table(
            {
                "place": np.arange(int(kept.sum())),
                "email": people.email.take(pa.array(person[kept])),
                "score": score[kept],
                "happened_at": stamps(at[kept]),
            }
        ),
    )


def rates_to_eur() -> tuple[int, np.ndarray]:
    """ECB rates, units of currency for 1 EUR, by day and position in `CURRENCIES`; a day without a rate
    has the one before it.

    Returns the first day (days since 1970) and an array of shape (days, currencies).
    """
    converter = CurrencyConverter(fallback_on_missing_rate=True, fallback_on_missing_rate_method="last_known")
    first, last = date(2024, 7, 1), date(2026, 1, 1)
    days = [first + timedelta(days=number) for number in range((last - first).days + 1)]
    rates = [[1.0 if code == "EUR" else converter.convert(1, "EUR", code, day) for code in CURRENCIES] for day in days]
    return (first - date(1970, 1, 1)).days, np.array(rates)
