"""What the demo's tests need to find the truth again from the extracts alone."""

from __future__ import annotations

import unicodedata
from pathlib import Path

import duckdb

from orchestration.settings import PROJECT_ROOT

SEEDS = PROJECT_ROOT / "seeds"


def match_key(email: str) -> str:
    """The e-mail match key, written anew from its definition."""
    address = unicodedata.normalize("NFC", email.strip()).lower().removeprefix("mailto:")
    local, _, domain = address.partition("@")
    local = local.split("+")[0]
    if domain in ("gmail.com", "googlemail.com"):
        local = local.replace(".", "")
    return f"{local}@{domain}"


class Extracts:
    """A written company: its truth by name, and its tables as what stands after loading."""

    def __init__(self, extracts: Path, truth: Path) -> None:
        self.extracts = extracts
        self.truth = truth
        self.connection = duckdb.connect(":memory:")

    def load(self, source: str, table: str) -> str:
        """The name of a view over all files of a table, exact duplicates removed."""
        files = sorted(self.extracts.glob(f"{source}/{table}.*")) + sorted(self.extracts.glob(f"{source}/{table}/*"))
        assert files, f"no file for {source}/{table} in {self.extracts}"
        parts = " union by name ".join(f"select * from '{file}'" for file in files)
        name = f"{source}__{table}"
        self.connection.execute(f"create or replace view {name} as select distinct * from ({parts})")
        return name

    def rows(self, sql: str) -> list[tuple]:
        return self.connection.execute(sql).fetchall()

    def table(self, source: str, table: str, columns: str) -> list[tuple]:
        return self.rows(f"select {columns} from {self.load(source, table)}")

    def planted(self, name: str, columns: str = "*") -> list[tuple]:
        return self.rows(f"select {columns} from '{self.truth / name}.csv'")
