"""Publishing: what a release holds, that it is exchanged whole, and that readers never notice."""

from __future__ import annotations

import hashlib
import hmac
import json
import shutil
import threading
from pathlib import Path

import duckdb
import pytest
from publish_case import fill, manifest, settings_for

from orchestration.publishing import PublishFailed, publish


def read(path: Path, query: str) -> list[tuple]:
    with duckdb.connect(str(path), read_only=True) as connection:
        return connection.execute(query).fetchall()


def test_release_holds_duckdb_parquet_and_manifest_of_every_mart(tmp_path: Path) -> None:
    settings = settings_for(tmp_path)
    fill(settings)

    release = publish(settings, manifest=manifest(), run_id="run-1")

    assert [(m.name, m.rows) for m in release.marts] == [("dim_people", 3), ("rpt_loaded_files", 1)]
    assert (tmp_path / "published").resolve() == release.path == tmp_path / "releases" / release.release_id
    files = sorted(str(p.relative_to(release.path)) for p in release.path.rglob("*") if p.is_file())
    assert files == [
        "manifest.json",
        "marts.duckdb",
        "parquet/dim_people.parquet",
        "parquet/rpt_loaded_files.parquet",
    ]
    written = json.loads((tmp_path / "published" / "manifest.json").read_text())
    assert written["run_id"] == "run-1"
    assert written["marts"]["dim_people"]["rows"] == 3
    assert written["marts"]["dim_people"]["columns"]["emails"] == "VARCHAR[]"
    marts = tmp_path / "published" / "marts.duckdb"
    assert read(marts, "select count(*) from marts.marts.dim_people") == [(3,)]
    parquet = tmp_path / "published" / "parquet" / "dim_people.parquet"
    assert duckdb.sql(f"from '{parquet}' order by 1").fetchall() == read(
        marts, "from marts.marts.dim_people order by 1"
    )


def test_comments_and_storage_version_reach_the_published_file(tmp_path: Path) -> None:
    settings = settings_for(tmp_path)
    fill(settings)
    publish(settings, manifest=manifest(), run_id="r")
    marts = tmp_path / "published" / "marts.duckdb"

    assert read(marts, "select comment from duckdb_tables() where table_name = 'dim_people'") == [
        ("It's dim_people. Grain - one row.",)
    ]
    assert read(marts, "select comment from duckdb_columns() where column_name = 'phone'") == [("The phone.",)]
    tags = read(marts, "select tags from duckdb_databases() where database_name = 'marts'")
    assert tags[0][0]["storage_version"].startswith("v1.0.0")
    # Bytes 12-20 of the header say the same to clients that cannot be run here: 64 is DuckDB 0.10 to 1.1.
    assert int.from_bytes(marts.read_bytes()[12:20], "little") == 64


def test_personal_data_is_hashed_or_left_out(tmp_path: Path) -> None:
    settings = settings_for(tmp_path)
    fill(settings, people=1)
    publish(settings, manifest=manifest(), run_id="r")

    row = read(tmp_path / "published" / "marts.duckdb", "from marts.marts.dim_people")[0]

    def keyed(text: str) -> str:
        return hmac.new(b"a test key", text.encode(), hashlib.sha256).hexdigest()

    assert row == (
        "p0",
        keyed("p0@example.org"),
        keyed("+33600000"),
        None,
        None,
        "https://example.org/a",
        None,
    )
    released = b"".join(p.read_bytes() for p in (tmp_path / "published").rglob("*") if p.is_file())
    assert b"p0@example.org" not in released
    assert b"called twice" not in released


def test_personal_data_is_published_in_the_clear_when_asked(tmp_path: Path) -> None:
    settings = settings_for(tmp_path, publish_pii=True)
    fill(settings, people=1)
    release = publish(settings, manifest=manifest(), run_id="r")

    row = read(tmp_path / "published" / "marts.duckdb", "from marts.marts.dim_people")[0]
    assert row[1:4] == ("p0@example.org", "+33600000", "Ada")
    assert release.publish_pii


def test_unknown_class_of_personal_data_is_refused(tmp_path: Path) -> None:
    settings = settings_for(tmp_path)
    fill(settings)
    declared = manifest()
    declared["nodes"]["model.funnelhouse.dim_people"]["columns"]["email"]["config"]["meta"]["pii"] = "e-mail"

    with pytest.raises(ValueError, match="column email of dim_people has pii: e-mail"):
        publish(settings, manifest=declared, run_id="r")
    assert not (tmp_path / "published").exists()


def test_content_hash_ignores_order_and_loading_times_only(tmp_path: Path) -> None:
    settings = settings_for(tmp_path)
    fill(settings, people=50, loaded_at="2025-01-01")
    first = publish(settings, manifest=manifest(), run_id="a")
    fill(settings, people=50, loaded_at="2025-06-01")
    with duckdb.connect(str(settings.warehouse)) as connection:
        connection.execute("create or replace table marts.dim_people as from marts.dim_people order by hash(person_id)")
    second = publish(settings, manifest=manifest(), run_id="b")
    assert [m.content_hash for m in first.marts] == [m.content_hash for m in second.marts]

    with duckdb.connect(str(settings.warehouse)) as connection:
        connection.execute("update marts.dim_people set page = 'https://example.org/b' where person_id = 'p7'")
    third = publish(settings, manifest=manifest(), run_id="c")
    changed = [a.name for a, b in zip(second.marts, third.marts, strict=True) if a.content_hash != b.content_hash]
    assert changed == ["dim_people"]


def test_two_releases_are_kept_and_leftovers_are_removed(tmp_path: Path) -> None:
    settings = settings_for(tmp_path)
    fill(settings)
    crashed = tmp_path / "releases" / ".draft-20200101T000000000000Z-abcdef"
    crashed.mkdir(parents=True)
    (crashed / "marts.duckdb").write_bytes(b"half")
    # A crash between the rename of the draft and the turn of the link leaves a release nobody points at.
    (tmp_path / ".published.0badcafe").symlink_to("releases/nowhere")

    ids = [publish(settings, manifest=manifest(), run_id=str(i)).release_id for i in range(4)]

    assert sorted(p.name for p in (tmp_path / "releases").iterdir()) == ids[-2:]
    assert (tmp_path / "published").resolve().name == ids[-1]
    assert not list(tmp_path.glob(".published.*"))


def test_missing_mart_fails_and_keeps_the_old_release(tmp_path: Path) -> None:
    settings = settings_for(tmp_path)
    fill(settings)
    old = publish(settings, manifest=manifest(), run_id="a")
    with duckdb.connect(str(settings.warehouse)) as connection:
        connection.execute("drop table marts.dim_people")

    with pytest.raises(PublishFailed, match=r"has no marts\.dim_people"):
        publish(settings, manifest=manifest(), run_id="b")
    assert (tmp_path / "published").resolve() == old.path
    assert [p.name for p in (tmp_path / "releases").iterdir()] == [old.release_id]


def test_a_folder_in_place_of_the_link_is_refused(tmp_path: Path) -> None:
    settings = settings_for(tmp_path)
    fill(settings)
    publish(settings, manifest=manifest(), run_id="a")
    shutil.copytree(tmp_path / "published", tmp_path / "copy")
    (tmp_path / "published").unlink()
    (tmp_path / "copy").rename(tmp_path / "published")

    with pytest.raises(PublishFailed, match="Move it away"):
        publish(settings, manifest=manifest(), run_id="b")
    assert (tmp_path / "published" / "marts.duckdb").exists()


def test_reader_that_holds_a_removed_release_keeps_working(tmp_path: Path) -> None:
    settings = settings_for(tmp_path)
    fill(settings, people=100_000)
    publish(settings, manifest=manifest(), run_id="a")
    reader = duckdb.connect(str((tmp_path / "published" / "marts.duckdb").resolve()), read_only=True)
    reader.execute("set memory_limit = '20MB'")
    for i in range(3):
        fill(settings, people=i)
        publish(settings, manifest=manifest(), run_id=str(i))

    [(rows, people)] = reader.execute("select count(*), count(distinct email) from marts.marts.dim_people").fetchall()
    reader.close()
    assert (rows, people) == (100_000, 100_000)


def test_readers_in_a_loop_never_meet_an_error_or_a_mix(tmp_path: Path) -> None:
    """Each release holds n people and a file row that says n: a reader must always see the two agree."""
    settings = settings_for(tmp_path)

    def release(n: int) -> None:
        fill(settings, people=n)
        with duckdb.connect(str(settings.warehouse)) as connection:
            connection.execute(f"update marts.rpt_loaded_files set rows = {n}")
        publish(settings, manifest=manifest(), run_id=str(n))

    release(1)
    script = f"""
import duckdb, sys, time
reads, seen = 0, set()
end = time.time() + 60
while time.time() < end and not __import__("os").path.exists({str(tmp_path / "stop")!r}):
    with duckdb.connect({str(tmp_path / "published" / "marts.duckdb")!r}, read_only=True) as c:
        people = c.execute("select count(*) from marts.marts.dim_people").fetchall()[0][0]
        rows = c.execute("select rows from marts.marts.rpt_loaded_files").fetchall()[0][0]
        assert people == rows, (people, rows)
    reads += 1
    seen.add(people)
print(reads, len(seen))
"""
    import subprocess
    import sys

    readers = [
        subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    writer = threading.Thread(target=lambda: [release(n) for n in range(2, 14)])
    writer.start()
    writer.join()
    (tmp_path / "stop").touch()
    for reader in readers:
        out, err = reader.communicate(timeout=60)
        assert reader.returncode == 0, err
        reads, seen = map(int, out.split())
        assert reads > 12 and seen > 2
