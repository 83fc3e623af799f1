"""What `dagster dev` loads; everything is built by `defs.build.build_definitions`."""

import dagster as dg

from orchestration.defs.build import build_definitions
from orchestration.settings import Settings


@dg.definitions
def funnelhouse() -> dg.Definitions:
    """Funnelhouse over the configured home; the environment is read when this is called, not at import."""
    return build_definitions(Settings.from_environment())
