"""Standard normal noise, as the report's program draws it."""

import numpy as np
import torch


def noise(points: int, seed: int) -> np.ndarray:
    """Numbers for the coordinates, (3, points) float32, drawn for x, then y, then z."""
    generator = torch.Generator().manual_seed(seed)
    return torch.stack([torch.randn(points, generator=generator) for _ in range(3)]).numpy()
