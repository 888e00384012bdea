"""Find a model's files in the model hub's local cache, or download them."""

from __future__ import annotations

import os
from pathlib import Path

from embedder.errors import ModelNotFound

# The files that determine a model's vectors.
MODEL_FILES = ("*.safetensors", "*.json", "*.txt", "*.model")


def is_offline() -> bool:
    """Return whether the hub must not be asked (HF_HUB_OFFLINE)."""
    return os.environ.get("HF_HUB_OFFLINE", "").lower() in ("1", "true", "yes", "on")


def hub_folder(model: str, *, download: bool) -> Path:
    """Return the folder of a hub model's files in the local cache.

    With `download` they are downloaded first where the cache lacks them and the hub may be asked.

    Raises ModelNotFound if they cannot be had.
    """
    # Imported here: it takes long, and most models come from elsewhere.
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError

    missing = ModelNotFound(f"the model hub has no {model!r} that can be had")
    patterns = [*MODEL_FILES, "*/*.json", "*/*.safetensors"]
    try:
        return Path(snapshot_download(model, allow_patterns=patterns, local_files_only=True))
    except HFValidationError as error:
        raise missing from error
    except (OSError, ValueError):
        if not download or is_offline():
            raise missing from None
    try:
        return Path(snapshot_download(model, allow_patterns=patterns))
    except (OSError, ValueError, HfHubHTTPError) as error:
        raise missing from error
