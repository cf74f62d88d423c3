"""What can carry out a run."""

from dataclasses import dataclass
from typing import ClassVar, Literal

from jfb.config.choice import EVERY_ENGINE, Choice


class Engine(Choice):
    """What carries out a run; `module` has its function `train`."""

    module: ClassVar[str]
    #: What a run of 3,000 epochs is given on a cluster: at the smallest batch size, several times
    #: over.
    minutes: ClassVar[int]
    #: Memory of a run, in megabytes.
    memory: ClassVar[int] = 1000
    #: The largest that a configuration may name.
    most_latent_dim: ClassVar[int] = 1024
    #: Whether it takes a step per batch, for all epochs that are wanted; otherwise each step takes
    #: all of the data, and only to where fixed points are found, and the optimiser ends the run.
    steps_by_batch: ClassVar[bool] = True


class Device(Choice):
    """What an engine computes on."""


@dataclass(frozen=True, kw_only=True)
class CPU(Device):
    """The processor."""

    engines = EVERY_ENGINE
    name: Literal["cpu"] = "cpu"


@dataclass(frozen=True, kw_only=True)
class CUDA(Device):
    """A GPU of NVIDIA, by deterministic algorithms; its numbers are not those of the processor."""

    engines = ("autograd",)
    name: Literal["cuda"] = "cuda"


@dataclass(frozen=True, kw_only=True)
class Reference(Engine):
    """PyTorch, operation by operation as in the report."""

    name: Literal["reference"] = "reference"
    module = "jfb.engines.reference"
    minutes = 10


@dataclass(frozen=True, kw_only=True)
class Fused(Engine):
    """The same training, bit by bit, as one compiled kernel."""

    name: Literal["fused"] = "fused"
    module = "jfb.engines.fused.engine"
    minutes = 2
    # The kernel is compiled for each dimension: ten seconds at 256, and more than linear.
    most_latent_dim = 256


@dataclass(frozen=True, kw_only=True)
class DataLoader(Engine):
    """As the report's program does it, to be timed."""

    name: Literal["dataloader"] = "dataloader"
    module = "jfb.engines.dataloader"
    minutes = 30


@dataclass(frozen=True, kw_only=True)
class Autograd(Engine):
    """PyTorch's autograd, for any network."""

    name: Literal["autograd"] = "autograd"
    module = "jfb.engines.autograd"
    minutes = 60
    memory = 4000


@dataclass(frozen=True, kw_only=True)
class FullBatch(Engine):
    """Optimisers that need all of the data in each step, in float64."""

    name: Literal["full_batch"] = "full_batch"
    module = "jfb.engines.full_batch"
    minutes = 10
    steps_by_batch = False
