"""Writing the demo company: a year of vendor-shaped extracts and, in a folder of its own, the truth
planted in them.

Belongs here: the public entry point, scales and formats. Does not belong here: the plans (`people.py`,
`lifecycle.py`, `web.py`,
`ads.py`, `money.py`) and the pipeline, which reads extracts and never this package.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from orchestration.demo.ads import write_ads
from orchestration.demo.channels import arrivals
from orchestration.demo.company import write_company_money
from orchestration.demo.crm import deal_rows, true_records
from orchestration.demo.draws import Draws
from orchestration.demo.dresses import DRESSES, FIVETRAN, TAILORED
from orchestration.demo.dresses.exports import DressedWriter
from orchestration.demo.hubspot import write_hubspot, write_reference
from orchestration.demo.legacy_crm import write_legacy_crm
from orchestration.demo.lifecycle import plan_lifecycle
from orchestration.demo.money import write_money
from orchestration.demo.people import LEADS_PER_ACCOUNT, make_accounts, make_people, prepare_engine
from orchestration.demo.truth import Truth
from orchestration.demo.web import write_web
from orchestration.demo.writer import FORMATS, Writer

LEADS = 3_000
SCALES = {"demo": 1.0, "S": 100_000 / LEADS, "M": 1_000_000 / LEADS}
_LEADS_PER_BLOCK = 50_000

# The bundled company shows every format, the small ones where there are many rows.
_BUNDLED_FORMATS = {
    ("web", "sessions"): "csv.gz",
    ("web", "form_submissions"): "csv.gz",
    ("ads", "performance_daily"): "csv.gz",
    ("hubspot", "company"): "csv.gz",
    ("hubspot", "deal_stage"): "csv.gz",
    ("email", "events"): "csv.gz",
    ("crm", "stage_history"): "jsonl",
    ("hubspot", "contact"): "csv.gz",
    ("hubspot", "contact_property_history"): "csv.gz",
    ("google_ads", "account_stats"): "csv.gz",
    ("google_ads", "campaign_stats"): "csv.gz",
    ("google_ads", "ad_group_stats"): "parquet",
}


class DemoError(ValueError):
    """The demo cannot be written as asked; the message says what to change."""


@dataclass(frozen=True)
class DemoSummary:
    """What was written.

    Attributes:
        extracts: folder of the extracts.
        truth: folder of the truth.
        files: number of extract files.
        rows: number of rows in the extracts.
        bytes: size of the extracts.
        leads: people who entered the funnel.
        touches: stitched touches, as planned.
        tables: rows by `source/table`.
    """

    extracts: Path
    truth: Path
    files: int
    rows: int
    bytes: int
    leads: int
    touches: int
    tables: dict[str, int]


def scale_of(scale: float | str) -> float:
    """The multiplier of a scale: a number, or one of `SCALES` (`demo`, `S`, `M`).

    Raises:
        DemoError: neither a known name nor a positive number.
    """
    if isinstance(scale, str) and scale in SCALES:
        return SCALES[scale]
    try:
        value = float(scale)
    except ValueError:
        value = 0.0
    if not 0.02 <= value <= 100_000:
        raise DemoError(f"A scale is one of {', '.join(SCALES)} or a number from 0.02 on, not {scale!r}.")
    return value


def generate(
    out: Path,
    *,
    scale: float | str = 1,
    seed: int = 20250101,
    truth: Path | None = None,
    file_format: str | None = None,
    dress: str = FIVETRAN,
) -> DemoSummary:
    """Write the demo company under `out`: `extracts/<source>/<table>.<ext>` and `truth/<name>.<ext>`.

    Args:
        out: an absent or empty folder.
        scale: a name of `SCALES` or a multiple of the bundled company (3,000 leads, 30,000 touches).
        seed: the same seed and scale give the same bytes.
        truth: another folder for the truth.
        file_format: `csv`, `csv.gz`, `jsonl` or `parquet` for every table; by default a mix up to scale 1,
        CSV beyond.
        dress: one of `DRESSES`: the same company and truth as connectors, export buttons or mapping queries
        give them.

    Raises:
        DemoError: an unknown scale, format or dress, a combination that there is not, or `out` already holds
        extracts.
    """
    factor = scale_of(scale)
    if file_format is not None and file_format not in FORMATS:
        raise DemoError(f"A format is one of {', '.join(FORMATS)}, not {file_format!r}.")
    if dress not in DRESSES:
        raise DemoError(f"A dress is one of {', '.join(DRESSES)}, not {dress!r}.")
    if dress in TAILORED and file_format is not None:
        raise DemoError(f"The dress {dress} has formats of its own: leave the format out, or take {FIVETRAN}.")
    if dress in TAILORED and factor * LEADS > _LEADS_PER_BLOCK:
        raise DemoError(f"The dress {dress} is for up to {_LEADS_PER_BLOCK:,} leads: take {FIVETRAN}.")
    out = Path(out)
    extracts, truth = out / "extracts", truth or out / "truth"
    for folder in (extracts, truth):
        if folder.exists() and any(folder.iterdir()):
            raise DemoError(f"{folder} is not empty: name another folder, or remove it first.")
    return write_company(extracts, truth, factor, seed, file_format, dress)


def write_company(
    extracts: Path, truth: Path, factor: float, seed: int, file_format: str | None, dress: str = FIVETRAN
) -> DemoSummary:
    """Write the company straight into the two folders; `generate` is the door with the checks."""
    accounts_wanted = max(round(LEADS * factor / LEADS_PER_ACCOUNT), 20)
    per_block = round(_LEADS_PER_BLOCK / LEADS_PER_ACCOUNT)
    blocks = -(-accounts_wanted // per_block)
    # A company a hundred times as large runs more campaigns, though not a hundred times as many.
    copies = max(1, round(factor**0.35)) if factor > 1 else 1
    formats = _BUNDLED_FORMATS if file_format is None and factor <= 1 else {}
    writer = (
        DressedWriter(extracts, TAILORED[dress])
        if dress in TAILORED
        else Writer(extracts, file_format or "csv", formats, blocks)
    )
    prepare_engine(writer.engine)
    found = arrivals(copies)
    planted = Truth(truth, "csv" if blocks == 1 else "parquet", blocks)
    write_reference(writer)
    write_company_money(writer, Draws(seed, 0, "company"), factor)
    spend = write_ads(writer, seed, factor, copies)
    next_account, next_person, next_deal, leads, touches = 1, 1, 1, 0, 0
    for block in range(blocks):
        count = min(per_block, accounts_wanted - block * per_block)
        accounts = make_accounts(Draws(seed, block, "accounts"), count, next_account)
        people = make_people(Draws(seed, block, "people"), accounts, next_person, found, writer.engine)
        lifecycle = plan_lifecycle(Draws(seed, block, "lifecycle"), accounts, people, found, next_deal)
        deals = deal_rows(Draws(seed, block, "deals"), accounts, people, lifecycle)
        write_hubspot(writer, Draws(seed, block, "hubspot"), accounts, people, lifecycle, found, deals, block)
        write_legacy_crm(writer, Draws(seed, block, "crm"), accounts, people, lifecycle, deals, block)
        records = true_records(writer, people, lifecycle)
        touched = write_web(writer, Draws(seed, block, "web"), people, lifecycle, found, block)
        revenue = write_money(writer, Draws(seed, block, "money"), accounts, people, lifecycle, block)
        planted.add_block(people, lifecycle, records, touched, revenue)
        next_account += count
        next_person += len(people)
        next_deal += len(lifecycle.opportunities.number)
        leads += int(people.is_lead.sum())
        touches += touched.count
    planted.finish(writer, spend)
    writer.finish()
    writer.engine.close()
    files = [path for path in extracts.rglob("*") if path.is_file()]
    return DemoSummary(
        extracts=extracts,
        truth=truth,
        files=len(files),
        rows=sum(writer.rows.values()),
        bytes=sum(path.stat().st_size for path in files),
        leads=leads,
        touches=touches,
        tables=dict(sorted(writer.rows.items())),
    )
