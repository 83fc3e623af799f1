"""What a file is, told from its content, and a plain UTF-8 or Parquet copy of it that DuckDB can read.

Belongs here: magic bytes, decompression, archives, character sets. Does not belong here: delimiters and headers
(`dialect`), or the sheets of a workbook (`workbooks`).
"""

from __future__ import annotations

import codecs
import json
import shutil
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

HEAD_BYTES = 1 << 18
_CHUNK = 1 << 22

_COMPRESSIONS = {b"\x1f\x8b": "gzip", b"\x28\xb5\x2f\xfd": "zstd"}
_ZIP = b"PK\x03\x04"
_OLD_EXCEL = b"\xd0\xcf\x11\xe0"
# What the module raises over archives that are damaged, encrypted or packed in another way.
_BROKEN_ZIP = (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError, NotImplementedError, ValueError)
_UNREADABLE = (
    (b"PK\x05\x06", "an empty ZIP archive"),
    (b"\x89PNG", "a PNG image, not a table"),
    (b"\xff\xd8\xff", "a JPEG image, not a table"),
    (b"GIF8", "a GIF image, not a table"),
    (b"%PDF", "a PDF document, not a table"),
    (b"SQLite format 3", "an SQLite database, not a table"),
    (b"Obj\x01", "an Avro file, which is not read; save it as Parquet"),
    (b"ORC", "an ORC file, which is not read; save it as Parquet"),
    (b"BZh", "compressed with bzip2, which is not read; use gzip or zstd"),
    (b"\xfd7zXZ", "compressed with xz, which is not read; use gzip or zstd"),
)


class UnreadableFile(ValueError):
    """A file cannot be read; the message says what it is or lacks, and what to do."""


@dataclass(frozen=True)
class Plain:
    """A file in plain form.

    Attributes:
        path: local file: Parquet, or UTF-8 text without compression.
        format: `csv`, `json_lines`, `json_array`, `json_objects`, `parquet`, `workbook` or `empty`.
        encoding: character set that the text had.
        compression: `gzip`, `zstd`, `zip` or None.
        head: first characters of the text (up to 256 kB); empty for Parquet and workbooks.
        scratch: folder for further copies.
    """

    path: Path
    format: str
    encoding: str
    compression: str | None
    head: str
    scratch: Path


def plain(path: Path, scratch: Path, *, encoding: str | None = None) -> Plain:
    """Bring a file into plain form, with a copy in the scratch folder where it is compressed or not UTF-8.

    Args:
        path: the local file.
        scratch: folder for copies.
        encoding: character set to take instead of the one that the first bytes suggest.

    Raises:
        UnreadableFile: the content is no table, or the compression is broken.
    """
    compression = None
    head = _head(path)
    for magic, name in _COMPRESSIONS.items():
        if head.startswith(magic):
            # DuckDB reads a truncated gzip up to the cut without a word, and reads any gzip on one core only.
            path, compression = _decompressed(path, scratch, name), name
            head = _head(path)
            break
    if head.startswith(_ZIP) and not _is_workbook(path):
        if compression:
            raise UnreadableFile("this is a ZIP archive within another archive; unpack it")
        path, compression = _unzipped(path, scratch), "zip"
        head = _head(path)
    if head.startswith(b"PAR1"):
        return Plain(path, "parquet", "", compression, "", scratch)
    if head.startswith((_ZIP, _OLD_EXCEL)):
        return Plain(path, "workbook", "", compression, "", scratch)
    for magic, what in _UNREADABLE:
        if head.startswith(magic):
            raise UnreadableFile(f"this is {what}")
    encoding = encoding or _encoding(head)
    if encoding not in ("utf-8", "utf-8-sig"):
        path = _transcoded(path, scratch, encoding)
        head = _head(path)
    whole = len(head) < HEAD_BYTES
    text = codecs.getincrementaldecoder("utf-8-sig")("replace").decode(head, final=whole)
    return Plain(path, _text_format(text, whole), encoding, compression, text, scratch)


def with_unix_lines(path: Path, scratch: Path) -> Path:
    """A copy whose lines all end with a line feed, for files that mix line ends."""
    copy = scratch / "unix_lines"
    with (
        path.open(encoding="utf-8", newline="") as source,
        copy.open("w", encoding="utf-8", newline="") as target,
    ):
        carry = ""
        while chunk := source.read(_CHUNK):
            chunk = carry + chunk
            carry = "\r" if chunk.endswith("\r") else ""
            target.write(chunk.removesuffix("\r").replace("\r\n", "\n"))
        target.write(carry)
    return copy


def without_start(path: Path, scratch: Path, start: int) -> Path:
    """A copy without the first bytes, for texts that say something before their header."""
    copy = scratch / "without_preamble"
    with path.open("rb") as source, copy.open("wb") as target:
        source.seek(start)
        shutil.copyfileobj(source, target, _CHUNK)
    return copy


def _head(path: Path) -> bytes:
    with path.open("rb") as stream:
        return stream.read(HEAD_BYTES)


def _decompressed(path: Path, scratch: Path, compression: str) -> Path:
    copy = scratch / "decompressed"
    try:
        with pa.input_stream(str(path), compression=compression) as source, copy.open("wb") as target:
            shutil.copyfileobj(source, target, _CHUNK)
    except OSError as error:
        if error.errno is not None:  # The disk's fault, not the file's.
            raise
        raise UnreadableFile(
            f"the {compression} compression is broken or cut short ({str(error).strip()}); export or copy it again"
        ) from error
    return copy


def _is_workbook(path: Path) -> bool:
    """Whether an archive is an Excel or OpenDocument workbook; a broken archive is none."""
    try:
        with zipfile.ZipFile(path) as archive:
            names = set(archive.namelist())
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        return False
    return "content.xml" in names or any(name.startswith("xl/workbook") for name in names)


def _unzipped(path: Path, scratch: Path) -> Path:
    copy = scratch / "unzipped"
    try:
        with zipfile.ZipFile(path) as archive:
            members = [m for m in archive.infolist() if not m.is_dir() and _is_content(m.filename)]
            if len(members) == 1:
                with archive.open(members[0]) as source, copy.open("wb") as target:
                    shutil.copyfileobj(source, target, _CHUNK)
    except _BROKEN_ZIP as error:
        if isinstance(error, OSError) and error.errno is not None:  # The disk's fault, not the file's.
            raise
        raise UnreadableFile(
            f"this ZIP archive is broken, cut short or locked ({error}); export or copy it again"
        ) from error
    if len(members) != 1:
        names = ", ".join(member.filename for member in members[:5]) or "none"
        raise UnreadableFile(
            f"this is a ZIP archive with {len(members)} files ({names}), where one table is expected; unpack it into"
            " the table's folder"
        )
    return copy


def _is_content(name: str) -> bool:
    """Whether a member is more than what macOS leaves in an archive."""
    return not name.startswith("__MACOSX/") and not name.rsplit("/", 1)[-1].startswith(".")


def _encoding(head: bytes) -> str:
    if head.startswith(codecs.BOM_UTF8):
        return "utf-8-sig"
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    if b"\0" in head:
        # UTF-16 without a mark: every other byte of Western text is NUL.
        even, odd = head[0:400:2].count(0), head[1:400:2].count(0)
        if odd > 100 or (odd and not even and len(head) < 400):
            return "utf-16-le"
        if even > 100 or (even and not odd and len(head) < 400):
            return "utf-16-be"
        raise UnreadableFile("this is binary data, not a table")
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head, final=len(head) < HEAD_BYTES)
    except UnicodeDecodeError:
        return "cp1252"
    return "utf-8"


def _transcoded(path: Path, scratch: Path, encoding: str) -> Path:
    copy = scratch / "utf8"
    try:
        _transcode(path, copy, encoding)
    except UnicodeDecodeError as error:
        if encoding != "cp1252":
            raise UnreadableFile(f"this is no {encoding} text: {error.reason}; save it as UTF-8") from error
        # The five bytes that cp1252 leaves open; latin-1 knows every byte.
        _transcode(path, copy, "latin-1")
    return copy


def _transcode(path: Path, copy: Path, encoding: str) -> None:
    with (
        path.open(encoding=encoding, newline="") as source,
        copy.open("w", encoding="utf-8", newline="") as target,
    ):
        shutil.copyfileobj(source, target, _CHUNK)


def _text_format(head: str, whole: bool) -> str:
    start = head.lstrip()
    if not start:
        if whole:
            return "empty"
        raise UnreadableFile("the first 256 kB are blank; expected a header line")
    if start.startswith("<"):
        raise UnreadableFile("this is an HTML or XML page, not a table; the export was probably an error page")
    if start.startswith("["):
        return "json_array"
    if start.startswith("{"):
        line, newline, _ = start.partition("\n")
        try:
            json.loads(line)
        except ValueError:
            # A line longer than the head is one record; else the objects are spread over several lines.
            return "json_lines" if not newline and not whole else _objects_or_lines(start)
        return "json_lines"
    if "\0" in head:
        raise UnreadableFile("this is binary data, not a table")
    return "csv"


def _objects_or_lines(start: str) -> str:
    """A broken first line of JSON lines, or a record that is spread over several lines."""
    following = start.splitlines()[1:4]
    return "json_lines" if any(line.startswith("{") for line in following) else "json_objects"
