"""Publishing: the finished marts become the files that everybody else reads.

Belongs here: the published copy (personal data, DuckDB file, Parquet, manifest) and its atomic exchange.
Does not belong here: how marts are computed (dbt) and whether they are good enough (expectations).
"""

from orchestration.publishing.publish import PublishedMart, PublishedRelease, PublishFailed, publish

__all__ = ["PublishFailed", "PublishedMart", "PublishedRelease", "publish"]
