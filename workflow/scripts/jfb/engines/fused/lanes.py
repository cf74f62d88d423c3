"""A numba type for a vector of float32 numbers, and the arithmetic that the kernel does on it.

Loops over such vectors are vectorised by construction: what a compiler's vectoriser makes of a
loop over a handful of samples costs several times the arithmetic itself. `WIDTH` is the same on
every machine, and with it the order in which sums are added; the compiler maps a vector to as many
registers as the processor's are narrower.
"""

import operator

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.core.errors import TypingError
from numba.core.typing.templates import ConcreteTemplate, infer_global, signature
from numba.extending import intrinsic, lower_builtin, models, register_model

#: Samples in a vector: two registers of AVX-512, four of AVX2. One would leave the pipelines idle.
WIDTH = 32

_VECTOR = ir.VectorType(ir.FloatType(), WIDTH)
_MASK = ir.IntType(WIDTH)
_INDEX = ir.IntType(32)
_ZERO = ir.Constant(_VECTOR, [0.0] * WIDTH)
_UNDEFINED = ir.Constant(_VECTOR, ir.Undefined)


class Lanes(types.Type):
    """A vector of `WIDTH` float32 numbers, by value."""

    def __init__(self) -> None:
        super().__init__(f"Lanes({WIDTH})")


class Registers(types.Type):
    """A few vectors by index; the compiler keeps them in registers where they fit."""

    def __init__(self) -> None:
        super().__init__(f"Registers({WIDTH})")


lanes = Lanes()
_registers = Registers()


@register_model(Lanes)
class _LanesModel(models.PrimitiveModel):
    def __init__(self, manager, fe_type):
        super().__init__(manager, fe_type, _VECTOR)


@register_model(Registers)
class _RegistersModel(models.PrimitiveModel):
    def __init__(self, manager, fe_type):
        super().__init__(manager, fe_type, _VECTOR.as_pointer())


def _arithmetic(operation, instruction: str) -> None:
    """Let `operation` on two vectors be one instruction."""

    @infer_global(operation)
    class _(ConcreteTemplate):
        cases = (signature(lanes, lanes, lanes),)

    @lower_builtin(operation, lanes, lanes)
    def _(context, builder, sig, args):
        return getattr(builder, instruction)(*args)


_arithmetic(operator.add, "fadd")
_arithmetic(operator.sub, "fsub")
_arithmetic(operator.mul, "fmul")
_arithmetic(operator.truediv, "fdiv")


def _elementwise(name: str):
    """Lower a call to LLVM's intrinsic `name` on vectors."""

    def lower(context, builder, sig, args):
        kind = ir.FunctionType(_VECTOR, [_VECTOR] * len(args))
        return builder.call(
            cgutils.get_or_insert_function(builder.module, kind, f"llvm.{name}.v{WIDTH}f32"), args
        )

    return lower


@intrinsic
def multiply_add(typing, a, b, c):
    """The vector a * b + c, rounded once."""
    return lanes(lanes, lanes, lanes), _elementwise("fma")


@intrinsic
def square_root(typing, x):
    """Correctly rounded square root."""
    return lanes(lanes), _elementwise("sqrt")


@intrinsic
def absolute(typing, x):
    """Absolute value."""
    return lanes(lanes), _elementwise("fabs")


@intrinsic
def broadcast(typing, x):
    """The number x (float32) in every lane."""

    def lower(context, builder, sig, args):
        first = builder.insert_element(_UNDEFINED, args[0], _INDEX(0))
        zeros = ir.Constant(ir.VectorType(_INDEX, WIDTH), [0] * WIDTH)
        return builder.shuffle_vector(first, _UNDEFINED, zeros)

    return lanes(types.float32), lower


@intrinsic
def relu(typing, x):
    """0 where x < 0, else x: NaN stays NaN, as in PyTorch."""

    def lower(context, builder, sig, args):
        return builder.select(builder.fcmp_ordered("<", args[0], _ZERO), _ZERO, args[0])

    return lanes(lanes), lower


@intrinsic
def where_positive(typing, x, y):
    """The vector y where x > 0, else 0."""

    def lower(context, builder, sig, args):
        return builder.select(builder.fcmp_ordered(">", args[0], _ZERO), args[1], _ZERO)

    return lanes(lanes, lanes), lower


@intrinsic
def where_at_most(typing, x, bound, y):
    """The vector y where x <= bound, else 0."""

    def lower(context, builder, sig, args):
        return builder.select(builder.fcmp_ordered("<=", args[0], args[1]), args[2], _ZERO)

    return lanes(lanes, lanes, lanes), lower


@intrinsic
def all_below(typing, x, bound):
    """Whether x < bound in every lane; NaN is below nothing."""

    def lower(context, builder, sig, args):
        unmet = builder.fcmp_unordered(">=", args[0], args[1])
        return builder.icmp_unsigned("==", builder.bitcast(unmet, _MASK), _MASK(0))

    return types.boolean(lanes, lanes), lower


@intrinsic
def mask_positive(typing, x):
    """Bit k of a uint32 says whether x > 0 in lane k."""

    def lower(context, builder, sig, args):
        return builder.bitcast(builder.fcmp_ordered(">", args[0], _ZERO), _MASK)

    return types.uint32(lanes), lower


@intrinsic
def sum_lanes(typing, x):
    """Sum over the lanes, half onto half: the same order on every processor."""

    def lower(context, builder, sig, args):
        (x,) = args
        for width in (WIDTH >> k for k in range(1, WIDTH.bit_length())):
            undefined = ir.Constant(x.type, ir.Undefined)
            lower_half, upper_half = (
                ir.Constant(ir.VectorType(_INDEX, width), list(range(start, start + width)))
                for start in (0, width)
            )
            x = builder.fadd(
                builder.shuffle_vector(x, undefined, lower_half),
                builder.shuffle_vector(x, undefined, upper_half),
            )
        return builder.extract_element(x, _INDEX(0))

    return types.float32(lanes), lower


def _require_rows(array) -> None:
    """Refuse to compile for an array whose rows are not contiguous."""
    if (array.dtype, array.layout) != (types.float32, "C"):
        raise TypingError(f"a C-contiguous float32 array is needed, not {array}")


def _address(context, builder, array_type, array, index):
    made = context.make_array(array_type)(context, builder, array)
    indices = cgutils.unpack_tuple(builder, index)
    place = cgutils.get_item_pointer(context, builder, array_type, made, indices)
    return builder.bitcast(place, _VECTOR.as_pointer())


@intrinsic
def load(typing, array, index):
    """The vector that starts at `index` (a tuple) of a C-contiguous float32 array."""
    _require_rows(array)

    def lower(context, builder, sig, args):
        return builder.load(_address(context, builder, sig.args[0], *args), align=4)

    return lanes(array, index), lower


@intrinsic
def store(typing, array, index, x):
    """Write x to the `WIDTH` places that start at `index` (a tuple) of a float32 array."""
    _require_rows(array)

    def lower(context, builder, sig, args):
        builder.store(args[2], _address(context, builder, sig.args[0], *args[:2]), align=4)
        return context.get_dummy_value()

    return types.void(array, index, lanes), lower


@intrinsic
def registers(typing, components):
    """As many vectors as the tuple `components` has items, uninitialised."""
    count = len(components)

    def lower(context, builder, sig, args):
        return cgutils.alloca_once(builder, _VECTOR, size=count)

    return _registers(components), lower


@intrinsic
def get(typing, vectors, index):
    """Vector number `index` of some registers."""

    def lower(context, builder, sig, args):
        return builder.load(builder.gep(args[0], [args[1]]))

    return lanes(_registers, types.intp), lower


@intrinsic
def put(typing, vectors, index, x):
    """Let x be vector number `index` of some registers."""

    def lower(context, builder, sig, args):
        builder.store(args[2], builder.gep(args[0], [args[1]]))
        return context.get_dummy_value()

    return types.void(_registers, types.intp, lanes), lower


@intrinsic
def seconds(typing, clock):
    """What the system's clock number `clock` (`time.CLOCK_MONOTONIC`) shows, in seconds."""

    def lower(context, builder, sig, args):
        word = ir.IntType(64)
        kind = ir.FunctionType(ir.IntType(32), [ir.IntType(32), word.as_pointer()])
        read = cgutils.get_or_insert_function(builder.module, kind, "clock_gettime")
        # struct timespec: seconds, nanoseconds.
        time = cgutils.alloca_once(builder, word, size=2)
        builder.call(read, [builder.trunc(args[0], ir.IntType(32)), time])
        whole, billionths = (
            builder.sitofp(builder.load(builder.gep(time, [_INDEX(k)])), ir.DoubleType())
            for k in range(2)
        )
        return builder.fadd(whole, builder.fmul(billionths, ir.DoubleType()(1e-9)))

    return types.float64(types.int64), lower
