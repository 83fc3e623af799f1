"""Funnelhouse: extracts in, reconciled marketing marts out.

`ingestion/` and `publishing/` hold plain Python over DuckDB, `demo/` writes the demo company, `defs/` wires
everything into Dagster, `cli.py` is the command line. Only `defs/` and `definitions.py` import Dagster.
"""
