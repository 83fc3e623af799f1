"""A cheap fingerprint of the extracts, for the sensor: names, sizes and times, no content.

Belongs here: listing a local folder or an fsspec URL. Does not belong here: reading files (`ingestion/`).
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

# What S3, Google Cloud Storage, Azure and local folders call the version of a file.
_VERSIONS = ("ETag", "etag", "md5Hash", "LastModified", "last_modified", "mtime", "created")


class ExtractsUnreachable(RuntimeError):
    """The extracts cannot be listed; the message says where they were looked for and why."""


def fingerprint_of_extracts(location: str) -> str:
    """Changes when a file below `location` (folder or fsspec URL) is added, changed or removed.

    Raises:
        ExtractsUnreachable: there is no such folder, or the store does not answer.
    """
    try:
        entries = sorted(_remote(location) if "://" in location else _local(Path(location)))
    except Exception as error:
        raise ExtractsUnreachable(f"Cannot list the extracts in {location}: {error}") from error
    return hashlib.sha256("\n".join(entries).encode()).hexdigest()[:16]


def _local(root: Path) -> Iterator[str]:
    if not root.is_dir():
        raise FileNotFoundError("there is no such folder")
    # os.walk and not rglob: folders are skipped without a stat each.
    for folder, _, files in os.walk(root):
        for name in files:
            path = Path(folder, name)
            stat = path.stat()
            yield f"{path.relative_to(root)}|{stat.st_size}|{stat.st_mtime_ns}"


def _remote(url: str) -> Iterator[str]:
    import fsspec

    system, path = fsspec.core.url_to_fs(url)
    found = system.find(path, detail=True)
    if not found and not system.exists(path):
        raise FileNotFoundError("there is no such folder")
    for name, detail in found.items():
        version = next((detail[key] for key in _VERSIONS if key in detail), "")
        yield f"{name}|{detail.get('size')}|{version}"
