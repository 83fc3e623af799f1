"""Extracts in a bucket: the same tables as from a folder, and nothing is downloaded twice."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import fsspec
import pytest
from ingestion_house import NOW, House
from moto.server import ThreadedMotoServer

from orchestration.ingestion.discovery import Extract, ExtractsNotFound
from orchestration.ingestion.ingest import check, ingest

FILES = {
    "email/events/2024-01-01.csv": b"event_id,value\n1,a\n2,b\n",
    "email/events/deep/2024-01-02.jsonl": b'{"event_id": "3", "value": "c"}\n',
    "crm/people.csv": b"id,email\n1,ann@example.com\n",
    "unknown/table.csv": b"a\n1\n",
}


@pytest.fixture(scope="module")
def s3() -> Iterator[str]:
    """A local server that speaks S3; its address."""
    server = ThreadedMotoServer(port=0)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture(params=["s3", "memory"])
def bucket(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[str, Any]]:
    """URL of an empty place in a store, and its file system."""
    if request.param == "s3":
        monkeypatch.setenv("AWS_ENDPOINT_URL", request.getfixturevalue("s3"))
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
        monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    fsspec.filesystem(request.param, skip_instance_cache=True).clear_instance_cache()
    filesystem = fsspec.filesystem(request.param)
    filesystem.mkdir("extracts")
    yield f"{request.param}://extracts", filesystem
    filesystem.rm("extracts", recursive=True)


def put(filesystem: Any, file: str, content: bytes) -> None:
    filesystem.pipe_file(f"extracts/{file}", content)


def test_a_bucket_loads_like_a_folder_and_nothing_is_downloaded_again(
    house: House, bucket: tuple[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    url, filesystem = bucket
    for file, content in FILES.items():
        put(filesystem, file, content)
        house.put(file, content)
    report = ingest(house.connection, house.contracts, url, now=NOW.replace(year=2099))
    house.assert_accounted()
    assert {result.file: result.status for result in report.files} == {
        "crm/people.csv": "loaded",
        "email/events/2024-01-01.csv": "loaded",
        "email/events/deep/2024-01-02.jsonl": "loaded",
        "unknown/table.csv": "ignored",
    }
    assert house.rows("select event_id, value from raw.email__events order by 1") == [
        ("1", "a"),
        ("2", "b"),
        ("3", "c"),
    ]
    # The same content in a folder is known already.
    assert {result.status for result in house.load().files} == {"unchanged", "ignored"}

    def refuse(self: Extract, *_: object) -> None:
        raise AssertionError(f"{self.file} is downloaded again")

    monkeypatch.setattr(Extract, "fetched", refuse)
    again = ingest(house.connection, house.contracts, url, now=NOW.replace(year=2099))
    assert [result.status for result in again.files] == ["unchanged", "unchanged", "unchanged", "ignored"]


def test_new_content_in_a_bucket_is_a_new_file(house: House, bucket: tuple[str, Any]) -> None:
    url, filesystem = bucket
    put(filesystem, "email/events/2024-01-01.csv", b"event_id,value\n1,a\n")
    ingest(house.connection, house.contracts, url, now=NOW.replace(year=2099))
    put(filesystem, "email/events/2024-01-01.csv", b"event_id,value\n1,a\n2,b\n")
    report = ingest(house.connection, house.contracts, url, now=NOW.replace(year=2099))
    house.assert_accounted()
    assert [result.status for result in report.files] == ["loaded"]
    assert house.rows("select count(*) from raw.email__events") == [(2,)]


def test_a_bucket_is_looked_into_without_loading(house: House, bucket: tuple[str, Any]) -> None:
    url, filesystem = bucket
    for file, content in FILES.items():
        put(filesystem, file, content)
    found = {result.file: (result.status, result.rows) for result in check(house.contracts, url)}
    assert found["email/events/2024-01-01.csv"] == ("ok", 2)
    assert found["unknown/table.csv"] == ("ignored", 0)


def test_an_absent_bucket_says_what_was_expected(house: House, bucket: tuple[str, Any]) -> None:
    url, _ = bucket
    with pytest.raises(ExtractsNotFound, match=r"Expected a folder with <source>/<table>"):
        ingest(house.connection, house.contracts, f"{url}-absent", now=NOW)


def test_a_store_without_its_library_says_what_to_install(house: House) -> None:
    with pytest.raises(ExtractsNotFound, match=r"pip install .*gs"):
        ingest(house.connection, house.contracts, "gs://bucket/extracts", now=NOW)


def test_a_store_that_does_not_answer_is_named(house: House, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    fsspec.filesystem("s3", skip_instance_cache=True).clear_instance_cache()
    with pytest.raises(ExtractsNotFound, match=r"s3://bucket cannot be listed"):
        ingest(house.connection, house.contracts, "s3://bucket", now=NOW)
