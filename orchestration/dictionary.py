"""The data dictionary: dbt's documentation of every model and column as one self-contained page (`make docs`).

Belongs here: where the page is written. Does not belong here: descriptions; they stand beside the models.
"""

from __future__ import annotations

from pathlib import Path

import typer

from orchestration.settings import Settings
from orchestration.transformation import run_dbt


def write_dictionary(settings: Settings) -> Path:
    """Write the page into the home; the warehouse must have been built once, for dbt reads its column types.

    Raises:
        DbtFailed: the project cannot be compiled.
    """
    run_dbt(settings, "docs generate", arguments=["--static"]).raise_for_failure()
    return settings.dbt_target / "static_index.html"


if __name__ == "__main__":
    typer.echo(f"Data dictionary: {write_dictionary(Settings.from_environment().with_pii_key())}")
