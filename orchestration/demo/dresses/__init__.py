"""The demo company in several dresses: one plan and one truth, written as different systems would hand it over.

Belongs here: how a planned table becomes files (`exports.py`, `delimited.py`, `workbook.py`) and which files
each dress has (`canonical.py`, `ui_exports_fr.py`). Does not belong here: what happens to the company.
`fivetran`, the dress of the bundled extracts, is how the plan itself is written (`writer.py`).
"""

from __future__ import annotations

from orchestration.demo.dresses.canonical import canonical
from orchestration.demo.dresses.exports import Dress
from orchestration.demo.dresses.ui_exports_fr import ui_exports_fr

FIVETRAN = "fivetran"

# Dresses that are made from the planned tables.
TAILORED: dict[str, Dress] = {"ui_exports_fr": ui_exports_fr, "canonical": canonical}
DRESSES = (FIVETRAN, *TAILORED)
