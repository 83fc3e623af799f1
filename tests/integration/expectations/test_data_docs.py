"""Data Docs: complete, styled, without a request to anybody."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import urlparse

import duckdb
import pytest

from expectations.runner import run_suites
from expectations.suites import Expectation, Suite


def suite(asset: str, *severities: str) -> Suite:
    """One failing check for each severity, and one that passes."""
    fine = Expectation(
        "id_is_filled", "expect_column_values_to_not_be_null", {"column": "id"}, "critical", "Ids.", "id"
    )
    faults = [
        Expectation(
            f"id_is_small_{severity}",
            "expect_column_values_to_be_between",
            {"column": "id", "max_value": 1},
            severity,
            "No id is <large>.",
            "id",
        )
        for severity in severities
    ]
    rows = Expectation(
        "no_zero",
        "expect_no_rows",
        {"unexpected_rows_query": "select id from {batch} where id < 0"},
        "info",
        "Rows.",
    )
    missing = Expectation("gone_is_filled", "expect_column_values_to_not_be_null", {"column": "gone"}, "info", "Gone.")
    return Suite(asset, asset.split(".")[0], asset, (fine, *faults, rows, missing))


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("docs") / "warehouse.duckdb"
    with duckdb.connect(str(file)) as connection:
        for schema in ("raw", "marts"):
            connection.execute(f"create schema {schema}")
            connection.execute(f"create table {schema}.things as select range as id from range(4)")
            connection.execute(f"create table {schema}.others as select range as id from range(4)")
    return file


@pytest.fixture(scope="module")
def site(warehouse: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site") / "data_docs"
    raw = [suite("raw.things", "critical", "warning"), suite("raw.others", "warning")]
    run_suites(warehouse, raw, data_docs=folder)
    run_suites(warehouse, [suite("marts.things")], data_docs=folder)
    return folder


class Links(HTMLParser):
    """What a page makes a browser fetch, and where it leads."""

    def __init__(self) -> None:
        super().__init__()
        self.fetched: list[str] = []
        self.led_to: list[str] = []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attributes}
        if tag == "a":
            self.led_to.append(values.get("href", ""))
        else:
            self.fetched += [values[name] for name in ("src", "href", "data", "srcset", "action") if name in values]


def links(page: Path) -> Links:
    parser = Links()
    parser.feed(page.read_text())
    return parser


def test_pages_exist(site: Path) -> None:
    pages = {str(p.relative_to(site)) for p in site.rglob("*.html")}
    assert pages == {"index.html", "raw/raw.things.html", "raw/raw.others.html", "marts/marts.things.html"}


def test_nothing_is_fetched_from_anywhere_else(site: Path) -> None:
    for page in site.rglob("*.html"):
        found = links(page)
        assert found.fetched, page
        for url in found.fetched:
            assert urlparse(url).scheme in ("", "data") and not url.startswith("//"), (page, url)
            if not url.startswith("data:"):
                assert (page.parent / url).resolve().is_file(), (page, url)
    for file in (site / "static").iterdir():
        assert not re.search(r"https?://|@import|url\(", file.read_text()), file


def test_a_tracker_would_be_seen(tmp_path: Path) -> None:
    """The test above, tested."""
    page = tmp_path / "page.html"
    page.write_text('<img src="https://example.com/pixel.png"><link rel="stylesheet" href="//cdn.example.com/x.css">')
    assert links(page).fetched == ["https://example.com/pixel.png", "//cdn.example.com/x.css"]


def test_pages_are_styled(site: Path) -> None:
    style = (site / "static" / "style.css").read_text()
    for page in site.rglob("*.html"):
        text = page.read_text()
        assert 'static/style.css"' in text
        assert re.search("class=['\"](failed|warned|passed)['\"]", text), page
    for used in ("failed", "warned", "passed", "soft"):
        assert f".{used}" in style
    # Classes that carry meaning in Great Expectations' part of a page.
    for used in (
        "badge",
        "alert",
        "table",
        "text-success",
        "text-danger",
        "fa-check-circle",
        "fa-times",
        "collapse",
    ):
        assert re.search(rf'class="[^"]*\b{used}\b', (site / "raw" / "raw.things.html").read_text()), used
        assert used == "table" or f".{used}" in style, used


def test_links_lead_somewhere(site: Path) -> None:
    for page in site.rglob("*.html"):
        for target in links(page).led_to:
            if not target.startswith("#"):
                assert (page.parent / target).resolve().is_file(), (page, target)


def test_a_page_tells_what_was_found(site: Path) -> None:
    text = (site / "raw" / "raw.things.html").read_text()
    assert "<code>id_is_small_critical</code>" in text
    assert "2 of 4 unexpected" in text
    assert "No id is &lt;large&gt;." in text
    assert "values must be less than or equal to" in text  # as Great Expectations says it
    assert "does not exist" in text
    assert "Traceback" not in text


def test_the_index_tells_the_state_of_every_layer(site: Path) -> None:
    text = (site / "index.html").read_text()
    assert text.index("<h2>raw</h2>") < text.index("<h2>marts</h2>")
    things, others = re.findall(r"<tr[^>]*><td><a href='raw/.*?</tr>", text)
    assert "✗ failed" in things and "⚠ warnings" in others


def test_a_later_run_replaces_its_layer_only(warehouse: Path, site: Path, tmp_path: Path) -> None:
    import shutil

    folder = tmp_path / "data_docs"
    shutil.copytree(site, folder)
    before = (folder / "marts" / "marts.things.html").read_text()
    run_suites(warehouse, [suite("raw.others")], data_docs=folder)
    assert not (folder / "raw" / "raw.things.html").exists()
    assert (folder / "marts" / "marts.things.html").read_text() == before
    assert "raw.things" not in (folder / "index.html").read_text()
