"""One demo company, written once for all of its tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from extracted_company import Extracts

from orchestration.demo.generate import DemoSummary, generate


@pytest.fixture(scope="session")
def written(tmp_path_factory: pytest.TempPathFactory) -> DemoSummary:
    return generate(tmp_path_factory.mktemp("demo"))


@pytest.fixture(scope="session")
def company(written: DemoSummary) -> Iterator[Extracts]:
    found = Extracts(written.extracts, written.truth)
    yield found
    found.connection.close()
