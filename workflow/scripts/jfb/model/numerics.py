"""The arithmetic that PyTorch is told to use, so that the same seed gives the same bytes."""

import os

import numpy as np
import torch
from torch import Tensor

from jfb.storage.errors import Refused


def pin(threads: int = 1) -> None:
    """Compute on so many threads, with matrix products that do not depend on the x86-64 CPU.

    Intel MKL chooses its kernels by the CPU: with or without fused multiply-add, in one order
    of summation or another. With MKL_CBWR (conditional numerical reproducibility) at
    COMPATIBLE it takes the ones that every x86-64 CPU has, which are also those behind the
    report's numbers. MKL reads the variable once, at its first call in a process: call this
    before any arithmetic. Where PyTorch is built without MKL it only sets the threads. Convolutions
    are oneDNN's, which chooses by the CPU: they are the same bytes on one machine only.
    """
    os.environ["MKL_CBWR"] = "COMPATIBLE"
    torch.set_num_threads(threads)


def use(device: str) -> None:
    """Make tensors on a device from here on, and take deterministic algorithms only.

    Args:
        device: cpu or cuda.

    Raises:
        jfb.storage.errors.Refused: there is no such device.
    """
    # `torch.use_deterministic_algorithms` does the same, and loads its compiler, for two seconds.
    torch.set_deterministic_debug_mode("error")
    # Of memory that is written before it is read.
    torch.utils.deterministic.fill_uninitialized_memory = False
    if device == "cuda":
        if not torch.cuda.is_available():
            raise Refused(f"device: {device!r} needs a GPU that PyTorch can use; here is only: cpu")
        # cuBLAS sums in one order with it.
        os.environ["CUBLAS_WORKSPACE_CONFIG"] = ":4096:8"
    # Of a run before this one in the same job, the device may be another.
    torch.set_default_device(None if device == "cpu" else device)


def placed(values: np.ndarray) -> Tensor:
    """An array as a tensor on the device that `use` chose; on the CPU it shares its memory."""
    return torch.from_numpy(values).to(torch.get_default_device())
