"""Prepare a model: convert it for OpenVINO and check it, once.

This takes about ten seconds and torch, so it is a step of its own: a build and a starting server
call `prepare`, and `loading.load_encoder` only uses what is there.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path

from filelock import FileLock

from embedder.encoders.loading import DEFAULT_MODEL, files_of
from embedder.encoders.model_files import ModelFiles, read_refusal
from embedder.encoders.openvino_package import check_files, read_config
from embedder.encoders.readers import ReaderName
from embedder.errors import EncoderError
from embedder.progress import NoProgress, Progress

# The units of the step that is shown: load, convert, compare, compress, compare again.
UNITS = 5

log = logging.getLogger("fingerpost")


def prepare(
    model: str = DEFAULT_MODEL,
    progress: Progress | None = None,
    *,
    reader: ReaderName | None = None,
) -> None:
    """Convert and check a model and keep it in the cache, unless that is done already.

    Of one of ours all readers that a library needs are prepared: that of documents, `reader`,
    which reads the questions, and that of other languages where it can be had.

    One step, "Preparing", is shown. A model that cannot be converted is remembered, with the
    reason, and runs on torch; a cache that cannot be written to costs speed only: both are logged.
    Of several processes one prepares and the others wait.

    Raises ModelNotFound, ModelChanged or EncoderError as `load_encoder` does.
    """
    wanted = [files for files in files_of(model, reader) if not _done(files)]
    if not wanted:
        return
    with (progress or NoProgress()).step("Preparing", UNITS * len(wanted)) as advance:
        for files in wanted:
            _prepare_once(files, _Stages(advance))


def _prepare_once(files: ModelFiles, stages: _Stages) -> None:
    """Prepare a model in this process, unless another one does so at this time."""
    try:
        files.package.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(files.package.with_name(f"{files.package.name}.lock")):
            if not _done(files):
                _prepare(files, stages)
    except OSError as error:
        log.warning("The prepared model %s cannot be kept: %s", files.name, error)


def is_prepared(model: str = DEFAULT_MODEL) -> bool:
    """Return whether `prepare` has nothing to do, because it is done or was refused before.

    Raises ModelNotFound, ModelChanged or EncoderError as `load_encoder` does.
    """
    return all(_done(files) for files in files_of(model))


class _Stages:
    """Advances a progress step to a stage, once: a stage may be reached again on another way."""

    def __init__(self, advance: Callable[[int], None]) -> None:
        self._advance = advance
        self._reached = 0

    def __call__(self, stage: int) -> None:
        if stage > self._reached:
            self._advance(stage - self._reached)
            self._reached = stage


def _done(files: ModelFiles) -> bool:
    return read_refusal(files) is not None or _is_whole(files.package)


def _is_whole(package: Path) -> bool:
    """Return whether all files of a package are as they were written."""
    try:
        config = read_config(package)
        check_files(package, config, config.files)
    except EncoderError:
        return False
    return True


def _prepare(files: ModelFiles, reach: Callable[[int], None]) -> None:
    # Imported here: torch takes seconds.
    from embedder.encoders.openvino_export import convert
    from embedder.encoders.torch_encoder import TorchEncoder

    with files.open_folder() as folder:
        encoder = TorchEncoder(files.name, folder, files.sha256)
    reach(1)
    try:
        convert(encoder, files.package, lambda stage: reach(1 + stage))
    except EncoderError as error:
        log.warning("The model %s cannot be prepared: %s", files.name, error)
        # It would end the same way every time.
        files.refusal.write_text(f"{error}\n", encoding="utf-8")
