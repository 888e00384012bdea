"""The model hub: its local cache first, then a download, where the hub may be asked."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from embedder.encoders.hub import hub_folder, is_offline
from embedder.errors import ModelNotFound

Cached = Callable[..., Path]


def test_a_model_in_the_cache_is_found(cached: Cached) -> None:
    folder = cached("someone/a-model", {"model.safetensors": b"weights"})
    for download in (False, True):
        assert hub_folder("someone/a-model", download=download) == folder


@pytest.mark.usefixtures("offline", "cached")
@pytest.mark.parametrize("name", ["someone/no-model", "no-model", "no model", "a/b/c", ""])
def test_a_model_that_is_nowhere_is_named(name: str) -> None:
    for download in (False, True):  # HF_HUB_OFFLINE is set
        with pytest.raises(ModelNotFound) as caught:
            hub_folder(name, download=download)
        assert caught.value.message == f"the model hub has no {name!r} that can be had"


class Hub:
    """Stands in for the hub: `found` is what it gives, an error or a folder, in turn."""

    def __init__(self, *found: Exception | str) -> None:
        self.found = list(found)
        self.asked: list[dict[str, Any]] = []

    def __call__(self, model: str, **arguments: Any) -> str:
        self.asked.append({"model": model, **arguments})
        found = self.found.pop(0)
        if isinstance(found, Exception):
            raise found
        return found


def test_what_the_cache_lacks_is_downloaded_without_pickles(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    hub = Hub(FileNotFoundError(), str(tmp_path))
    monkeypatch.setattr("huggingface_hub.snapshot_download", hub)
    monkeypatch.delenv("HF_HUB_OFFLINE")
    assert hub_folder("someone/a-model", download=True) == tmp_path
    cache, download = hub.asked
    assert cache["local_files_only"]
    assert not download.get("local_files_only")
    patterns = download["allow_patterns"]
    assert "*.safetensors" in patterns
    assert not [each for each in patterns if each.endswith(("bin", "pt", "pkl", "*"))]


def test_nothing_is_downloaded_unless_that_is_wanted(monkeypatch: pytest.MonkeyPatch) -> None:
    hub = Hub(FileNotFoundError())
    monkeypatch.setattr("huggingface_hub.snapshot_download", hub)
    monkeypatch.delenv("HF_HUB_OFFLINE")
    with pytest.raises(ModelNotFound):
        hub_folder("someone/a-model", download=False)
    assert len(hub.asked) == 1


def test_a_download_that_fails_is_a_model_that_is_not_there(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    hub = Hub(FileNotFoundError(), ConnectionError("no route"))
    monkeypatch.setattr("huggingface_hub.snapshot_download", hub)
    monkeypatch.delenv("HF_HUB_OFFLINE")
    with pytest.raises(ModelNotFound, match="has no 'someone/a-model' that can be had"):
        hub_folder("someone/a-model", download=True)


@pytest.mark.parametrize(
    ("value", "offline"),
    [("1", True), ("true", True), ("YES", True), ("on", True), ("0", False), ("", False)],
)
def test_the_hubs_own_setting_says_whether_it_may_be_asked(
    monkeypatch: pytest.MonkeyPatch, value: str, offline: bool
) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", value)
    assert is_offline() is offline
    monkeypatch.delenv("HF_HUB_OFFLINE")
    assert not is_offline()
