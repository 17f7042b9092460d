"""Colours as light, where lights add, and light as bytes."""

from __future__ import annotations

import numpy as np

from mixtape.palette import oklab_to_srgb
from mixtape.types import ByteArray, FloatArray


def linear(lab: FloatArray) -> FloatArray:
    """OKLab (..., 3) as linear light (..., 3)."""
    encoded = oklab_to_srgb(lab).astype(np.float32) / 255
    return np.where(encoded <= 0.04045, encoded / 12.92, ((encoded + 0.055) / 1.055) ** 2.4).astype(np.float32)


def to_bytes(light: FloatArray) -> ByteArray:
    """Linear light (..., 3) as sRGB bytes; what is brighter than paper rolls off softly."""
    soft = np.where(light > 0.6, 0.6 + 0.4 * (1 - np.exp(-(light - 0.6) / 0.4)), np.maximum(light, 0))
    encoded = np.where(soft <= 0.0031308, 12.92 * soft, 1.055 * soft ** (1 / 2.4) - 0.055)
    return np.asarray(np.rint(encoded * 255), dtype=np.uint8)
