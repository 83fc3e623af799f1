"""The demo's truth: what was planted, in small tidy tables beside the extracts, for tests to compare
results with.

Belongs here: gathering each block's plan and writing it. Does not belong here: reading the extracts back,
and anything that the
pipeline might read: the truth comes from the plan alone.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from orchestration.demo.ads import Spend
from orchestration.demo.lifecycle import BY_CREATION, BY_OPPORTUNITY, Lifecycle
from orchestration.demo.money import Revenue, rates_to_eur
from orchestration.demo.people import People
from orchestration.demo.stages import STAGES
from orchestration.demo.timeline import LAST_MONTH
from orchestration.demo.web import Touches
from orchestration.demo.writer import Writer, open_engine, stamps, texts

_SPEND = """
select date, source_system, account_id, currency, cast(micros / 1000000 as decimal(18, 6)) as spend
from spend_rows
order by source_system, account_id, date
"""

# Cumulative invoiced revenue in EUR per cohort; month 1 is the month of the account's first win, in Paris.
# Sums are decimal, so that they do not depend on the order of addition.
_LTV = f"""
with cohorts as (
    select account_id, min(month) as cohort from wins group by all
), sizes as (
    select cohort, count(*) as customers from cohorts group by all
), ages as (
    select cohort, customers, unnest(generate_series(1, {LAST_MONTH} - cohort + 1)) as months_since from sizes
), paid as (
    select
        cohort,
        month - cohort + 1 as months_since,
        sum(cast(euros as decimal(18, 8))) as euros,
        sum(cast(euros as decimal(18, 8))) filter (where is_recurring) as recurring
    from invoices inner join cohorts using (account_id)
    group by all
)
select
    make_date(1970 + cohort // 12, cast(cohort % 12 + 1 as integer), 1) as cohort_month,
    months_since,
    customers,
    cast(coalesce(sum(euros) over earlier, 0) as decimal(18, 4)) as cumulative_revenue,
    cast(coalesce(sum(recurring) over earlier, 0) as decimal(18, 4)) as cumulative_recurring_revenue
from ages left join paid using (cohort, months_since)
window earlier as (partition by cohort order by months_since)
order by cohort_month, months_since
"""

_REVENUE = """
select
    account_id,
    make_date(1970 + month // 12, cast(month % 12 + 1 as integer), 1) as month_start,
    ['EUR', 'USD', 'GBP'][currency_code + 1] as currency,
    cast(sum(amount) / 100 as decimal(18, 2)) as revenue,
    cast(sum(cast(euros as decimal(18, 8))) as decimal(18, 4)) as revenue_eur
from invoices
group by all
order by account_id, month_start
"""


@dataclass
class Truth:
    """Collects blocks and writes `<name>.csv`, or `.parquet` for a company of several blocks."""

    folder: Path
    file_format: str
    blocks: int
    mess: dict[str, int] = field(default_factory=dict)
    rows: dict[str, int] = field(default_factory=dict)
    _streams: dict[str, pq.ParquetWriter] = field(default_factory=dict)
    _wins: list[pa.Table] = field(default_factory=list)
    _invoices: list[pa.Table] = field(default_factory=list)

    def add_block(
        self, people: People, lifecycle: Lifecycle, records: pa.Table, touches: Touches, revenue: Revenue
    ) -> None:
        """Write one block's people, stages, first touches, wins and MRR."""
        entries = lifecycle.entries
        order = np.lexsort((entries.stage, entries.at, entries.cycle, entries.person))
        proofs = np.select([entries.proof == BY_CREATION, entries.proof == BY_OPPORTUNITY], [1, 2], 0)
        self._add(
            "stage_history",
            pa.table(
                {
                    "truth_person_id": people.number[entries.person[order]],
                    "cycle_number": entries.cycle[order],
                    "stage": texts(entries.stage[order], list(STAGES)),
                    "entered_at": stamps(entries.at[order]),
                    "is_first_in_cycle": pa.array(entries.is_first[order]),
                    "proof": texts(proofs[order], ["history", "created_at", "opportunity"]),
                }
            ),
        )
        self._add("people", records)
        order = np.argsort(touches.person, kind="stable")
        self._add(
            "first_touches",
            pa.table(
                {
                    "truth_person_id": people.number[touches.person[order]],
                    "channel": texts(touches.channel[order], list(touches.channels)),
                    "touched_at": stamps(touches.at[order]),
                }
            ),
        )
        self._add("wins", revenue.wins.drop_columns(["month"]))
        self._add("mrr", revenue.mrr)
        self._wins.append(revenue.wins.select(["account_id", "month"]))
        self._invoices.append(revenue.invoices)
        for name, count in (lifecycle.mess | touches.mess).items():
            self.mess[name] = self.mess.get(name, 0) + count

    def finish(self, writer: Writer, spend: Spend) -> None:
        """Write what concerns the whole company: spend, LTV by cohort, revenue, and the planted mess."""
        first_day, rates = rates_to_eur()
        invoices = pa.concat_tables(self._invoices)
        day = invoices.column("day").to_numpy()
        currency = invoices.column("currency_code").to_numpy()
        euros = invoices.column("amount").to_numpy() / 100 / rates[day - first_day, currency]
        engine = writer.engine
        engine.register("spend_rows", spend.table())
        engine.register("invoices", invoices.append_column("euros", pa.array(euros)))
        engine.register("wins", pa.concat_tables(self._wins))
        for name, sql in (("spend", _SPEND), ("ltv", _LTV), ("revenue", _REVENUE)):
            self._write(name, engine.execute(sql).to_arrow_table())
        for name in ("spend_rows", "invoices", "wins"):
            engine.unregister(name)
        self._write("mess", pa.table({"what": list(self.mess), "planted": list(self.mess.values())}))
        for stream in self._streams.values():
            stream.close()

    def _add(self, name: str, rows: pa.Table) -> None:
        """One block of a table: the only one as a whole file, several as row groups of one Parquet file."""
        if self.blocks == 1:
            self._write(name, rows)
            return
        # Each block has a dictionary of its own; one file has one type.
        types = [f.type.value_type if pa.types.is_dictionary(f.type) else f.type for f in rows.schema]
        plain = rows.cast(pa.schema(list(zip(rows.column_names, types, strict=True))))
        if name not in self._streams:
            self.folder.mkdir(parents=True, exist_ok=True)
            self._streams[name] = pq.ParquetWriter(self.folder / f"{name}.parquet", plain.schema, compression="zstd")
        self._streams[name].write_table(plain)
        self.rows[name] = self.rows.get(name, 0) + rows.num_rows

    def _write(self, name: str, rows: pa.Table) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        self.rows[name] = rows.num_rows
        target = self.folder / f"{name}.{self.file_format}"
        if self.file_format == "parquet":
            pq.write_table(rows, target, compression="zstd")
            return
        write_csv(rows, target)


def write_csv(rows: pa.Table, target: Path) -> None:
    """Write a table as CSV, quoted only where needed; timestamps are UTC without a zone."""
    engine = open_engine()
    engine.register("rows", rows)
    literal = str(target).replace("'", "''")
    engine.execute(f"copy (select * from rows) to '{literal}' (format csv, header true)")
    engine.close()
