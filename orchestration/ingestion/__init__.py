"""Ingestion: extract files become the raw tables, with every row accounted for.

Belongs here: contracts, file discovery, reading, load modes, the file ledger and the quarantine, as plain
Python over DuckDB's readers. Does not belong here: Dagster, cleaning or renaming of values (that is staging).
"""
