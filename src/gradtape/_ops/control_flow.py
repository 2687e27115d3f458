"""Control flow as functions, in which TensorFlow's programs write it; Python's own does the same."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from gradtape._core import nest
from gradtape._core.conversion import convert
from gradtape._core.dtypes import as_dtype
from gradtape._core.tensor import Tensor
from gradtape._core.tracking import LOOPS, RECORDING
from gradtape._ops.creation import zeros
from gradtape._ops.joining import concat, stack, unstack
from gradtape._ops.recorded_while import recorded_while
from gradtape._ops.tensor_array import TensorArray
from gradtape.errors import InvalidArgumentError, OutOfRangeError


def cond(
    pred: Any, true_fn: Callable[[], Any] | None = None, false_fn: Callable[[], Any] | None = None, name: Any = None
) -> Any:
    """Calls one of two functions, by a condition.

    A recorded function (`tf.function`) has a branch for each answer that was met, as of Python's `if`.

    Args:
        pred: a boolean, or a tensor of one.
        true_fn: what is called where it is true.
        false_fn: what is called where it is false.
        name: ignored.

    Returns:
        What the function returns.

    Raises:
        TypeError: one of the functions is missing or none.

    >>> import gradtape as tf
    >>> x = tf.constant(3.0)
    >>> tf.cond(x > 2.0, lambda: x * 2.0, lambda: x)
    <tf.Tensor: shape=(), dtype=float32, numpy=6.0>
    """
    for word, function in (("true_fn", true_fn), ("false_fn", false_fn)):
        if function is None:
            raise TypeError(f"cond(): '{word}' argument required")
        require_callable(function, word)
    chosen: Any = true_fn if pred else false_fn
    return chosen()


def case(
    pred_fn_pairs: Any,
    default: Callable[[], Any] | None = None,
    exclusive: bool = False,
    strict: bool = False,
    name: str = "case",
) -> Any:
    """Calls the function of the first condition that is true.

    A recorded function (`tf.function`) has a branch for each way that was met.

    Args:
        pred_fn_pairs: a list of pairs of a tensor of a boolean and a function.
        default: what is called where no condition is true.
        exclusive: whether only one may be true.
        strict: ignored.
        name: ignored.

    Returns:
        What the function returns.

    Raises:
        TypeError: a condition is no tensor, or a function cannot be called.
        InvalidArgumentError: no condition is true and there is no default; several are and `exclusive` is given.

    >>> import gradtape as tf
    >>> x = tf.constant(5)
    >>> tf.case([(x < 3, lambda: "small"), (x < 7, lambda: "medium")], default=lambda: "large")
    'medium'
    """
    pairs = [*pred_fn_pairs.items()] if isinstance(pred_fn_pairs, Mapping) else [*pred_fn_pairs]
    for pred, function in pairs:
        if not isinstance(pred, Tensor):
            raise TypeError(f"pred must be a Tensor, got: {pred}")
        require_callable(function, "fn")
    chosen = [function for pred, function in pairs if pred]
    if exclusive and len(chosen) > 1:
        raise InvalidArgumentError(f"case: {len(chosen)} of {len(pairs)} conditions are true, and one may be.")
    if chosen:
        return chosen[0]()
    if default is None:
        raise InvalidArgumentError("case: None of conditions evaluated as True, and there is no default.")
    require_callable(default, "default")
    return default()


def switch_case(
    branch_index: Tensor, branch_fns: Any, default: Callable[[], Any] | None = None, name: str = "switch_case"
) -> Any:
    """Calls the function at an index.

    A recorded function (`tf.function`) has a branch for each function that was met.

    Args:
        branch_index: an integer tensor.
        branch_fns: a list of functions, of pairs of an integer and a function, or a dictionary of them, the integers
            those from 0 on.
        default: what is called for any other index; the last function by default.
        name: ignored.

    Returns:
        What the function returns.

    Raises:
        TypeError: the index is no tensor, or a function cannot be called.
        ValueError: the integers are not those from 0 on.

    >>> import gradtape as tf
    >>> tf.switch_case(tf.constant(1), [lambda: "zero", lambda: "one"])
    'one'
    """
    if not isinstance(branch_index, Tensor):
        raise TypeError(f"'branch_index' must be a Tensor, got {type(branch_index)}")
    pairs = branch_fns.items() if isinstance(branch_fns, Mapping) else branch_fns
    by_index: dict[int, Callable[[], Any]] = dict(
        each if isinstance(each, tuple) else (place, each) for place, each in enumerate(pairs)
    )
    if sorted(by_index) != [*range(len(by_index))]:
        keys = ",".join(map(str, sorted(by_index)))
        raise ValueError(
            f"branch indices (keys) must form contiguous range of [0 to {len(by_index)}) but found {{{keys}}}"
        )
    for function in by_index.values():
        require_callable(function, "branch_fns")
    value: Any = branch_index._value
    if hasattr(value, "recorder"):
        # The program has a branch for each function, not for each index.
        place = value.read("branch", lambda array: int(array) if int(array) in by_index else None)
    else:
        place = int(branch_index)
    chosen: Any = by_index.get(place, default or by_index[len(by_index) - 1])
    return chosen()


def while_loop(
    cond: Callable[..., Any],
    body: Callable[..., Any],
    loop_vars: Any,
    shape_invariants: Any = None,
    parallel_iterations: int = 10,
    back_prop: bool = True,
    swap_memory: bool = False,
    maximum_iterations: Any = None,
    name: str | None = None,
) -> Any:
    """Calls a function again and again while a condition holds.

    In a recorded function (`tf.function`) the loop is one step, whatever the number of turns: Python runs two turns at
    most, and what they keep of tensors cannot be used afterwards. Where no turn uses a source, its gradient is 0. It is
    unrolled, one operation after the other, where turns differ or do more than compute: where they assign to variables,
    draw random numbers, print, have a custom gradient, change shapes, write to a `TensorArray` of unknown shape, or let
    Python decide or count otherwise than in the turn before; under a `ForwardAccumulator` and in `vectorized_map`.

    Args:
        cond: a function of the variables that returns a boolean, or a tensor of one.
        body: a function of the variables that returns the new ones, in a list or tuple of the same form; a single one
            may be returned by itself.
        loop_vars: a list or tuple of the variables: tensors, arrays of tensors, structures of them, numbers.
        shape_invariants, parallel_iterations, back_prop, swap_memory: ignored.
        maximum_iterations: how often `body` is called at most; by default without limit.
        name: ignored.

    Returns:
        The last variables, in a list or tuple as `body` returned them.

    Raises:
        TypeError: `cond` or `body` is no function.
        ValueError: there are no variables, or `body` returns them in another form.

    >>> import gradtape as tf
    >>> tf.while_loop(lambda i, x: i < 3, lambda i, x: (i + 1, 2.0 * x), (tf.constant(0), tf.constant(1.0)))[1]
    <tf.Tensor: shape=(), dtype=float32, numpy=8.0>
    """
    require_callable(cond, "cond")
    require_callable(body, "body")
    if not loop_vars:
        raise ValueError("'loop_vars' must be provided.")
    most = None if maximum_iterations is None else int(maximum_iterations)

    def turn(now: Any) -> Any:
        found = body(*now)
        if len(loop_vars) == 1 and not isinstance(found, (list, tuple)):
            found = [found]
        nest.assert_same_structure([*loop_vars], [*found])
        return found

    count, now, over = 0, loop_vars, False
    trying = RECORDING.recorder is not None
    while not over and (most is None or count < most):
        # Where Python's own objects begin, tensors may go on.
        if trying and count < 2:
            over, turns, now = recorded_while(cond, turn, now, None if most is None else most - count)
            count, trying = count + turns, not (turns or over)
            if not trying:
                continue
        if not cond(*now):
            break
        now, count = turn(now), count + 1
    return nest.map_structure(lambda each: each if isinstance(each, TensorArray) else convert(each), now)


def map_fn(
    fn: Callable[..., Any],
    elems: Any,
    dtype: Any = None,
    parallel_iterations: int | None = None,
    back_prop: bool = True,
    swap_memory: bool = False,
    infer_shape: bool = True,
    name: str | None = None,
    fn_output_signature: Any = None,
) -> Any:
    """Calls a function for each part of tensors along their first dimension, and puts the results together.

    `tf.vectorized_map` computes all at once where the function consists of tensor operations. In a recorded function
    (`tf.function`) the loop is one step, under the conditions of `while_loop`; likewise `scan`, `foldl` and `foldr`.

    Args:
        fn: a function of one argument, a part of each tensor in the structure of `elems`.
        elems: a tensor, or a structure of tensors, with one size of the first dimension.
        dtype: the former name of `fn_output_signature`.
        parallel_iterations, back_prop, swap_memory, infer_shape: ignored.
        name: ignored.
        fn_output_signature: the dtypes of the results, or `TensorSpec`s, in a structure of theirs; by default structure
            and dtypes are those of `elems`.

    Returns:
        A tensor, or a structure of them.

    Raises:
        TypeError: `fn` is no function.
        ValueError: a tensor is a scalar, sizes differ, or the results have another structure.
        InvalidArgumentError: a result has another dtype.

    >>> import gradtape as tf
    >>> tf.map_fn(lambda row: tf.reduce_sum(row), tf.constant([[1.0, 2.0], [3.0, 4.0]]))
    <tf.Tensor: shape=(2,), dtype=float32, numpy=array([3., 7.], dtype=float32)>
    """
    require_callable(fn, "fn")
    whole, tensors, count = parts_of(elems)
    signature = fn_output_signature if fn_output_signature is not None else dtype
    # The dtypes of a signature are leaves; what is none stands for a structure of the tensors themselves.
    form = whole if signature is None else signature
    wanted = [as_dtype(getattr(each, "dtype", each)) for each in nest.flatten(form)]

    def one(parts: list[Tensor]) -> list[Tensor]:
        result = fn(nest.pack_sequence_as(elems, parts))
        nest.assert_same_structure(form, result, check_types=False)
        row = [convert(each) for each in nest.flatten(result)]
        for tensor, kind in zip(row, wanted, strict=True):
            if tensor.dtype is not kind:
                raise InvalidArgumentError(
                    f"map_fn: a result is {kind.name}, as fn_output_signature or the elements say, and {fn} returned "
                    f"{tensor.dtype.name}. Give fn_output_signature=tf.{tensor.dtype.name}."
                )
        return row

    rows: list[list[Tensor]] = []
    if RECORDING.recorder is not None and LOOPS:
        done = LOOPS[0](lambda carry, parts: ([], one(parts)), None, [], tensors, count, False, False)
        if done is not None and done[2] is not None:
            return nest.pack_sequence_as(form, done[3])
        rows = [] if done is None else done[3]
    if len(rows) < count:
        columns = [unstack(each) for each in tensors]
        rows += [one([column[place] for column in columns]) for place in range(len(rows), count)]
    if rows:
        found = [stack(list(column)) for column in zip(*rows, strict=True)]
    else:
        found = [zeros([0, *inner_sizes(each)], kind) for each, kind in zip(nest.flatten(form), wanted, strict=True)]
    return nest.pack_sequence_as(form, found)


def foldl(
    fn: Callable[..., Any],
    elems: Any,
    initializer: Any = None,
    parallel_iterations: int = 10,
    back_prop: bool = True,
    swap_memory: bool = False,
    name: str | None = None,
) -> Any:
    """Combines the parts of tensors along their first dimension one after the other, from the first on.

    Args:
        fn: a function of what was combined so far and the next part.
        elems: a tensor, or a structure of tensors, with one size of the first dimension.
        initializer: what is combined with the first part; by default the first part itself starts.
        parallel_iterations, back_prop, swap_memory: ignored.
        name: ignored.

    Returns:
        The last result of `fn`.

    Raises:
        TypeError: `fn` is no function.
        ValueError: a tensor is a scalar, or sizes differ.
        OutOfRangeError: there is neither a part nor `initializer`.

    >>> import gradtape as tf
    >>> tf.foldl(lambda total, x: 10 * total + x, tf.constant([1, 2, 3]))
    <tf.Tensor: shape=(), dtype=int32, numpy=123>
    """
    return running(fn, elems, initializer, backwards=False)[0]


def foldr(
    fn: Callable[..., Any],
    elems: Any,
    initializer: Any = None,
    parallel_iterations: int = 10,
    back_prop: bool = True,
    swap_memory: bool = False,
    name: str | None = None,
) -> Any:
    """Combines the parts of tensors along their first dimension one after the other, from the last on.

    Args:
        fn: a function of what was combined so far and the next part.
        elems: a tensor, or a structure of tensors, with one size of the first dimension.
        initializer: what is combined with the last part; by default the last part itself starts.
        parallel_iterations, back_prop, swap_memory: ignored.
        name: ignored.

    Returns:
        The last result of `fn`.

    Raises:
        TypeError: `fn` is no function.
        ValueError: a tensor is a scalar, or sizes differ.
        OutOfRangeError: there is neither a part nor `initializer`.

    >>> import gradtape as tf
    >>> tf.foldr(lambda total, x: 10 * total + x, tf.constant([1, 2, 3]))
    <tf.Tensor: shape=(), dtype=int32, numpy=321>
    """
    return running(fn, elems, initializer, backwards=True)[0]


def scan(
    fn: Callable[..., Any],
    elems: Any,
    initializer: Any = None,
    parallel_iterations: int = 10,
    back_prop: bool = True,
    swap_memory: bool = False,
    infer_shape: bool = True,
    reverse: bool = False,
    name: str | None = None,
) -> Any:
    """Combines the parts of tensors along their first dimension one after the other, and returns all that comes about.

    Args:
        fn: a function of what was combined so far and the next part.
        elems: a tensor, or a structure of tensors, with one size of the first dimension.
        initializer: what is combined with the first part; by default the first part itself is the first result.
        parallel_iterations, back_prop, swap_memory, infer_shape: ignored.
        reverse: whether to begin at the end; the results keep the places of the parts.
        name: ignored.

    Returns:
        The results along a new first dimension, in a structure like that of `fn`'s result.

    Raises:
        TypeError: `fn` is no function.
        ValueError: a tensor is a scalar, or sizes differ.
        OutOfRangeError: there is neither a part nor `initializer`.

    >>> import gradtape as tf
    >>> tf.scan(lambda total, x: total + x, tf.constant([1, 2, 3]))
    <tf.Tensor: shape=(3,), dtype=int32, numpy=array([1, 3, 6], dtype=int32)>
    """
    return running(fn, elems, initializer, backwards=reverse, whole=True)[1]


def running(fn: Callable[..., Any], elems: Any, initializer: Any, backwards: bool, whole: bool = False) -> Any:
    """Returns what is combined at the end; and, if it is asked for, what is after each part, stacked."""
    require_callable(fn, "fn")
    _, tensors, count = parts_of(elems)
    if initializer is None:
        if not count:
            raise OutOfRangeError("Tried to read from index 0 but array size is: 0. Give an initializer.")
        first = nest.pack_sequence_as(elems, [each[-1 if backwards else 0] for each in tensors])
        tensors, count = [each[:-1] if backwards else each[1:] for each in tensors], count - 1
    else:
        first = nest.map_structure(convert, initializer)
    steps = [first]

    def one(parts: list[Tensor], now: Any = None) -> Any:
        now = steps[-1] if now is None else now
        found = fn(now, nest.pack_sequence_as(elems, parts))
        nest.assert_same_structure(now, found)
        steps.append(nest.map_structure(convert, found))
        return steps[-1]

    def turn(carry: list[Tensor], parts: list[Tensor]) -> tuple[list[Tensor], list[Tensor]]:
        made = nest.flatten(one(parts, nest.pack_sequence_as(first, carry)))
        return made, made if whole else []

    if RECORDING.recorder is not None and LOOPS:
        done = LOOPS[0](turn, None, nest.flatten(first), tensors, count, backwards, False)
        if done is not None and done[2] is not None:
            last, stacks = [nest.pack_sequence_as(steps[-1], each) if each else None for each in done[2:]]
            if whole and initializer is None:
                stacks = nest.map_structure(
                    lambda own, others: concat([others, own[None]] if backwards else [own[None], others], 0),
                    first,
                    stacks,
                )
            return last, stacks
    if len(steps) <= count:
        columns = [unstack(each) for each in tensors]
        for place in range(len(steps) - 1, count):
            one([column[-1 - place if backwards else place] for column in columns])
    every = steps if initializer is None else steps[1:]
    if backwards:
        every = every[::-1]
    if not whole:
        return steps[-1], None
    if not every:
        return None, nest.map_structure(lambda each: zeros([0, *each.shape], each.dtype), first)
    return None, nest.map_structure(lambda *each: stack(list(each)), *every)


def parts_of(elems: Any) -> tuple[Any, list[Tensor], int]:
    """Returns a structure with its leaves as tensors, these, and the number of parts along their first dimension."""
    tensors = [convert(each) for each in nest.flatten(elems)]
    if any(not each.shape.rank for each in tensors):
        raise ValueError("Elements in elems must be 1+ dimensional Tensors, not scalars")
    counts = sorted({each._value.shape[0] for each in tensors})
    if len(counts) != 1:
        raise ValueError(f"Dimensions {' and '.join(map(str, counts))} are not compatible: the parts go together.")
    return nest.pack_sequence_as(elems, tensors), tensors, counts[0]


def inner_sizes(spec: Any) -> list[int]:
    """Returns the sizes of a result that a `TensorSpec` says, none where there is none."""
    shape = getattr(spec, "shape", None)
    return list(shape) if shape is not None and not isinstance(spec, Tensor) and shape.is_fully_defined() else []


def require_callable(function: Any, word: str) -> None:
    """Raises TypeError unless something can be called."""
    if not callable(function):
        raise TypeError(f"'{word}' must be callable, got {function!r}.")
