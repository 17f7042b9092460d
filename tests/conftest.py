"""Switches of the test run."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--slow", action="store_true", help="run the slow tests too")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if config.getoption("--slow"):
        return
    for item in items:
        if "slow" in item.keywords:
            item.add_marker(pytest.mark.skip(reason="slow: ask for it with --slow"))


@pytest.fixture(autouse=True)
def maps_fitted_here(monkeypatch: pytest.MonkeyPatch) -> None:
    """Maps are fitted in the test's own process, which saves a second each time; tests/test_apart.py is about the other one."""

    def here(work: Callable[..., Any], *given: Any, what: str, watch: Callable[..., None] | None = None, **named: Any) -> Any:
        return work(*given, **named, **({"watch": watch} if watch else {}))

    for room in ("fused", "fit"):
        monkeypatch.setattr(f"mixtape.maps.{room}.apart", here)
