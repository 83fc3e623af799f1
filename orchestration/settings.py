"""One frozen settings object: every path and variable of Funnelhouse, read in one place.

Belongs here: where things stand and how a company configures them. Does not belong here: what is done with them.
Nothing else in the code base reads the environment.
"""

from __future__ import annotations

import contextlib
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from zoneinfo import ZoneInfo

PROJECT_ROOT = Path(__file__).resolve().parent.parent

_TRUE = {"1", "true", "yes", "on"}
_FALSE = {"", "0", "false", "no", "off"}


class SettingsError(ValueError):
    """A variable has a value that Funnelhouse cannot use; the message names the variable."""


@dataclass(frozen=True)
class Settings:
    """Where things stand and how they are read.

    Attributes:
        extracts: folder or fsspec URL with `<source>/<table>` files.
        home: folder of the warehouse and of all that is published.
        reporting_timezone: IANA zone in which events are dated.
        reporting_currency: ISO 4217 code of every `*_reporting` amount.
        publish_pii: publish e-mails, phones and names in the clear.
        pii_key: secret of the keyed hashes; None means the one kept in the home.
        as_of_at: overrides the clock (`YYYY-MM-DD HH:MM:SS`, UTC); None means the newest observed event.
        memory_limit: DuckDB memory limit such as `8GB`; None means DuckDB's own default.
        threads: DuckDB threads; None means one per core.
    """

    extracts: str
    home: Path
    reporting_timezone: str = "Europe/Paris"
    reporting_currency: str = "EUR"
    publish_pii: bool = False
    pii_key: str | None = field(default=None, repr=False)
    as_of_at: str | None = None
    memory_limit: str | None = None
    threads: int | None = None
    project_root: Path = PROJECT_ROOT

    @classmethod
    def from_environment(
        cls,
        environment: Mapping[str, str] | None = None,
        *,
        extracts: str | None = None,
        home: str | Path | None = None,
        publish_pii: bool | None = None,
    ) -> Settings:
        """Read `FUNNELHOUSE_*` variables; arguments that are given win over them.

        Raises:
            SettingsError: a variable has a value that cannot be used.
        """
        variables = os.environ if environment is None else environment

        def read(name: str) -> str | None:
            return variables.get(f"FUNNELHOUSE_{name}") or None

        threads = read("THREADS")
        if threads is not None and not (threads.isdigit() and int(threads) > 0):
            raise SettingsError(f"FUNNELHOUSE_THREADS must be a positive whole number, not {threads!r}.")
        timezone = read("REPORTING_TIMEZONE") or cls.reporting_timezone
        try:
            ZoneInfo(timezone)
        except (KeyError, ValueError) as error:
            raise SettingsError(
                f"FUNNELHOUSE_REPORTING_TIMEZONE must be an IANA zone such as Europe/Paris, not {timezone!r}."
            ) from error
        currency = (read("REPORTING_CURRENCY") or cls.reporting_currency).upper()
        if not (len(currency) == 3 and currency.isalpha()):
            raise SettingsError(
                f"FUNNELHOUSE_REPORTING_CURRENCY must be an ISO 4217 code such as EUR, not {currency!r}."
            )
        if publish_pii is None:
            publish_pii = _read_boolean("FUNNELHOUSE_PUBLISH_PII", read("PUBLISH_PII") or "")
        return cls(
            extracts=extracts or read("EXTRACTS") or str(PROJECT_ROOT / "seeds" / "extracts"),
            home=Path(home or read("HOME") or PROJECT_ROOT / ".funnelhouse").expanduser().absolute(),
            reporting_timezone=timezone,
            reporting_currency=currency,
            publish_pii=publish_pii,
            pii_key=read("PII_KEY"),
            as_of_at=read("AS_OF_AT"),
            memory_limit=read("MEMORY_LIMIT"),
            threads=int(threads) if threads else None,
        )

    @property
    def warehouse(self) -> Path:
        """The work in progress; only the pipeline opens it."""
        return self.home / "warehouse.duckdb"

    @property
    def published(self) -> Path:
        """What BI tools read: `marts.duckdb`, `parquet/`, `manifest.json`."""
        return self.home / "published"

    @property
    def data_docs(self) -> Path:
        """The Great Expectations site."""
        return self.home / "data_docs"

    @property
    def dagster_home(self) -> Path:
        """Storage of the Dagster instance."""
        return self.home / "dagster"

    @property
    def dbt_project(self) -> Path:
        """The dbt project's folder."""
        return self.project_root / "dbt_project"

    @property
    def dbt_target(self) -> Path:
        """dbt's artifacts and logs: in the home, so that two homes never share a manifest."""
        return self.home / "dbt"

    def with_pii_key(self) -> Settings:
        """These settings with a key: the given one, else the one kept in the home, made at the first use."""
        if self.pii_key:
            return self
        key_file = self.home / "pii.key"
        if not key_file.exists():
            self.home.mkdir(parents=True, exist_ok=True)
            # Written whole or not at all: half a key would change every person_id at the next run.
            draft = key_file.with_suffix(f".{secrets.token_hex(4)}")
            draft.touch(mode=0o600)
            draft.write_text(secrets.token_hex(32))
            with contextlib.suppress(FileNotFoundError):
                draft.rename(key_file) if not key_file.exists() else draft.unlink()
        return replace(self, pii_key=key_file.read_text().strip())


def _read_boolean(name: str, value: str) -> bool:
    if value.lower() in _TRUE:
        return True
    if value.lower() in _FALSE:
        return False
    raise SettingsError(f"{name} must be true or false, not {value!r}.")
