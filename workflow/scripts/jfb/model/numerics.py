"""The arithmetic that PyTorch is told to use, so that the same seed gives the same bytes."""

import os

import torch


def pin() -> None:
    """Compute on one thread, with matrix products that do not depend on the x86-64 CPU.

    Intel MKL chooses its kernels by the CPU: with or without fused multiply-add, in one order
    of summation or another. With MKL_CBWR (conditional numerical reproducibility) at
    COMPATIBLE it takes the ones that every x86-64 CPU has, which are also those behind the
    report's numbers. MKL reads the variable once, at its first call in a process: call this
    before any arithmetic. Where PyTorch is built without MKL it only sets the thread. Convolutions
    are oneDNN's, which chooses by the CPU: they are the same bytes on one machine only.
    """
    os.environ["MKL_CBWR"] = "COMPATIBLE"
    torch.set_num_threads(1)
