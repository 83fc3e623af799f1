"""Files as relations that DuckDB reads, one per format, without any row touched in Python.

Belongs here: the SQL that reads a file and the values it offers. Does not belong here: types and quarantine
(`landing`), load modes (`load`).
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import duckdb

from orchestration.ingestion.contracts import Table
from orchestration.ingestion.conversion import NULL_SPELLINGS, identifier, quote
from orchestration.ingestion.dialect import Dialect, find_dialect
from orchestration.ingestion.formats import Plain, UnreadableFile
from orchestration.ingestion.headers import Mapping, describe_missing, map_headers

REJECTS = "funnelhouse_rejects"
REJECTS_SCAN = "funnelhouse_rejects_scan"


# A record of JSON that is no record.
_MALFORMED = "json is null or json_type(json) <> 'OBJECT'"


@dataclass(frozen=True)
class Reading:
    """A file that can be selected from.

    Attributes:
        format: format of the file.
        path: the plain local file.
        headers: names of the file's columns.
        mapping: which of them means which contract column.
        relation: SQL after `from`; it fails at the first row that is not well formed.
        values: SQL expression of each file column over the relation.
        types: DuckDB type of each of these expressions.
        originals: SQL expression of each file column as it stands in the file, for `_extra` and the
            quarantine.
        nulls_are_read: null spellings are NULL in the relation already.
        malformed: SQL condition over the relation for records that are no record, if there can be any.
        has_malformed: there are such records, so the fast way need not be tried.
        dialect: how the text is written; None for other formats.
    """

    format: str
    path: Path
    headers: tuple[str, ...]
    mapping: Mapping
    relation: str
    values: tuple[str, ...]
    types: tuple[str, ...]
    originals: tuple[str, ...]
    nulls_are_read: bool = False
    malformed: str | None = None
    has_malformed: bool = False
    dialect: Dialect | None = None
    described: dict[str, Any] = field(default_factory=dict)

    @property
    def tolerant_relation(self) -> str:
        """The relation with rows that are not well formed left out and written to the rejects tables."""
        return _csv_relation([self.path], self.dialect, rejects=True) if self.dialect else self.relation

    def with_dialect(self, dialect: Dialect, path: Path | None = None) -> Reading:
        """This delimited text, read in another dialect or from another copy."""
        path = path or self.path
        return replace(
            self,
            path=path,
            dialect=dialect,
            relation=_csv_relation([path], dialect),
            described=self.described | {"quote": dialect.quote, "escape": dialect.escape},
        )


def open_file(connection: duckdb.DuckDBPyConnection, plain: Plain, table: Table) -> Reading | None:
    """Make a plain file readable for one table; None when it holds no record at all.

    Raises:
        UnreadableFile: a required column is missing, or the content is not what its beginning promised.
    """
    if plain.format == "empty":
        return None
    described: dict[str, Any] = {}
    if plain.compression:
        described["compression"] = plain.compression
    if plain.format == "parquet":
        return _open_parquet(connection, plain.path, table, described)
    described["encoding"] = plain.encoding
    if plain.format == "csv":
        return _open_csv(plain, table, described)
    return _open_json(connection, plain, table, described)


def _open_csv(plain: Plain, table: Table, described: dict[str, Any]) -> Reading:
    dialect = find_dialect(plain.head, table)
    described |= {"delimiter": dialect.delimiter, "quote": dialect.quote, "escape": dialect.escape}
    names = tuple(f"c{i}" for i in range(len(dialect.headers)))
    return Reading(
        format="csv",
        path=plain.path,
        headers=dialect.headers,
        mapping=map_headers(dialect.headers, table),
        relation=_csv_relation([plain.path], dialect),
        values=names,
        types=("VARCHAR",) * len(names),
        originals=names,
        nulls_are_read=True,
        dialect=dialect,
        described=described,
    )


def open_group(connection: duckdb.DuckDBPyConnection, plains: Sequence[Plain], table: Table) -> Reading | None:
    """Files that are written alike (see `signatures`) as one relation with the column `filename`.

    None where they cannot be read in one pass, because what was told from the first need not hold for the others.

    Raises:
        UnreadableFile: the first of them cannot be read.
    """
    first = open_file(connection, plains[0], table)
    if first is None:
        return None
    paths = [plain.path for plain in plains]
    if first.format == "csv":
        if first.dialect is None or first.dialect.header_lines != 1:
            return None
        return replace(first, relation=_csv_relation(paths, first.dialect, named=True))
    if first.format == "parquet":
        return replace(first, relation=f"read_parquet({_listed(paths)}, filename = true)")
    if first.format == "json_lines":
        pointers = _pointers(first.headers)
        return replace(first, relation=_json_relation(_json_objects(paths, first.format, named=True), pointers))
    return None


def signatures(connection: duckdb.DuckDBPyConnection, plains: Sequence[Plain]) -> list[Hashable | None]:
    """What must be equal for files to be read in one pass: header line, JSON keys or Parquet schema.

    None stands for a file that is read alone.
    """
    found: dict[str, Hashable] = {}
    parquet = [plain.path for plain in plains if plain.format == "parquet"]
    lines = [plain.path for plain in plains if plain.format == "json_lines"]
    # A file that makes the query fail shows its flaw when it is read alone.
    with suppress(duckdb.Error):
        if parquet:
            found |= connection.execute(
                "select file_name, list((name, type, converted_type, logical_type, num_children, scale)"
                f" order by column_id)::varchar from parquet_schema({_listed(parquet)}) group by 1"
            ).fetchall()
    with suppress(duckdb.Error):
        if lines:
            found |= connection.execute(
                "select filename, list_sort(list_distinct(flatten(list(json_keys(json)))))::varchar"
                f" from {_json_objects(lines, 'json_lines', named=True)} group by 1"
                f" having not bool_or({_MALFORMED})"
            ).fetchall()
    for plain in plains:
        line, end, _ = plain.head.partition("\n")
        if plain.format == "csv" and end:
            found[str(plain.path)] = line
    return [(plain.format, found[str(plain.path)]) if str(plain.path) in found else None for plain in plains]


def _listed(paths: Sequence[Path]) -> str:
    return f"[{', '.join(quote(str(path)) for path in paths)}]"


def _csv_relation(paths: Sequence[Path], dialect: Dialect, *, rejects: bool = False, named: bool = False) -> str:
    # Nothing is sniffed: what DuckDB guesses (formats of dates, types) depends on the rows it happens to see.
    columns = ", ".join(f"c{i}: 'VARCHAR'" for i in range(len(dialect.headers)))
    nulls = ", ".join(quote(spelling) for spelling in NULL_SPELLINGS)
    options = [
        _listed(paths),
        f"filename = {'true' if named else 'false'}",
        f"columns = {{{columns}}}",
        "auto_detect = false",
        "header = true" if dialect.header_lines == 1 else f"header = false, skip = {dialect.header_lines}",
        f"delim = {quote(dialect.delimiter)}",
        f"quote = {quote(dialect.quote)}",
        f"escape = {quote(dialect.escape)}",
        f"nullstr = [{nulls}]",
        "compression = 'none'",
    ]
    if rejects:
        options += [
            "store_rejects = true, rejects_limit = 0",
            f"rejects_table = '{REJECTS}', rejects_scan = '{REJECTS_SCAN}'",
        ]
    return f"read_csv({', '.join(options)})"


def _open_json(
    connection: duckdb.DuckDBPyConnection, plain: Plain, table: Table, described: dict[str, Any]
) -> Reading | None:
    objects = _json_objects([plain.path], plain.format)
    try:
        # Every record's keys: a sniffed sample would lose keys that come late, in silence.
        [(records, broken, keys)] = connection.execute(
            f"select count(*), count(*) filter ({_MALFORMED}), flatten(list(distinct json_keys(json))) from {objects}"
        ).fetchall()
    except (duckdb.InvalidInputException, duckdb.IOException) as error:
        raise UnreadableFile(f"this is broken JSON: {first_line(error)}") from error
    if not records:
        return None
    if broken == records:
        raise UnreadableFile("this is broken JSON: no record is a JSON object")
    headers = tuple(sorted(set(keys)))
    mapping = _mapped(headers, table)
    pointers = _pointers(headers)
    return Reading(
        format=plain.format,
        path=plain.path,
        headers=headers,
        mapping=mapping,
        relation=_json_relation(objects, pointers),
        values=tuple(f"v[{i + 1}]" for i in range(len(headers))),
        types=("VARCHAR",) * len(headers),
        originals=tuple(f"json_extract(json, {quote(pointer)})" for pointer in pointers),
        malformed=_MALFORMED,
        has_malformed=broken > 0,
        described=described,
    )


def _json_objects(paths: Sequence[Path], format_name: str, *, named: bool = False) -> str:
    layout = {"json_lines": "newline_delimited", "json_array": "array", "json_objects": "unstructured"}[format_name]
    # Lines stand alone, so a broken one costs itself; a broken array or object leaves nothing to go on.
    tolerant = ", ignore_errors = true" if layout == "newline_delimited" else ""
    filename = ", filename = true" if named else ""
    return f"read_json_objects({_listed(paths)}, format = '{layout}', compression = 'uncompressed'{tolerant}{filename})"


def _pointers(headers: Sequence[str]) -> list[str]:
    return ["/" + header.replace("~", "~0").replace("/", "~1") for header in headers]


def _json_relation(objects: str, pointers: Sequence[str]) -> str:
    listed = ", ".join(quote(pointer) for pointer in pointers)
    return f"(select *, json_extract_string(json, [{listed}]) as v from {objects})"


def _open_parquet(
    connection: duckdb.DuckDBPyConnection, path: Path, table: Table, described: dict[str, Any]
) -> Reading | None:
    relation = f"read_parquet({quote(str(path))})"
    try:
        schema = connection.execute(f"describe select * from {relation}").fetchall()
        [(records,)] = connection.execute(f"select count(*) from {relation}").fetchall()
    except duckdb.Error as error:
        raise UnreadableFile(f"this Parquet file is broken or cut short: {first_line(error)}") from error
    headers = tuple(name for name, *_ in schema)
    mapping = _mapped(headers, table)
    if not records:
        return None
    names = tuple(identifier(header) for header in headers)
    return Reading(
        format="parquet",
        path=path,
        headers=headers,
        mapping=mapping,
        relation=relation,
        values=names,
        types=tuple(data_type for _, data_type, *_ in schema),
        originals=names,
        described=described,
    )


def _mapped(headers: tuple[str, ...], table: Table) -> Mapping:
    mapping = map_headers(headers, table)
    if mapping.missing or not mapping.columns:
        raise UnreadableFile(describe_missing(mapping, headers, table))
    return mapping


def first_line(error: Exception) -> str:
    """The first line of DuckDB's message, without its category."""
    line = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
    return line.split(" Error: ", 1)[-1]
