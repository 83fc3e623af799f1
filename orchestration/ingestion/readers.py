"""Files as relations that DuckDB reads, one per format, without any row touched in Python.

Belongs here: the SQL that reads a file and the values it offers. Does not belong here: types and quarantine
(`landing`), load modes (`load`).
"""

from __future__ import annotations

import codecs
import json
from collections.abc import Callable, Hashable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import duckdb

from orchestration.ingestion.contracts import Table
from orchestration.ingestion.conversion import NULL_SPELLINGS, identifier, quote
from orchestration.ingestion.dialect import Dialect, find_dialect
from orchestration.ingestion.formats import Plain, UnreadableFile, without_start
from orchestration.ingestion.headers import Mapping, describe_missing, map_headers
from orchestration.ingestion.nesting import Tree, columns_of
from orchestration.ingestion.workbooks import ROW_NUMBER, read_sheet

REJECTS = "funnelhouse_rejects"
REJECTS_AGAIN = "funnelhouse_rejects_again"
_TOLD_TEXT = 300
WORKBOOKS = frozenset({"xlsx", "xls", "xlsb", "ods"})


# A record of JSON that is no record.
_MALFORMED = "json is null or json_type(json) <> 'OBJECT'"
_IS_NESTED = "bool_or(contains(substr(json::varchar, 2), '{'))"


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
        line: SQL expression of a record's line; None where its position tells it.
        over: SQL after `from` over many files that are written alike (see `signatures`), with the column `filename`;
            None where what was told from this file need not hold for another.
        described: what to tell about how the file was read.
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
    line: str | None = None
    over: Callable[[Sequence[Path]], str] | None = None
    described: dict[str, Any] = field(default_factory=dict)

    @property
    def tolerant_relation(self) -> str:
        """The relation with rows that are not well formed left out and written to the rejects tables."""
        return _csv_relation([self.path], self.dialect, rejects=REJECTS) if self.dialect else self.relation

    @property
    def profiled_relation(self) -> str:
        """The same rows, for another look at them.

        Without rejects tables, DuckDB also leaves out a sound row after a row with an open quote.
        """
        return _csv_relation([self.path], self.dialect, rejects=REJECTS_AGAIN) if self.dialect else self.relation

    @property
    def is_handmade(self) -> bool:
        """Whether a person, a spreadsheet or an export button may have written it: totals, spoilt numbers."""
        return self.dialect is not None or self.format in WORKBOOKS

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
    if plain.format == "workbook":
        return _open_workbook(plain, table, described)
    described["encoding"] = plain.encoding
    if plain.format == "csv":
        return _open_csv(plain, table, described)
    return _open_json(connection, plain, table, described)


def _open_csv(plain: Plain, table: Table, described: dict[str, Any]) -> Reading:
    dialect = find_dialect(plain.head, table)
    described |= {"delimiter": dialect.delimiter, "quote": dialect.quote, "escape": dialect.escape}
    mapping = map_headers(dialect.headers, table)
    path = plain.path
    if dialect.preamble:
        described |= {"header_line": len(dialect.preamble) + 1, "preamble": _told(dialect.preamble)}
        path = without_start(path, plain.scratch, len(plain.head[: dialect.header_start].encode()) + _mark_bytes(path))
    described |= mapping.told
    names = tuple(f"c{i}" for i in range(len(dialect.headers)))
    is_plain = not dialect.preamble and dialect.header_lines == 1
    return Reading(
        format="csv",
        path=path,
        headers=dialect.headers,
        mapping=mapping,
        relation=_csv_relation([path], dialect),
        values=names,
        types=("VARCHAR",) * len(names),
        originals=names,
        nulls_are_read=True,
        dialect=dialect,
        over=(lambda paths: _csv_relation(paths, dialect, named=True)) if is_plain else None,
        described=described,
    )


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
                f"select filename, list_sort(list_distinct(flatten(list(json_keys(json)))))::varchar || {_IS_NESTED}"
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


def _mark_bytes(path: Path) -> int:
    """Bytes of the mark at the start of a UTF-8 text, which its characters do not count."""
    with path.open("rb") as stream:
        return len(codecs.BOM_UTF8) if stream.read(3) == codecs.BOM_UTF8 else 0


def _told(preamble: tuple[str, ...]) -> str:
    """The filled lines before a header, shortened."""
    text = " / ".join(line for line in preamble if line)
    return text if len(text) <= _TOLD_TEXT else text[:_TOLD_TEXT] + " ..."


def _csv_relation(paths: Sequence[Path], dialect: Dialect, *, rejects: str | None = None, named: bool = False) -> str:
    """SQL that reads a delimited text.

    Args:
        paths: texts.
        dialect: how they are written.
        named: whether the column `filename` tells them apart.
        rejects: table to write records to that are none; without it they fail.
    """
    # Nothing is sniffed: what DuckDB guesses (formats of dates, types) depends on the rows it happens to see.
    columns = ", ".join(f"c{i}: 'VARCHAR'" for i in range(len(dialect.headers)))
    nulls = ", ".join(quote(spelling) for spelling in NULL_SPELLINGS)
    options = [
        _listed(paths),
        f"filename = {str(named).lower()}",
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
            f"rejects_table = '{rejects}', rejects_scan = '{rejects}_scan'",
        ]
    return f"read_csv({', '.join(options)})"


def _open_json(
    connection: duckdb.DuckDBPyConnection, plain: Plain, table: Table, described: dict[str, Any]
) -> Reading | None:
    objects = _json_objects([plain.path], plain.format)
    try:
        # Every record's keys: a sniffed sample would lose keys that come late, in silence.
        [(records, broken, keys, is_nested)] = connection.execute(
            f"select count(*), count(*) filter ({_MALFORMED}), flatten(list(distinct json_keys(json))),"
            f" {_IS_NESTED} from {objects}"
        ).fetchall()
    except (duckdb.InvalidInputException, duckdb.IOException) as error:
        raise UnreadableFile(f"this is broken JSON: {first_line(error)}") from error
    if not records:
        return None
    if broken == records:
        raise UnreadableFile("this is broken JSON: no record is a JSON object")
    tree: Tree = dict.fromkeys(sorted(set(keys)))
    if is_nested:
        structures = connection.execute(
            f"select distinct json_structure(json)::varchar from {objects} where not ({_MALFORMED})"
        ).fetchall()
        tree |= _merged([json.loads(structure) for (structure,) in structures]) or {}
    columns = columns_of(tree, table)
    headers = tuple(column.header for column in columns)
    mapping = _mapped(headers, table)
    pointers = ["".join("/" + key.replace("~", "~0").replace("/", "~1") for key in column.path) for column in columns]
    values = [f"v[{i + 1}]" for i in range(len(headers))]
    originals = [f"json_extract(json, {quote(pointer)})" for pointer in pointers]
    for name, position in mapping.columns.items():
        if table.column(name).data_type == "json":
            # As it stands: a text in quotes is JSON, without them it is none.
            text = values[position]
            whole = f"{originals[position]}::varchar"
            values[position] = f"case when json_valid({text}) then {text} when {text} is not null then {whole} end"
    described |= mapping.told
    return Reading(
        format=plain.format,
        path=plain.path,
        headers=headers,
        mapping=mapping,
        relation=_json_relation(objects, pointers),
        values=tuple(values),
        types=("VARCHAR",) * len(headers),
        originals=tuple(originals),
        malformed=_MALFORMED,
        has_malformed=broken > 0,
        over=(lambda paths: _json_relation(_json_objects(paths, plain.format, named=True), pointers))
        if plain.format == "json_lines" and not is_nested
        else None,
        described=described,
    )


def _json_objects(paths: Sequence[Path], format_name: str, *, named: bool = False) -> str:
    layout = {"json_lines": "newline_delimited", "json_array": "array", "json_objects": "unstructured"}[format_name]
    # Lines stand alone, so a broken one costs itself; a broken array or object leaves nothing to go on.
    tolerant = ", ignore_errors = true" if layout == "newline_delimited" else ""
    filename = ", filename = true" if named else ""
    return f"read_json_objects({_listed(paths)}, format = '{layout}', compression = 'uncompressed'{tolerant}{filename})"


def _json_relation(objects: str, pointers: Sequence[str]) -> str:
    listed = ", ".join(quote(pointer) for pointer in pointers)
    return f"(select *, json_extract_string(json, [{listed}]) as v from {objects})"


def _merged(structures: list[Any]) -> Tree | None:
    """The keys of all these objects; None where one is no object, so that none of them can be spread out."""
    structures = [structure for structure in structures if structure not in ("NULL", {})]
    if not structures or not all(isinstance(structure, dict) for structure in structures):
        return None
    below: dict[str, list[Any]] = {}
    for structure in structures:
        for key, value in structure.items():
            below.setdefault(key, []).append(value)
    return {key: _merged(below[key]) for key in sorted(below)}


def _open_parquet(
    connection: duckdb.DuckDBPyConnection, path: Path, table: Table, described: dict[str, Any]
) -> Reading | None:
    relation = f"read_parquet({quote(str(path))})"
    try:
        tree = _parquet_tree(connection, f"select * from {relation}")
        [(records,)] = connection.execute(f"select count(*) from {relation}").fetchall()
        columns = columns_of(tree, table)
        names = [".".join(identifier(field) for field in column.path) for column in columns]
        selected = ", ".join(f"{name} as c{i}" for i, name in enumerate(names))
        schema = connection.execute(f"describe select {selected} from {relation}").fetchall()
    except duckdb.Error as error:
        raise UnreadableFile(f"this Parquet file is broken or cut short: {first_line(error)}") from error
    headers = tuple(column.header for column in columns)
    mapping = _mapped(headers, table)
    if not records:
        return None
    types = [data_type for _, data_type, *_ in schema]
    originals = tuple(names)
    raw_bytes = {i for name, i in mapping.columns.items() if table.column(name).unit == "bytes"}
    for i, data_type in enumerate(types):
        # Texts by another name.
        if data_type in ("JSON", "UUID") or data_type.startswith("ENUM"):
            names[i], types[i] = f"{names[i]}::varchar", "VARCHAR"
        elif data_type == "BLOB" and i not in raw_bytes:
            names[i], types[i] = f"try(decode({names[i]}))", "VARCHAR"
    described |= mapping.told
    return Reading(
        format="parquet",
        path=path,
        headers=headers,
        mapping=mapping,
        relation=relation,
        values=tuple(names),
        types=tuple(types),
        originals=originals,
        over=lambda paths: f"read_parquet({_listed(paths)}, filename = true)",
        described=described,
    )


def _parquet_tree(connection: duckdb.DuckDBPyConnection, query: str) -> Tree:
    """The columns of a query, with the fields of structs below theirs."""
    tree: Tree = {}
    for name, data_type, *_ in connection.execute(f"describe {query}").fetchall():
        nested = data_type.startswith("STRUCT(") and not data_type.endswith("]")
        fields = f"select unnest({identifier(name)}) from ({query})"
        tree[name] = _parquet_tree(connection, fields) if nested else None
    return tree


def _open_workbook(plain: Plain, table: Table, described: dict[str, Any]) -> Reading | None:
    sheet = read_sheet(plain.path, plain.scratch, table)
    if sheet is None:
        return None
    described |= {"sheet": sheet.name, "header_line": sheet.header_row}
    if any(sheet.preamble):
        described["preamble"] = _told(sheet.preamble)
    described |= sheet.mapping.told
    names = tuple(f"c{i}" for i in range(len(sheet.headers)))
    return Reading(
        format=sheet.format,
        path=sheet.path,
        headers=sheet.headers,
        mapping=sheet.mapping,
        relation=f"read_parquet({quote(str(sheet.path))})",
        values=names,
        types=("VARCHAR",) * len(names),
        originals=names,
        line=ROW_NUMBER,
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
