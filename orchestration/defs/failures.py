"""Which errors are worth another try, and what a failed step says in the UI.

Belongs here: the translation of errors into Dagster's terms. Does not belong here: the errors themselves.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import dagster as dg
import duckdb

# A network share or an object store may be back in a few seconds; a rejected file or a full disk may not.
RETRIES = dg.RetryPolicy(max_retries=2, delay=5, backoff=dg.Backoff.EXPONENTIAL)
_TRANSIENT = (ConnectionError, TimeoutError, InterruptedError, duckdb.HTTPException)


def is_transient(error: BaseException) -> bool:
    """Whether the same step may well succeed a few seconds later."""
    return isinstance(error, _TRANSIENT) or (
        type(error).__module__.split(".")[0] in {"aiohttp", "botocore", "google", "azure"}
    )


@contextmanager
def explained() -> Iterator[None]:
    """Let transient errors through to the retry policy; end the run at once on all others."""
    try:
        yield
    except (dg.Failure, dg.RetryRequested, GeneratorExit):
        raise
    except Exception as error:
        if is_transient(error):
            raise
        raise dg.Failure(description=str(error), allow_retries=False) from error
