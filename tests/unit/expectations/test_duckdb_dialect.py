"""Each fix of the dialect, beside what happens without it."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest
import sqlalchemy as sa

from expectations import duckdb_dialect


@pytest.fixture
def warehouse(tmp_path: Path) -> Path:
    file = tmp_path / "a #strange% name?.duckdb"
    with duckdb.connect(str(file)) as connection:
        connection.execute("create schema raw")
        connection.execute('create table raw.moments ("at" timestamp, amount decimal(18, 6), note varchar)')
        connection.execute("insert into raw.moments values ('2024-01-01', 1.5, 'a'), ('2024-01-02', 2, 'b')")
        connection.execute('create view raw.seen as select "at", note from raw.moments')
    return file


def engine_of(warehouse: Path, name: str) -> sa.Engine:
    return sa.create_engine(
        f"{name}:///warehouse",
        connect_args={"database": str(warehouse), "read_only": True},
        poolclass=sa.pool.NullPool,
    )


def select_at() -> sa.Select[tuple[object]]:
    return sa.select(sa.column("at")).select_from(sa.table("moments", schema="raw")).order_by(sa.column("at"))


def test_fix_1_reserved_words_are_quoted(warehouse: Path) -> None:
    ours, plain = duckdb_dialect.Dialect(), duckdb_dialect.EngineDialect()
    assert '"at"' in str(select_at().compile(dialect=ours))
    assert '"at"' not in str(select_at().compile(dialect=plain))
    with engine_of(warehouse, duckdb_dialect.NAME).connect() as connection:
        assert len(connection.execute(select_at()).fetchall()) == 2


def fetched_after_the_block(engine: sa.Engine) -> list[object]:
    with engine.connect() as connection:
        result = connection.execute(sa.text("select amount from raw.moments order by amount"))
    return [row[0] for row in result.fetchall()]


def test_fix_2_results_outlive_their_connection(warehouse: Path) -> None:
    assert fetched_after_the_block(engine_of(warehouse, duckdb_dialect.NAME)) == [1.5, 2]
    with pytest.raises(Exception):  # noqa: B017 - whichever error the plain dialect ends in
        assert fetched_after_the_block(engine_of(warehouse, "duckdb")) == [1.5, 2]


@pytest.mark.parametrize(
    ("relation", "expected"),
    [
        ("moments", {"at": sa.TIMESTAMP, "amount": sa.NUMERIC, "note": sa.VARCHAR}),
        ("seen", {"at": sa.TIMESTAMP, "note": sa.VARCHAR}),
    ],
)
def test_fix_3_tables_and_views_are_reflected(warehouse: Path, relation: str, expected: dict[str, type]) -> None:
    columns = sa.inspect(engine_of(warehouse, duckdb_dialect.NAME)).get_columns(relation, schema="raw")
    assert {c["name"]: type(c["type"]) for c in columns} == expected
    with pytest.raises(sa.exc.ProgrammingError, match="pg_collation"):
        sa.inspect(engine_of(warehouse, "duckdb")).get_columns(relation, schema="raw")


def test_fix_3_a_missing_relation_is_an_error(warehouse: Path) -> None:
    with pytest.raises(sa.exc.NoSuchTableError, match=r"raw\.nothing"):
        sa.inspect(engine_of(warehouse, duckdb_dialect.NAME)).get_columns("nothing", schema="raw")
