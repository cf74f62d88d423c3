"""Every operation of the kernel is rounded by itself, whatever the processor.

What the compiler makes of it is read: its intermediate code (LLVM IR), and the machine code for
several processors. Runs are compared that are compiled for some of them.
"""

import dataclasses
import hashlib
import platform
import re
from typing import NamedTuple

import llvmlite.binding as llvm
import numba
import numpy as np
import pytest

from conftest import load_project
from jfb.config import step_choices
from jfb.engines.fused import engine, kernel, optimisers
from jfb.engines.fused.lanes import WIDTH
from jfb.records.dataset import Part
from train_runs import NOT_COMPARED, X86, differing, train, train_apart

#: Operations of LLVM that are rounded once, or not at all.
ROUNDED = {"fma", "sqrt", "fabs", "copysign"}
#: Functions of the C library that compute; its square root is correctly rounded.
CALLED = {"sqrt"}
#: By optimiser, the fused multiply-adds in its code: one of weight decay; Adam's first moment has
#: one in each branch.
NAMED = {step_choices.Adam: 4, step_choices.SGD: 3}

FLAG = re.compile(r"(?<![-\w.$%@\"])(fast|reassoc|contract|nnan|ninf|nsz|arcp|afn)(?![-\w.:\"])")
OPERATION = re.compile(r"@llvm\.([\w.]+?)\.(?:v\d+)?f(?:16|32|64)\b")
EXTERNAL = re.compile(
    r"^declare [^@]*(?:float|double)[^@(]* @(?!llvm\.|Py)([\w.]+)\(", re.MULTILINE
)
#: Fused multiply-adds in machine code, and what tells the registers' width.
FUSED = {
    "x86": re.compile(r"^\s+vf?n?m(?:add|sub)\w*\s.*%([xyz]mm)\d+[^%]*$", re.MULTILINE),
    "aarch64": re.compile(r"^\s+f(?:n?m(?:add|sub)|ml[as])\w*(?:\s+[a-z]\d+)?(\.\d\w)?", re.M),
}
#: By those widths, the float32 numbers in a register.
NUMBERS = {"xmm": 4, "ymm": 8, "zmm": 16, ".4s": 4, ".2s": 2, "": 1}


class Caught(Exception):
    pass


def types_of(run):
    """The types for which a run has the kernel compiled."""

    def catch(*arguments):
        raise Caught(tuple(map(numba.typeof, arguments)))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(kernel, "train_epochs", catch)
        with pytest.raises(Caught) as caught:
            train(run)
    return caught.value.args[0]


def code_of(function, types):
    """Intermediate code and machine code of a function that has been called: what is kept on disk.

    Numba itself does not show what it has loaded.
    """
    library = function.dispatcher.overloads[types].library
    code = str(library._get_module_for_linking())
    return code, library._codegen._tm.emit_assembly(llvm.parse_assembly(code))


def compile_anew(dispatcher, types, **others):
    """The same of a function that is compiled for it, with its own and other options."""
    options = dispatcher.targetoptions | others
    del options["nopython"]
    again = numba.njit(**options)(dispatcher.py_func)
    again.compile(types)
    return again.inspect_llvm(types), again.inspect_asm(types)


def replayed():
    """The report's runs, by batch size."""
    return {size: run for (size, _), run in load_project().studies["replay"].runs.items()}


@pytest.fixture(scope="module")
def compiled_kernel():
    """Intermediate code and machine code of the kernel with Adam."""
    run = dataclasses.replace(replayed()[2400], epochs=1, snapshots=1)
    train(run)
    return code_of(kernel.train_epochs, types_of(run))


@pytest.fixture
def unoptimised(monkeypatch):
    """The compiler neither repeats nor removes a piece of code, so that calls can be counted."""
    monkeypatch.setenv("NUMBA_OPT", "0")


def fused_calls(code):
    return re.findall(rf"call [^\n]*@llvm\.fma\.v{WIDTH}f32\(", code)


def fused_numbers(machine_code, family):
    """For how many float32 numbers there are fused multiply-adds."""
    return sum(NUMBERS[width] for width in FUSED[family].findall(machine_code))


def has_fused_multiply_add():
    return platform.machine() not in ("x86_64", "AMD64") or "fma" in supported()


def supported():
    """What this processor can do, as LLVM calls it."""
    return {name for name, has in llvm.get_host_cpu_features().items() if has}


def test_no_operation_has_leave_to_be_rounded_otherwise(compiled_kernel):
    code, _ = compiled_kernel
    assert not FLAG.findall(code)
    assert not re.findall(r'"[\w-]*fp-math"="true"', code)
    assert len(re.findall(r" = (?:fadd|fsub|fmul|fdiv) ", code)) > 100


def test_nothing_is_called_that_is_not_correctly_rounded(compiled_kernel):
    code, _ = compiled_kernel
    assert set(OPERATION.findall(code)) <= ROUNDED
    assert set(EXTERNAL.findall(code)) <= CALLED


class Descent(NamedTuple):
    """An optimiser without a fused multiply-add."""

    momentum: float

    def step(self, gradient, parameters, learning_rate):
        for place in range(len(parameters)):
            parameters[place] -= np.float32(learning_rate) * gradient[place]


def test_what_comes_before_the_optimiser_has_no_fused_multiply_add():
    run = replayed()[2400]
    batch = Part(np.ones((40, 3), np.float32), np.zeros(40, np.float32))
    engine.step(run, np.ones(28, np.float32), batch)
    (types,) = (
        t for t in kernel.step_gradient.dispatcher.overloads if (len(t[0]), len(t[1])) == (3, 3)
    )
    code, _ = code_of(kernel.step_gradient, types)
    assert len(re.findall(r" = (?:fadd|fsub|fmul|fdiv) ", code)) > 100
    assert "llvm.fma" not in code


@pytest.mark.long
def test_the_kernel_has_no_fused_multiply_add_but_its_optimisers():
    """Ten seconds: the whole kernel is compiled."""
    types = list(types_of(replayed()[2400]))
    types[2] = numba.typeof(Descent(0.1))
    code, _ = compile_anew(kernel.train_epochs.dispatcher, tuple(types))
    assert "llvm.fma" not in code


@pytest.mark.parametrize(
    "options", [step_choices.Adam(learning_rate=0.1), step_choices.SGD(learning_rate=1.0)]
)
def test_an_optimiser_has_those_that_it_names(options, unoptimised):
    parameters = np.zeros(WIDTH, np.float32)
    kind = optimisers.OPTIMISERS[options.name]
    given = kind.start(options, parameters), parameters, parameters, options.learning_rate
    types = map(numba.typeof, given)
    code, _ = compile_anew(numba.njit(kind.step), tuple(types))
    assert len(fused_calls(code)) == NAMED[type(options)]


@pytest.mark.skipif(not has_fused_multiply_add(), reason="the processor has no fused multiply-add")
def test_this_processors_code_fuses_nothing_else(compiled_kernel):
    code, machine_code = compiled_kernel
    family = "x86" if platform.machine() in ("x86_64", "AMD64") else "aarch64"
    assert fused_numbers(machine_code, family) == WIDTH * len(fused_calls(code)) > 0


@pytest.mark.parametrize(
    ("system", "processor", "family"),
    [
        ("x86_64-unknown-linux-gnu", "haswell", "x86"),
        ("x86_64-unknown-linux-gnu", "skylake-avx512", "x86"),
        ("aarch64-unknown-linux-gnu", "generic", "aarch64"),
        ("arm64-apple-macosx", "apple-m1", "aarch64"),
    ],
)
def test_other_processors_code_fuses_nothing_else(system, processor, family, compiled_kernel):
    """Every processor of ARM has fused multiply-adds, and its compilers like to use them."""
    code, _ = compiled_kernel
    machine_code = assemble(code, system, processor)
    assert fused_numbers(machine_code, family) == WIDTH * len(fused_calls(code)) > 0


def assemble(code, system, processor):
    """Machine code for a processor from intermediate code."""
    llvm.initialize_all_targets()
    llvm.initialize_all_asmprinters()
    target = llvm.Target.from_triple(system).create_target_machine(cpu=processor, opt=3)
    for key, value in {"triple": system, "datalayout": target.target_data}.items():
        code = re.sub(f'^target {key} = ".*"', f'target {key} = "{value}"', code, flags=re.M)
    return target.emit_assembly(llvm.parse_assembly(code))


def test_what_these_tests_would_see():
    """A product and a sum that may be fused, in intermediate code and in machine code."""
    function = numba.njit(lambda a, b, c: a * b + c)
    code, _ = compile_anew(function, (numba.float32,) * 3, fastmath=True)
    assert "fast" in FLAG.findall(code)
    for system, family in (("x86_64-unknown-linux-gnu", "x86"), ("aarch64-linux-gnu", "aarch64")):
        processor = {"x86": "haswell", "aarch64": "generic"}[family]
        assert FUSED[family].findall(assemble(code, system, processor))
    code, _ = compile_anew(numba.njit(lambda x: np.exp(x)), (numba.float32,))
    assert "exp" in {*OPERATION.findall(code), *EXTERNAL.findall(code)}


@pytest.mark.long
@pytest.mark.skipif(platform.machine() not in ("x86_64", "AMD64"), reason="not x86-64")
@pytest.mark.parametrize("processor", X86)
def test_code_for_another_processor_gives_the_same_bits(processor, tmp_path):
    """Ten seconds: the kernel is compiled for it. `x86-64` has no fused multiply-add.

    `make test` compares one short run for `x86-64`, where tests/engines/test_fused.py compiles.
    """
    needed, environment = X86[processor]
    if lacking := needed - supported():
        pytest.skip(f"this processor has no {' and no '.join(sorted(lacking))}")
    whole = replayed()[32]
    runs = [dataclasses.replace(whole, batch_size=b, epochs=20) for b in (2400, 600, 32, 45)]
    for run, found in zip(runs, train_apart(runs, tmp_path, environment=environment), strict=True):
        assert found["processor"][1] == processor
        assert differing(found, train(run)) == {}


#: Columns that are newer than the digests, and one that LAPACK rounds.
NOT_IN_DIGEST = {"spectral_norm", "applications", "adjoint_applications", "unconverged_adjoints"}
#: By batch size: the epoch of the lowest loss, this loss, and a digest of every bit of the run.
EVERYWHERE = {
    2400: (3000, 0.0004891312564723194, "bac7bac9c4d7fcae"),
    1200: (2561, 0.020222831517457962, "721eebd8d2ab706e"),
    600: (2775, 0.0202275225892663, "b9e8f02d1a6a3ff5"),
    64: (1410, 0.0005000486174443116, "1c768b159b2bff94"),
    32: (2863, 0.00048517616310467325, "b5219c3100c59645"),
}


@pytest.mark.parametrize("batch_size", EVERYWHERE)
def test_the_five_runs_have_the_same_bits_on_every_machine(batch_size):
    """All but the times and the spectral norms, which LAPACK computes."""
    left = train(replayed()[batch_size])
    digest = hashlib.sha256()
    for name in sorted(left.keys() - NOT_COMPARED - NOT_IN_DIGEST):
        numbers = left[name]
        digest.update(numbers.astype(numbers.dtype.newbyteorder("<")).tobytes())
    loss = left["train_loss"]
    found = int(loss.argmin()) + 1, float(loss.min()), digest.hexdigest()[:16]
    assert found == EVERYWHERE[batch_size]
