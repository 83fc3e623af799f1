"""What the steps need: the pipeline (with the writer lock held for the whole run) and its observer.

Belongs here: construction and release. Does not belong here: the steps themselves (`pipeline.py`).
"""

from __future__ import annotations

from collections.abc import Iterator

import dagster as dg

from orchestration.pipeline import Pipeline
from orchestration.settings import Settings
from orchestration.warehouse import writer_lock


def pipeline_resource(settings: Settings) -> dg.ResourceDefinition:
    """The pipeline over `settings`, watched by the resource `observer`.

    One is made per run: the executor is in-process, so the lock is held from the first step to the last.
    """

    @dg.resource(required_resource_keys={"observer"}, description="The steps of one run, lock in hand.")
    def pipeline(context: dg.InitResourceContext) -> Iterator[Pipeline]:
        with writer_lock(settings):
            yield Pipeline(settings, context.resources.observer)

    return pipeline
