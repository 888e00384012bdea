"""What holds for all unit tests."""

from __future__ import annotations

from pathlib import Path

import pytest

_ALL_SLOW = "pytestmark = pytest.mark.slow"


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leave modules whose tests are all slow out of `make quick` before they are imported.

    Those that run torch take seconds to import.
    """
    if config.option.markexpr != "not slow" or collection_path.suffix != ".py":
        return None
    return True if _ALL_SLOW in collection_path.read_text("utf-8") else None
