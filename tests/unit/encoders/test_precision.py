"""Which precision a model runs at, and what tells the vectors of two precisions apart."""

from __future__ import annotations

from pathlib import Path

import pytest

from embedder.encoders.precision import (
    choose_precision,
    fingerprint_at,
    read_cpu_flags,
)
from embedder.records import Precision

OPENVINO = ("FP32", "BF16", "INT8", "BIN", "EXPORT_IMPORT")


@pytest.mark.parametrize(
    ("flags", "capabilities", "has_int8", "wanted"),
    [
        ("avx512f avx512_vnni avx512_bf16", OPENVINO, True, "bf16"),
        ("avx512f avx512_vnni avx512_bf16", OPENVINO, False, "bf16"),
        ("avx512_vnni amx_bf16", OPENVINO, True, "bf16"),
        # OpenVINO would emulate it.
        ("avx512f avx512_vnni", OPENVINO, True, "int8"),
        ("avx512_bf16 avx512_vnni", ("FP32", "INT8"), True, "int8"),
        ("avx2 avx_vnni", ("FP32", "INT8"), True, "int8"),
        ("avx512f avx512_vnni", OPENVINO, False, "f32"),
        ("avx2 fma", OPENVINO, True, "f32"),
        ("", (), True, "f32"),
    ],
)
def test_the_precision_follows_a_rule(
    flags: str, capabilities: tuple[str, ...], has_int8: bool, wanted: Precision
) -> None:
    assert choose_precision(flags.split(), capabilities, has_int8=has_int8) == wanted


@pytest.mark.parametrize(
    ("content", "wanted"),
    [
        ("processor\t: 0\nflags\t\t: fpu avx2\n\nflags\t: other\n", {"fpu", "avx2"}),
        ("Features\t: fp asimd bf16\n", {"fp", "asimd", "bf16"}),
        ("vmx flags\t: vnmi\nmodel name\t: none\n", set()),
        ("flags\t\t:\n", set()),
        (None, set()),
    ],
)
def test_flags_are_those_of_the_first_processor(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: str | None, wanted: set[str]
) -> None:
    path = tmp_path / "cpuinfo"
    if content is not None:
        path.write_text(content)
    monkeypatch.setattr("embedder.encoders.precision._CPUINFO", path)
    assert read_cpu_flags() == wanted


def test_a_fingerprint_tells_models_and_precisions_apart() -> None:
    precisions: tuple[Precision, ...] = ("f32", "bf16", "int8")
    found = {fingerprint_at(model, each) for model in ("a" * 64, "b" * 64) for each in precisions}
    assert len(found) == 6
    assert {len(each) for each in found} == {64}
    # SHA-256 of "a" * 64 + " f32\n", by coreutils' sha256sum.
    assert (
        fingerprint_at("a" * 64, "f32")
        == "b302bbb8a0b973bf43971de110885c2caebfb7f32da95ed035bd11627a381172"
    )
