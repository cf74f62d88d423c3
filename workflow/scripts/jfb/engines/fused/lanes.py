"""Numba types for vectors of float32 numbers, and the arithmetic that the kernel does on them.

Loops over such vectors are vectorised by construction: what a compiler's vectoriser makes of a
loop over a handful of samples costs several times the arithmetic itself. The widths are the same on
every machine, and with them the order in which sums are added; the compiler maps a vector to as
many registers as the processor's are narrower. Every operation is rounded by itself: a product and
a sum become one operation, rounded once, in `multiply_add` only.
"""

import operator

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.core.errors import TypingError
from numba.core.typing.templates import AbstractTemplate, infer_global, signature
from numba.extending import intrinsic, lower_builtin, models, register_model

#: Samples in a vector: two registers of AVX-512, four of AVX2. One would leave the pipelines idle.
WIDTH = 32

_NUMBER = ir.FloatType()
_INDEX = ir.IntType(32)


class Lanes(types.Type):
    """A vector of `width` float32 numbers, by value."""

    def __init__(self, width: int) -> None:
        super().__init__(f"Lanes({width})")
        self.width = width

    @property
    def vector(self) -> ir.VectorType:
        """The type in LLVM."""
        return ir.VectorType(_NUMBER, self.width)


class Registers(types.Type):
    """A few vectors, or numbers, by index; the compiler keeps them in registers where they fit."""

    def __init__(self, element: types.Type) -> None:
        super().__init__(f"Registers({element})")
        self.element = element


lanes = Lanes(WIDTH)


@register_model(Lanes)
class _LanesModel(models.PrimitiveModel):
    def __init__(self, manager, fe_type):
        super().__init__(manager, fe_type, fe_type.vector)


@register_model(Registers)
class _RegistersModel(models.PrimitiveModel):
    def __init__(self, manager, fe_type):
        element = manager.lookup(fe_type.element).get_value_type()
        super().__init__(manager, fe_type, element.as_pointer())


def _arithmetic(operation, instruction: str) -> None:
    """Let `operation` on two vectors of one width be one instruction."""

    @infer_global(operation)
    class _(AbstractTemplate):
        def generic(self, args, kws):
            if isinstance(args[0], Lanes) and args[1:] == args[:1]:
                return signature(args[0], *args)
            return None

    @lower_builtin(operation, Lanes, Lanes)
    def _(context, builder, sig, args):
        return getattr(builder, instruction)(*args)


_arithmetic(operator.add, "fadd")
_arithmetic(operator.sub, "fsub")
_arithmetic(operator.mul, "fmul")
_arithmetic(operator.truediv, "fdiv")


def _elementwise(name: str):
    """Lower a call to LLVM's intrinsic `name` on vectors of `WIDTH`."""

    def lower(context, builder, sig, args):
        kind = ir.FunctionType(lanes.vector, [lanes.vector] * len(args))
        return builder.call(
            cgutils.get_or_insert_function(builder.module, kind, f"llvm.{name}.v{WIDTH}f32"), args
        )

    return lower


@intrinsic
def multiply_add(typing, a, b, c):
    """The vector a * b + c, rounded once.

    A processor that has no such instruction has the C library do it, number by number: the same
    bits. Measured on x86-64, a run takes 2 (full batch) to 10 times (batches of 32) as long as with
    AVX-512, and with AVX2 1.3 to 1.8 times.
    """
    return lanes(lanes, lanes, lanes), _elementwise("fma")


@intrinsic
def square_root(typing, x):
    """Correctly rounded square root."""
    return lanes(lanes), _elementwise("sqrt")


@intrinsic
def absolute(typing, x):
    """Absolute value."""
    return lanes(lanes), _elementwise("fabs")


def _broadcast(width: int):
    @intrinsic
    def broadcast(typing, x):
        """The number x (float32) in every lane."""
        kind = Lanes(width)

        def lower(context, builder, sig, args):
            undefined = ir.Constant(kind.vector, ir.Undefined)
            first = builder.insert_element(undefined, args[0], _INDEX(0))
            zeros = ir.Constant(ir.VectorType(_INDEX, width), [0] * width)
            return builder.shuffle_vector(first, undefined, zeros)

        return kind(types.float32), lower

    return broadcast


broadcast, broadcast8, broadcast4 = map(_broadcast, (WIDTH, 8, 4))


def _zero(vector: ir.VectorType) -> ir.Constant:
    return ir.Constant(vector, [0.0] * vector.count)


@intrinsic
def relu(typing, x):
    """0 where x < 0, else x: NaN stays NaN, as in PyTorch."""

    def lower(context, builder, sig, args):
        zero = _zero(lanes.vector)
        return builder.select(builder.fcmp_ordered("<", args[0], zero), zero, args[0])

    return lanes(lanes), lower


@intrinsic
def where_positive(typing, x, y):
    """The vector y where x > 0, else 0."""

    def lower(context, builder, sig, args):
        zero = _zero(lanes.vector)
        return builder.select(builder.fcmp_ordered(">", args[0], zero), args[1], zero)

    return lanes(lanes, lanes), lower


@intrinsic
def all_below(typing, x, bound):
    """Whether x < bound in every lane; NaN is below nothing."""
    mask = ir.IntType(WIDTH)

    def lower(context, builder, sig, args):
        unmet = builder.fcmp_unordered(">=", args[0], args[1])
        return builder.icmp_unsigned("==", builder.bitcast(unmet, mask), mask(0))

    return types.boolean(lanes, lanes), lower


@intrinsic
def same_bits(typing, x, y):
    """Whether x and y agree in every bit of every lane: 0 and -0 do not, and NaN may."""
    bits, mask = ir.VectorType(ir.IntType(32), WIDTH), ir.IntType(WIDTH)

    def lower(context, builder, sig, args):
        first, second = (builder.bitcast(arg, bits) for arg in args)
        unlike = builder.icmp_unsigned("!=", first, second)
        return builder.icmp_unsigned("==", builder.bitcast(unlike, mask), mask(0))

    return types.boolean(lanes, lanes), lower


@intrinsic
def mask_positive(typing, x):
    """Bit k of a uint32 says whether x > 0 in lane k."""

    def lower(context, builder, sig, args):
        positive = builder.fcmp_ordered(">", args[0], _zero(lanes.vector))
        return builder.bitcast(positive, ir.IntType(WIDTH))

    return types.uint32(lanes), lower


def _require_rows(array) -> None:
    """Refuse to compile for an array whose rows are not contiguous."""
    if (array.dtype, array.layout) != (types.float32, "C"):
        raise TypingError(f"a C-contiguous float32 array is needed, not {array}")


def _address(context, builder, array_type, array, index, kind):
    made = context.make_array(array_type)(context, builder, array)
    indices = cgutils.unpack_tuple(builder, index)
    place = cgutils.get_item_pointer(context, builder, array_type, made, indices)
    return builder.bitcast(place, kind.as_pointer())


@intrinsic
def load_as(typing, like, array, index):
    """What lies at `index` (a tuple) of a C-contiguous float32 array, as wide as `like`.

    That is a vector or a number.
    """
    _require_rows(array)
    kind = like.vector if isinstance(like, Lanes) else _NUMBER

    def lower(context, builder, sig, args):
        place = _address(context, builder, sig.args[1], *args[1:], kind)
        return builder.load(place, align=4)

    return like(like, array, index), lower


@intrinsic
def load(typing, array, index):
    """The vector of `WIDTH` that starts at `index` (a tuple) of a C-contiguous float32 array."""
    _require_rows(array)

    def lower(context, builder, sig, args):
        place = _address(context, builder, sig.args[0], *args, lanes.vector)
        return builder.load(place, align=4)

    return lanes(array, index), lower


@intrinsic
def store(typing, array, index, x):
    """Write the vector x to the places from `index` (a tuple) on of a float32 array."""
    _require_rows(array)

    def lower(context, builder, sig, args):
        place = _address(context, builder, sig.args[0], *args[:2], x.vector)
        builder.store(args[2], place, align=4)
        return context.get_dummy_value()

    return types.void(array, index, x), lower


#: The three steps that transpose 8 x 8: pairs of vectors, and how each is shuffled into two. The
#: first of the two of all pairs come before the second.
_STEPS = (
    (
        ((0, 1), (2, 3), (4, 5), (6, 7)),
        ((0, 8, 1, 9, 4, 12, 5, 13), (2, 10, 3, 11, 6, 14, 7, 15)),
    ),
    (
        ((0, 1), (2, 3), (4, 5), (6, 7)),
        ((0, 1, 8, 9, 4, 5, 12, 13), (2, 3, 10, 11, 6, 7, 14, 15)),
    ),
    (
        ((0, 1), (4, 5), (2, 3), (6, 7)),
        ((0, 1, 2, 3, 8, 9, 10, 11), (4, 5, 6, 7, 12, 13, 14, 15)),
    ),
)


@intrinsic
def transpose8(typing, array, index, target, place):
    """Write 8 x 8 numbers of a float32 array, from `index` on, transposed to `target` at `place`.

    Both indices are pairs, and both arrays are C-contiguous.
    """
    _require_rows(array)
    _require_rows(target)
    vector = Lanes(8).vector

    def lower(context, builder, sig, args):
        def address(k, row):
            first, second = cgutils.unpack_tuple(builder, args[k + 1])
            moved = builder.add(first, first.type(row))
            pair = context.make_tuple(builder, sig.args[k + 1], [moved, second])
            return _address(context, builder, sig.args[k], args[k], pair, vector)

        rows = [builder.load(address(0, row), align=4) for row in range(8)]
        for pairs, shuffles in _STEPS:
            rows = [
                builder.shuffle_vector(
                    rows[a], rows[b], ir.Constant(ir.VectorType(_INDEX, 8), list(shuffle))
                )
                for shuffle in shuffles
                for a, b in pairs
            ]
        for row, numbers in enumerate(rows):
            builder.store(numbers, address(2, row), align=4)
        return context.get_dummy_value()

    return types.void(array, index, target, place), lower


@intrinsic
def registers(typing, components, x):
    """As many vectors or numbers as the tuple `components` has items, each equal to x."""
    count = len(components)

    def lower(context, builder, sig, args):
        room = cgutils.alloca_once(builder, args[1].type, size=count)
        for k in range(count):
            builder.store(args[1], builder.gep(room, [_INDEX(k)]))
        return room

    return Registers(x)(components, x), lower


@intrinsic
def get(typing, vectors, index):
    """Item number `index` of some registers."""

    def lower(context, builder, sig, args):
        return builder.load(builder.gep(args[0], [args[1]]))

    return vectors.element(vectors, types.intp), lower


@intrinsic
def put(typing, vectors, index, x):
    """Let x be item number `index` of some registers."""

    def lower(context, builder, sig, args):
        builder.store(args[2], builder.gep(args[0], [args[1]]))
        return context.get_dummy_value()

    return types.void(vectors, types.intp, vectors.element), lower


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
