"""Great Expectations: what a steward reads at the edge of every layer.

Belongs here: suites (plain lists in `raw/`, `staging/`, `marts/`), the DuckDB dialect they are pushed down
with, the runner, Data Docs, and the ledger of results. Does not belong here: keys and relationships (dbt
data tests), money totals (dbt singular tests), shape (the contracts), and anything of Dagster.
"""
