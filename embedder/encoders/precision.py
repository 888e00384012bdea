"""The numeric precision that a model runs at: a rule, so that it never depends on a measurement.

A library records the precision of its vectors. Two builds on one machine must agree, however
busy it is, so the choice follows from the processor and the model package alone.

Measured on an AMD EPYC (Zen 4, native bf16 and VNNI), processor time per call, against f32:
bf16 takes 0.57 to 0.65 of it with a cosine of 0.99998 or more to the f32 vectors, int8 0.51 to
0.55 of it with a cosine of about 0.9994. int8 is 11 to 15 % faster than bf16, which is not worth
the lost accuracy; without native bf16, half the time is.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path

from embedder.records import Precision

# Flags of /proc/cpuinfo. OpenVINO emulates bf16 on processors without these, which is slow.
_BF16_FLAGS = frozenset({"avx512_bf16", "amx_bf16"})
_INT8_FLAGS = frozenset({"avx512_vnni", "avx_vnni"})
_CPUINFO = Path("/proc/cpuinfo")


def choose_precision(
    cpu_flags: Collection[str], capabilities: Collection[str], *, has_int8: bool
) -> Precision:
    """Return the precision for a processor and a model package.

    `capabilities` are OpenVINO's OPTIMIZATION_CAPABILITIES; `has_int8` says whether the package
    has int8 weights. bf16 where the processor has native instructions for it, else int8 where it
    has VNNI, else f32.
    """
    if "BF16" in capabilities and has_native_bf16(cpu_flags):
        return "bf16"
    if has_int8 and not _INT8_FLAGS.isdisjoint(cpu_flags):
        return "int8"
    return "f32"


def has_native_bf16(cpu_flags: Collection[str]) -> bool:
    """Return whether a processor with these flags has instructions for bf16."""
    return not _BF16_FLAGS.isdisjoint(cpu_flags)


def read_cpu_flags() -> frozenset[str]:
    """Return the processor's flags as Linux lists them; empty on other systems."""
    with suppress(OSError):
        for line in _CPUINFO.read_text(encoding="ascii", errors="replace").splitlines():
            name, _, flags = line.partition(":")
            if name.strip() in ("flags", "Features"):
                return frozenset(flags.split())
    return frozenset()


def fingerprint_at(model_sha256: str, precision: Precision) -> str:
    """Return a SHA-256 (hex) that tells apart the vectors of a model at different precisions.

    `model_sha256` is the fingerprint of the model's files.
    """
    return hashlib.sha256(f"{model_sha256} {precision}\n".encode()).hexdigest()
