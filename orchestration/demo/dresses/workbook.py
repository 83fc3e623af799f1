"""Excel workbooks (XLSX) of one sheet, the same bytes for the same rows.

Belongs here: the few parts of Office Open XML (ECMA-376) that a table needs: texts, numbers, truth values, and dates
as the days since 1900 that Excel keeps. Does not belong here: which columns there are. Libraries for workbooks stamp
the time of writing into the file and go through cells one by one; here the engine writes all rows.
"""

from __future__ import annotations

import zipfile
from dataclasses import dataclass
from pathlib import Path
from xml.sax.saxutils import escape

import duckdb

_EPOCH = (1980, 1, 1, 0, 0, 0)
_HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_RELATIONS = "http://schemas.openxmlformats.org/package/2006/relationships"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_TYPES = "application/vnd.openxmlformats-officedocument.spreadsheetml"

_CONTENT_TYPES = (
    f'{_HEAD}<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    '<Default Extension="xml" ContentType="application/xml"/>'
    f'<Override PartName="/xl/workbook.xml" ContentType="{_TYPES}.sheet.main+xml"/>'
    f'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{_TYPES}.worksheet+xml"/>'
    f'<Override PartName="/xl/styles.xml" ContentType="{_TYPES}.styles+xml"/></Types>'
)
_PACKAGE = (
    f'{_HEAD}<Relationships xmlns="{_RELATIONS}">'
    f'<Relationship Id="rId1" Type="{_OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>'
)
_PARTS = (
    f'{_HEAD}<Relationships xmlns="{_RELATIONS}">'
    f'<Relationship Id="rId1" Type="{_OFFICE}/worksheet" Target="worksheets/sheet1.xml"/>'
    f'<Relationship Id="rId2" Type="{_OFFICE}/styles" Target="styles.xml"/></Relationships>'
)
# Styles of cells by their place: 0 plain, 1 a date, 2 a time.
_STYLES = (
    f'{_HEAD}<styleSheet xmlns="{_MAIN}"><numFmts count="2"><numFmt numFmtId="164" formatCode="dd/mm/yyyy"/>'
    '<numFmt numFmtId="165" formatCode="dd/mm/yyyy\\ hh:mm:ss"/></numFmts>'
    '<fonts count="1"><font/></fonts><fills count="1"><fill/></fills><borders count="1"><border/></borders>'
    '<cellStyleXfs count="1"><xf/></cellStyleXfs>'
    '<cellXfs count="3"><xf/><xf numFmtId="164" applyNumberFormat="1"/><xf numFmtId="165" applyNumberFormat="1"/>'
    "</cellXfs></styleSheet>"
)
_NUMBERS = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "UBIGINT", "DOUBLE", "FLOAT")


@dataclass(frozen=True)
class Workbook:
    """A workbook with one sheet of that name, the header in its first row."""

    sheet: str

    def write(self, engine: duckdb.DuckDBPyConnection, sql: str, target: Path) -> int:
        """Write the rows of a query and return their number; without rows no file is made."""
        described = engine.execute(f"describe {sql}").fetchall()
        cells = " || ".join(_cell('"' + name.replace('"', '""') + '"', data_type) for name, data_type, *_ in described)
        rows = engine.execute(f"select '<row>' || {cells} || '</row>' from ({sql})").to_arrow_table().column(0)
        if not len(rows):
            return 0
        header = "".join(f'<c t="inlineStr"><is><t>{escape(name)}</t></is></c>' for name, *_ in described)
        sheet = "".join(
            (
                f'{_HEAD}<worksheet xmlns="{_MAIN}"><sheetData><row>{header}</row>',
                *rows.to_pylist(),
                "</sheetData></worksheet>",
            )
        )
        book = (
            f'{_HEAD}<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}"><sheets>'
            f'<sheet name="{escape(self.sheet)}" sheetId="1" r:id="rId1"/></sheets></workbook>'
        )
        with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as package:
            for name, part in (
                ("[Content_Types].xml", _CONTENT_TYPES),
                ("_rels/.rels", _PACKAGE),
                ("xl/workbook.xml", book),
                ("xl/_rels/workbook.xml.rels", _PARTS),
                ("xl/styles.xml", _STYLES),
                ("xl/worksheets/sheet1.xml", sheet),
            ):
                # A date of its own: the time of writing would make two equal workbooks differ.
                entry = zipfile.ZipInfo(name, date_time=_EPOCH)
                entry.compress_type = zipfile.ZIP_DEFLATED
                package.writestr(entry, part)
        return len(rows)


def _cell(value: str, data_type: str) -> str:
    """SQL for a value as a cell; an empty one keeps its place."""
    if data_type == "DATE":
        cell = f"""'<c s="1"><v>' || date_diff('day', date '1899-12-30', {value}) || '</v></c>'"""
    elif data_type.startswith("TIMESTAMP"):
        days = f"(epoch({value}::timestamp) - epoch(timestamp '1899-12-30')) / 86400"
        cell = f"""'<c s="2"><v>' || ({days})::double || '</v></c>'"""
    elif data_type == "BOOLEAN":
        cell = f"""'<c t="b"><v>' || {value}::int || '</v></c>'"""
    elif data_type in _NUMBERS or data_type.startswith("DECIMAL"):
        cell = f"""'<c><v>' || {value} || '</v></c>'"""
    else:
        safe = f"replace(replace(replace({value}::varchar, '&', '&amp;'), '<', '&lt;'), '>', '&gt;')"
        cell = f"""'<c t="inlineStr"><is><t xml:space="preserve">' || {safe} || '</t></is></c>'"""
    return f"coalesce({cell}, '<c/>')"
