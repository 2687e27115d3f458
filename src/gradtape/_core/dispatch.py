"""The general door: `bind` runs any operation on any tensors, for all that follows them; `slow` leads there."""

from __future__ import annotations

from collections.abc import Callable
from operator import attrgetter
from typing import Any

import numpy as np

from gradtape._core.conversion import convert, holds_tensors, out_of_range
from gradtape._core.dtypes import BY_NUMPY, DType, is_differentiable
from gradtape._core.op import NOT_DIFFERENTIABLE, Op
from gradtape._core.own import is_own, plain_name
from gradtape._core.tensor import Carrier, Tensor, make_tensor
from gradtape._core.tracking import RECORDING, live_trackers
from gradtape._core.variable import Variable
from gradtape.errors import InaccessibleTensorError, InvalidArgumentError, OpError, WrongTypeError

# Operations with the dtypes of inputs that have been looked at and are right.
_ACCEPTED: set[tuple[Any, ...]] = set()


def bind(op: Op, tensors: list[Tensor], params: dict[str, Any]) -> Any:
    """Runs `op` on `tensors` and tells all that follow one of them in this thread; returns its tensor or list of them.

    Args:
        op: the operation.
        tensors: the inputs; for a variadic operation, all of its arrays.
        params: the parameters, canonical.

    Raises:
        InvalidArgumentError: dtypes or shapes that the operation does not take, with both in the message.
    """
    known = (op, *[tensor._value.dtype for tensor in tensors])
    if known not in _ACCEPTED:
        check_dtypes(op, tensors)
        _ACCEPTED.add(known)
    try:
        try:
            value = run(op, tensors, params)
        except (RuntimeWarning, FloatingPointError):
            # The user's NumPy settings or warning filters turn 1/0 into an error; TensorFlow gives inf.
            with np.errstate(all="ignore"):
                value = run(op, tensors, params)
    except Exception as error:
        reason = explained(op, tensors, params, error)
        raise reason from (error if is_own(op) and reason is not error else None)
    result: Any = [make_tensor(each) for each in value] if op.outputs else make_tensor(value)
    for tensor in tensors:
        if tensor._tape is not None:
            break
    else:
        return result
    if trackers := followers(op, tensors):
        outputs = result if op.outputs else [result]
        if any(output._followed and is_differentiable(output._value.dtype) for output in outputs):
            for tracker in trackers:
                tracker.record(op, tensors, params, outputs)
    return result


def run(op: Op, tensors: list[Tensor], params: dict[str, Any]) -> Any:
    """Returns the value of `op`: of its body on arrays, or as the interpreter says that carries one of the inputs."""
    for tensor in tensors:
        if type(tensor) is not Tensor:
            carriers = [type(each) for each in tensors if isinstance(each, Carrier)]
            return max(carriers, key=attrgetter("priority")).run(op, tensors, params)
    values = [tensor._value for tensor in tensors]
    if any(value.dtype.kind == "V" for value in values) and not KEEPING_BITS.intersection((*op.params, op.name)):
        return in_single_precision(op, values, params)
    return op.body(values, **params) if op.variadic else op.body(*values, **params)


# Operations with these parameters or names look at a number's own bits, or say what becomes of it.
KEEPING_BITS = {"dtype", "type", "zero_fraction"}


def in_single_precision(op: Op, values: list[Any], params: dict[str, Any]) -> Any:
    """Runs an operation on bfloat16 as on float32, with its results rounded: NumPy has no arithmetic for it."""
    narrow = next(value.dtype for value in values if value.dtype.kind == "V")
    wide = [value.astype(np.float32) if value.dtype == narrow else value for value in values]
    result = op.body(wide, **params) if op.variadic else op.body(*wide, **params)
    if op.outputs:
        return [each.astype(narrow) if each.dtype == np.float32 else each for each in result]
    return result.astype(narrow) if result.dtype == np.float32 else result


# Operations below a public function, and its name.
CALLED_BY = {
    "alignment_score": "ctc_loss",
    "among_first": "in_top_k",
    "angle_of_real": "angle",
    "argument": "angle",
    "band_matrix": "diag",
    "band_of": "diag_part",
    "bitwise_invert": "invert",
    "cast_between": "cast",
    "cast_exact": "cast",
    "clip_to_numbers": "clip_by_value",
    "convolve": "convolution",
    "convolve_input": "conv_transpose",
    "cosine_transform": "dct",
    "cross_entropy": "softmax_cross_entropy_with_logits",
    "diagonal_part": "trace",
    "eigen_of_general": "eig",
    "eigen_of_hermitian": "eigh",
    "encode": "one_hot",
    "factors_and_places": "lu",
    "fourier": "fft",
    "framed": "frame",
    "generalized_inverse": "pinv",
    "imaginary_part": "imag",
    "inverse_real_fourier": "irfft",
    "level_segments": "isotonic_regression",
    "logistic_cross_entropy": "sigmoid_cross_entropy_with_logits",
    "matrix_exponential": "expm",
    "matrix_product": "matmul",
    "minus_of_label": "sparse_softmax_cross_entropy_with_logits",
    "ones_of": "ones_like",
    "overlapped": "overlap_and_add",
    "pad_constant": "pad",
    "polygamma_of": "polygamma",
    "positions_below": "sequence_mask",
    "read_bits": "bitcast",
    "real_fourier": "rfft",
    "real_moments": "moments",
    "real_norm": "norm",
    "real_part": "real",
    "real_product": "product",
    "real_std": "reduce_std",
    "real_variance": "reduce_variance",
    "resample": "resize",
    "rint": "round",
    "running_logsumexp": "cumulative_logsumexp",
    "select": "where",
    "self_gated": "silu",
    "sign_of_real": "sign",
    "singular_triples": "svd",
    "singular_values": "svd",
    "sliding": "extract_patches",
    "slogdet_of_complex": "slogdet",
    "slogdet_of_real": "slogdet",
    "sparse_product": "sparse_dense_matmul",
    "sum_of_two": "einsum",
    "take_nd": "gather_nd",
    "top_places": "top_k",
    "tridiagonal_system": "tridiagonal_solve",
    "unitary_and_triangular": "qr",
    "vector_product": "matvec",
    "window_maxima": "max_pool",
    "window_places": "max_pool_with_argmax",
    "window_sums": "avg_pool",
    "with_diagonal": "set_diag",
    "zeros_of": "zeros_like",
}


def followers(op: Op, tensors: list[Tensor]) -> list[Any]:
    """Returns the trackers that follow an input for which `op` has a derivative."""
    if op.variadic or NOT_DIFFERENTIABLE not in op.rules.values():
        return live_trackers(tensors)
    return live_trackers(
        [t for t, name in zip(tensors, op.inputs, strict=True) if op.rules[name] is not NOT_DIFFERENTIABLE]
    )


def shown_name(op: Op) -> str:
    """Returns the name that a program knows an operation by, for messages."""
    return CALLED_BY.get(op.name) or plain_name(op)


def wider(one: Any, other: Any) -> Any:
    """Returns the one of two dtypes to which a cast loses less: complex, float, integer, bool; then by size."""
    return max(one, other, key=lambda dtype: ("biufc".find(dtype.kind), dtype.itemsize))


def check_dtypes(op: Op, tensors: list[Tensor]) -> None:
    """Raises WrongTypeError unless each input has a dtype of its set, and inputs that share a set agree."""
    leaders: dict[Any, Any] = {}
    for position, tensor in enumerate(tensors if op.types else ()):
        allowed = op.types[0 if op.variadic else position]
        dtype = tensor._value.dtype
        if dtype not in allowed and not (dtype.name == "bfloat16" and np.dtype(np.float16) in allowed):
            names = ", ".join(sorted(BY_NUMPY[each].name for each in allowed))
            raise WrongTypeError(
                f"{shown_name(op)}: an input of dtype {BY_NUMPY[dtype].name} was given, which is not in the list of "
                f"allowed values: {names}. Write tf.cast(x, dtype) first."
            )
        leader = leaders.setdefault(allowed, dtype)
        if leader is not dtype and leader != dtype:
            raise WrongTypeError(
                f"cannot compute {shown_name(op)} as input #{position}(zero-based) was expected to be a "
                f"{BY_NUMPY[leader].name} tensor but is a {BY_NUMPY[dtype].name} tensor. Nothing is promoted "
                f"between tensors: write tf.cast(x, tf.{BY_NUMPY[wider(leader, dtype)].name})."
            )


def explained(op: Op, tensors: list[Tensor], params: dict[str, Any], error: Exception) -> Exception:
    """Returns the error to raise for a body that failed: the shape rule's own words where it has some."""
    own = OpError | LookupError | NotImplementedError | InaccessibleTensorError
    if isinstance(error, own) and not isinstance(error, IndexError):
        return error
    shapes = [tensor._value.shape for tensor in tensors]
    try:
        if op.shape is not None:
            op.shape(*([shapes] if op.variadic else shapes), **params)
    except InvalidArgumentError as reason:
        return InvalidArgumentError(f"{shown_name(op)}: {reason}")
    if isinstance(error, MemoryError):
        return error
    given = ", ".join(f"{BY_NUMPY[t._value.dtype].name}{list(t._value.shape)}" for t in tensors)
    if is_own(op) and type(error) is not ValueError:
        error.add_note(f"in the operation {shown_name(op)} (inputs: {given}; {params})")
        return error
    return InvalidArgumentError(f"{shown_name(op)}: {error} (inputs: {given}; {params})")


def convert_hint(value: Any, hint: DType | None) -> Tensor:
    """Returns `value` as a tensor, of dtype `hint` if it can be that, of its own otherwise."""
    if hint is not None and not isinstance(value, Tensor | Variable):
        try:
            return convert(value, hint)
        except TypeError:
            pass
    return convert(value)


def match(op: Op, values: list[Any], mode: str) -> list[Tensor]:
    """Returns the inputs as tensors.

    What is no tensor takes the dtype of the first tensor with which it has to agree. In the mode `hint` the first input
    stands for itself, and a value that cannot have its dtype keeps its own, so that the mismatch is reported.
    """
    if op.variadic:
        return match_list(op, values[0])
    # A set of one dtype says itself what the values have to be.
    known: dict[Any, DType] = {each: BY_NUMPY[next(iter(each))] for each in op.types if len(each) == 1}
    if mode == "strict":
        for allowed, value in zip(op.types, values, strict=True):
            if isinstance(value, Tensor | Variable):
                known.setdefault(allowed, value.dtype)
            elif isinstance(value, (list, tuple)) and allowed not in known and holds_tensors(value):
                known[allowed] = convert(value).dtype
    tensors = []
    for allowed, value in zip(op.types, values, strict=True):
        wanted = known.get(allowed)
        if isinstance(value, Tensor | Variable):
            tensor = convert(value)
        elif mode == "hint":
            tensor = convert_hint(value, wanted)
        else:
            tensor = convert(value, wanted)
        known.setdefault(allowed, tensor.dtype)
        tensors.append(tensor)
    return tensors


def match_list(op: Op, values: Any) -> list[Tensor]:
    """Returns the arrays of a variadic operation as tensors, of the dtype of the first tensor among them.

    A single array stands for a list of one where the operation says `variadic="one"`, else for the list of its parts.
    """
    if not isinstance(values, (list, tuple)):
        whole = convert(values)
        values = [whole] if op.variadic == "one" else list(whole)
    dtype = next((value.dtype for value in values if isinstance(value, Tensor | Variable)), None)
    if dtype is None and values:
        plain = all(isinstance(value, int | float | complex) for value in values)
        dtype = convert(values if plain else values[0]).dtype
    return [value if type(value) is Tensor else convert_hint(value, dtype) for value in values]


def fits(number: float, kind: str) -> bool:
    """True for a Python number that a dtype of this NumPy kind holds without a second look."""
    return kind == "f" or (kind in "iu" and type(number) is int and 0 <= number < 128)


def scalar(number: float, dtype: Any) -> Tensor:
    """Returns a Python number as a tensor without dimensions."""
    tensor = Tensor()
    try:
        tensor._value = np.array(number, dtype)
    except OverflowError:
        raise out_of_range(number) from None
    tensor._tape = None
    return tensor


def slow(op: Op, mode: str | None = None) -> tuple[Callable[..., Any], Callable[[Any], None]]:
    """Returns the function that the fast path of `op` leaves to what is not common, and one to tell it the fast path.

    Numbers, variables and arrays are made tensors and go back to the fast path; tensors that are there already go on
    to `bind`.
    """
    positions = [op.signature.index(name) for name in op.inputs]
    # With the tensor on the right of `+`, the inputs come the wrong way round: texts, which all come to `bind`, mind.
    reflected = mode == "reflected"
    how = "strict" if reflected else mode or op.matching
    always_match = op.variadic or op.prepare is not None
    fast: Any = None
    recorded: Any = None

    def set_fast(function: Any) -> None:
        nonlocal fast
        fast = function

    def general(*arguments: Any) -> Any:
        recorder = RECORDING.recorder
        if recorder is not None:
            nonlocal recorded
            if recorded is None:
                recorded = recorder.function_of(op)
            found = recorded(*arguments)
            if found is not None:
                return found
        plain, now = not always_match, list(arguments)
        for position in positions if plain else ():
            kind = type(now[position])
            if kind is Variable:
                now[position] = now[position]._read()
            elif kind is not Tensor:
                plain = False
        tensors = [now[position] for position in positions]
        try:
            if not plain:
                tensors = match(op, [arguments[position] for position in positions], how)
                if op.prepare is not None:
                    tensors = op.prepare(*tensors)
                for position, tensor in zip(positions, () if op.variadic else tensors, strict=not op.variadic):
                    now[position] = tensor
            # What had to be converted goes back to the fast path; what is as it was has been there already.
            again = fast is not None and any(now[position] is not arguments[position] for position in positions)
            params = {}
            if op.params and not again:
                given = dict(zip(op.signature, arguments, strict=True))
                params = {n: op.as_params[n](given[n]) if n in op.as_params else given[n] for n in op.params}
        except (TypeError, ValueError) as error:
            found = taken(op, arguments)
            if found is not NotImplemented:
                return found
            raise named(op, error) from None
        return fast(*now) if again else bind(op, tensors[::-1] if reflected else tensors, params)

    def general_pair(x: Any, y: Any) -> Any:
        # The short step of real code: a Python number beside a tensor.
        kind, other = type(x), type(y)
        if kind is Tensor:
            if (other is float or other is int) and fits(y, x._value.dtype.kind):
                return fast(x, scalar(y, x._value.dtype))
        elif (kind is float or kind is int) and other is Tensor and how == "strict" and fits(x, y._value.dtype.kind):
            return fast(scalar(x, y._value.dtype), y)
        return general(x, y)

    paired = op.family == "elementwise" and len(op.inputs) == 2 and not op.params
    return general_pair if paired else general, set_fast


def taken(op: Op, arguments: tuple[Any, ...]) -> Any:
    """Returns what an argument that is no tensor but knows the operation makes of it, as sparse tensors do."""
    for argument in arguments:
        if hasattr(argument, "_take"):
            return argument._take(op, arguments)
    return NotImplemented


def named(op: Op, error: Exception) -> Exception:
    """Returns an error with the operation's name in front of its message, unless it stands there."""
    text, name = str(error), shown_name(op)
    return error if text.startswith((name, "cannot compute")) else type(error)(f"{name}: {text}")
