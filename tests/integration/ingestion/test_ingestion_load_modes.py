"""Which row stays, and what the ledger says about the others."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest
from ingestion_house import House


def counts(house: House) -> dict[str, tuple[int, int, int]]:
    """Loaded, duplicate and superseded rows of each file."""
    return {
        file: rest
        for file, *rest_list in house.rows(
            "select file, rows_loaded, rows_duplicate, rows_superseded from ledger.files where status = 'loaded'"
        )
        if (rest := tuple(rest_list))
    }


def test_append_keeps_the_newest_version_of_an_event(house: House) -> None:
    house.put("email/events/2024-01-02.csv", "event_id,value\n1,new\n2,same\n")
    house.load()
    house.put("email/events/2024-01-01.csv", "event_id,value\n1,old\n2,same\n3,only\n")
    house.load()
    assert house.rows("select event_id, value from raw.email__events order by 1") == [
        ("1", "new"),
        ("2", "same"),
        ("3", "only"),
    ]
    assert counts(house) == {"email/events/2024-01-02.csv": (2, 0, 0), "email/events/2024-01-01.csv": (2, 1, 1)}


def test_a_newer_equal_row_takes_the_place_of_the_older_one(house: House) -> None:
    house.put("email/events/2024-01-01.csv", "event_id,value\n1,a\n2,b\n")
    house.load()
    house.put("email/events/2024-01-02.csv", "event_id,value\n2,b\n3,c\n")
    house.load()
    assert counts(house) == {"email/events/2024-01-01.csv": (1, 1, 0), "email/events/2024-01-02.csv": (2, 0, 0)}


def test_rows_that_repeat_inside_a_file_are_duplicates_and_other_content_is_superseded(house: House) -> None:
    result = house.load_one("email/events.csv", "event_id,value\n1,a\n1,a\n1,b\n2,c\n2,c\n")
    assert (result.rows_loaded, result.rows_duplicate, result.rows_superseded) == (3, 2, 1)
    assert house.rows("select event_id, value from raw.email__events order by 1") == [("1", "b"), ("2", "c")]


def test_the_sync_stamp_of_a_row_is_its_version_and_no_content(house: House) -> None:
    house.put(
        "email/events/2024-01-09.csv",
        "event_id,value,_fivetran_synced\n1,old,2024-01-01 00:00:00\n2,same,2024-01-01 00:00:00\n",
    )
    house.put(
        "email/events/2024-01-08.csv",
        "event_id,value,_airbyte_extracted_at\n1,new,2024-01-02T01:00:00+01:00\n2,same,2024-01-02T00:00:00Z\n",
    )
    house.load()
    assert house.rows("select event_id, value, _version, _extra from raw.email__events order by 1") == [
        ("1", "new", datetime(2024, 1, 2), None),
        ("2", "same", datetime(2024, 1, 2), None),
    ]
    assert house.rows("select version, dialect->>'version' from ledger.files order by file") == [
        (datetime(2024, 1, 2), "sync stamp"),
        (datetime(2024, 1, 1), "sync stamp"),
    ]


def test_upsert_keeps_the_newest_updated_at_whatever_the_file(house: House) -> None:
    house.put("crm/people/2024-01-01.csv", "id,email,updated_at\n1,newest,2024-01-05 00:00:00\n2,none,\n3,old,\n")
    house.put(
        "crm/people/2024-01-02.csv", "id,email,updated_at\n1,older,2024-01-04 00:00:00\n2,dated,2020-01-01\n3,new,\n"
    )
    house.load()
    assert house.rows("select id, email from raw.crm__people order by 1") == [
        ("1", "newest"),
        ("2", "dated"),
        ("3", "new"),
    ]


def test_a_newer_batch_replaces_the_windows_that_it_covers(house: House) -> None:
    header = "date,account,campaign,spend\n"
    house.put("ads/days/2024-01-02.csv", f"{header}2024-01-01,A,c1,9\n")
    house.put("ads/days/2024-01-01.csv", f"{header}2024-01-01,A,c1,1\n2024-01-01,A,c2,1\n2024-01-01,B,c1,1\n")
    house.load()
    assert house.rows("select account, campaign, spend::int from raw.ads__days order by all") == [
        ("A", "c1", 9),
        ("B", "c1", 1),
    ]
    assert counts(house) == {"ads/days/2024-01-01.csv": (3, 0, 2), "ads/days/2024-01-02.csv": (1, 0, 0)}


def test_files_of_one_version_or_one_folder_complement_each_other(house: House) -> None:
    header = "date,account,campaign,spend\n"
    house.put("ads/days/a_2024-01-01.csv", f"{header}2024-01-01,A,c1,1\n2024-01-01,A,c2,2\n")
    house.put("ads/days/b_2024-01-01.csv", f"{header}2024-01-01,A,c2,2\n2024-01-01,A,c3,3\n")
    house.put("ads/days/batch/x.csv", f"{header}2024-01-02,A,c1,1\n", modified=datetime(2024, 1, 3))
    house.put("ads/days/batch/y.csv", f"{header}2024-01-02,A,c2,1\n", modified=datetime(2024, 1, 4))
    house.load()
    assert house.rows("select count(*), count(distinct campaign) from raw.ads__days where date = '2024-01-01'") == [
        (3, 3)
    ]
    assert house.rows("select count(*) from raw.ads__days where date = '2024-01-02'") == [(2,)]


def test_a_batch_that_becomes_newer_wins_back_what_it_lost(house: House) -> None:
    header = "date,account,campaign,spend\n"
    house.put("ads/days/batch/x.csv", f"{header}2024-01-01,A,c1,1\n", modified=datetime(2024, 1, 3))
    house.put("ads/days/other.csv", f"{header}2024-01-01,A,c1,5\n", modified=datetime(2024, 1, 4))
    house.load()
    assert house.rows("select spend::int from raw.ads__days") == [(5,)]
    house.put("ads/days/batch/y.csv", f"{header}2024-01-02,A,c1,1\n", modified=datetime(2024, 1, 5))
    house.load()
    assert house.rows("select date::varchar, spend::int from raw.ads__days order by 1") == [
        ("2024-01-01", 1),
        ("2024-01-02", 1),
    ]


def test_a_batch_that_becomes_newer_and_still_loses_is_loaded_anew_once_only(house: House) -> None:
    header = "date,account,campaign,spend\n"
    house.put("ads/days/2024-01-09.csv", f"{header}2024-01-01,A,c1,9\n")
    house.put("ads/days/batch/x.csv", f"{header}2024-01-01,A,c2,1\n", modified=datetime(2024, 1, 3))
    house.put("ads/days/batch/y.csv", f"{header}2024-01-01,A,c3,1\n", modified=datetime(2024, 1, 4))
    assert len(house.load().loaded) == 3
    assert house.rows("select campaign from raw.ads__days") == [("c1",)]


def test_equal_rows_of_a_table_without_key_are_kept_and_months_are_replaced_whole(house: House) -> None:
    house.put("costs/costs/2024-03-01.csv", "date,amount\n2024-01-10,5\n2024-01-10,5\n2024-02-01,7\n")
    house.put("costs/costs/2024-03-02.csv", "date,amount\n2024-02-28,1\n")
    house.load()
    assert house.rows("select date::varchar, amount::int from raw.costs__costs order by all") == [
        ("2024-01-10", 5),
        ("2024-01-10", 5),
        ("2024-02-28", 1),
    ]


def test_a_content_has_the_newest_version_that_any_of_its_names_gives_it(house: House) -> None:
    house.put("email/events/2024-01-01.csv", "event_id,value\n1,first\n")
    house.put("email/events/2024-01-02.csv", "event_id,value\n1,second\n")
    house.load()
    house.put("email/events/2024-01-03.csv", "event_id,value\n1,first\n")
    house.load()
    assert house.rows("select value from raw.email__events") == [("first",)]
    assert house.rows("select file, status from ledger.files order by 1") == [
        ("email/events/2024-01-01.csv", "duplicate"),
        ("email/events/2024-01-02.csv", "loaded"),
        ("email/events/2024-01-03.csv", "loaded"),
    ]


def test_one_file_for_a_table_does_not_depend_on_its_modification_time(house: House) -> None:
    text = "id,email\n1,a\n1,b\n2,c\n"
    house.put("crm/people.csv", text, modified=datetime(2020, 1, 1))
    house.load()
    house.put("crm/people.csv", text, modified=datetime(2024, 1, 1))
    assert [result.status for result in house.load().files] == ["unchanged"]
    assert house.rows("select id, email from raw.crm__people order by 1") == [("1", "b"), ("2", "c")]


def test_a_file_that_gets_a_contract_later_is_loaded(house: House) -> None:
    house.put("email/events.csv", "event_id\n1\n")
    events = house.contracts.pop(("email", "events"))
    assert len(house.load().ignored) == 1
    house.contracts[("email", "events")] = events
    assert len(house.load().loaded) == 1
    assert house.rows("select status from ledger.files") == [("loaded",)]


def test_the_same_rows_in_two_formats_are_loaded_once(house: House, tmp_path: Path) -> None:
    house.put("email/events/2024-01-05.csv", "event_id,value,occurred_at\n1,a,2024-01-01 10:00:00\n2,,\n")
    house.put("email/events/2024-01-05.jsonl", '{"event_id": 1, "value": "a", "occurred_at": "2024-01-01T10:00:00Z"}\n')
    house.connection.execute(
        "copy (select '1' as event_id, 'a' as value, timestamp '2024-01-01 10:00:00' as occurred_at"
        f" union all select '2', null, null) to '{tmp_path / 'rows.parquet'}' (format parquet)"
    )
    house.put("email/events/2024-01-05.parquet", (tmp_path / "rows.parquet").read_bytes())
    report = house.load()
    assert {result.status for result in report.files} == {"loaded"}
    assert sum(result.rows_duplicate for result in report.files) == 3
    assert sum(result.rows_superseded for result in report.files) == 0
    assert house.rows("select event_id, value from raw.email__events order by 1") == [("1", "a"), ("2", None)]


@pytest.mark.parametrize("folder", ["email/Events", "Email/events", "EMAIL/e_vents"])
def test_names_of_sources_and_tables_are_known_in_any_spelling(house: House, folder: str) -> None:
    result = house.load_one(f"{folder}/1.csv", "event_id\n1\n")
    assert (result.status, result.source, result.table) == ("loaded", "email", "events")
    assert house.rows("select count(*) from raw.email__events") == [(1,)]
