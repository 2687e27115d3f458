"""Sparse Jacobians and Hessians: a product for each colour of the columns, put together as SciPy sparse arrays."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from gradtape._autodiff.accumulator import accumulating
from gradtape._autodiff.batching import Batch, left, new_level
from gradtape._autodiff.colouring import Sparsity
from gradtape._autodiff.pattern import hessian_pattern, jacobian_pattern
from gradtape._autodiff.tape import GradientTape
from gradtape._core.conversion import convert
from gradtape._core.tensor import Carrier, NoSingleValue, Tensor, make_tensor
from gradtape.errors import InvalidArgumentError

Function = Callable[[Any], Any]
Products = Callable[[Any], Any]
# Directions of so many elements together are a batch: above, memory costs more than a call for each of them.
AT_ONCE = 1 << 13
# Products of so many elements are in memory beside the result.
IN_MEMORY = 1 << 20
# How many times the rounding error two results may differ that are one but for rounding.
ROUNDING = 64
DTYPES = (np.dtype(np.float32), np.dtype(np.float64))


def sparse_jacobian(function: Function, x: Any, *, pattern: Any = None) -> Any:
    """Returns the Jacobian of a function at a point as a sparse matrix.

    Its pattern is found by one run of the function in which each element carries the set of the elements of `x` that it
    depends on. Columns without a common row, or rows without a common column, are computed together: a banded Jacobian
    takes as many products as its band is wide, whatever its size. Each call tests the result in a random direction, so
    that a pattern that does not fit is an error.

    Args:
        function: a function of one tensor, whose result is a tensor. It gets the value of `x`, and may branch and loop
            on it; what it reads of tensors as Python numbers are constants, as for a tape.
        x: the point, a float32 or float64 tensor, variable or array of any shape.
        pattern: a `Sparsity` from `jacobian_sparsity`, or a matrix that is other than 0 wherever the Jacobian can be;
            by default it is found. It holds for other points, too, as long as the function takes the same path.

    Returns:
        A `scipy.sparse.csr_array` of the dtype of `x` with a row for each element of the result and a column for each
        element of `x`, in their order. It stores all elements of the pattern, also those that are 0.

    Raises:
        TypeError: the function's result is no tensor.
        InvalidArgumentError: the Jacobian is other than 0 outside of the pattern, the shapes do not fit, or `x` is of
            another dtype.

    >>> import gradtape as tf
    >>> import numpy as np
    >>> x = np.array([1.0, 2.0, 3.0])
    >>> tf.autodiff.sparse_jacobian(lambda x: x[1:] * x[:-1], x).toarray()
    array([[2., 1., 0.],
           [0., 3., 2.]])

    Source: Curtis, Powell & Reid, On the estimation of sparse Jacobian matrices (1974).
    """
    point = as_point(x)
    known = jacobian_sparsity(function, point) if pattern is None else as_sparsity(pattern, symmetric=False)
    return assembled(known, point, partial(pulling if known.direction == "rows" else pushing, function), function)


def sparse_hessian(function: Function, x: Any, *, pattern: Any = None) -> Any:
    """Returns the Hessian of a scalar function at a point as a sparse matrix.

    The pattern is that of the gradient's Jacobian: index sets go through the function and back through its gradient.
    The matrix is symmetric, so that of two elements across from each other only one has to be computed; a product
    is a tangent of the gradient.

    Args:
        function: a function of one tensor, whose result is a tensor of one element; see `sparse_jacobian`.
        x: the point, a float32 or float64 tensor, variable or array of any shape.
        pattern: a `Sparsity` from `hessian_sparsity`, or a matrix that is other than 0 wherever the Hessian can be.

    Returns:
        A `scipy.sparse.csr_array` of the dtype of `x`, with a row and a column for each element of `x`.

    Raises:
        TypeError: the function's result is no tensor.
        InvalidArgumentError: the result is not one number, the Hessian is other than 0 outside of the pattern, the
            shapes do not fit, or `x` is of another dtype.

    >>> import gradtape as tf
    >>> import numpy as np
    >>> x = np.array([1.0, 2.0, 4.0])
    >>> tf.autodiff.sparse_hessian(lambda x: tf.reduce_sum((x[1:] - x[:-1]) ** 2), x).toarray()
    array([[ 2., -2.,  0.],
           [-2.,  4., -2.],
           [ 0., -2.,  2.]])

    Source: Coleman & Moré, Estimation of sparse Hessian matrices and graph coloring problems (1984).
    """
    point = as_point(x)
    known = hessian_sparsity(function, point) if pattern is None else as_sparsity(pattern, symmetric=True)
    return assembled(known, point, partial(pulling_twice, function), partial(gradient_at, function))


def jacobian_sparsity(function: Function, x: Any) -> Sparsity:
    """Returns where the Jacobian of a function can be other than 0, to be used again by `sparse_jacobian`.

    Args:
        function: a function of one tensor, whose result is a tensor.
        x: a point, as for `sparse_jacobian`.

    Returns:
        A `Sparsity`: the pattern and a colouring. It does not depend on the value of `x` unless the function branches
        on it, or takes elements by indices that it computes.

    Raises:
        TypeError: the function's result is no tensor.
        InvalidArgumentError: `x` is of another dtype than float32 and float64.

    >>> import gradtape as tf
    >>> tf.autodiff.jacobian_sparsity(lambda x: tf.cumsum(x), [1.0, 2.0, 3.0]).pattern.toarray().astype(int)
    array([[1, 0, 0],
           [1, 1, 0],
           [1, 1, 1]])
    """
    return Sparsity(jacobian_pattern(function, as_point(x), as_result))


def hessian_sparsity(function: Function, x: Any) -> Sparsity:
    """Returns where the Hessian of a scalar function can be other than 0, to be used again by `sparse_hessian`.

    Args:
        function: a function of one tensor, whose result is a tensor of one element.
        x: a point, as for `sparse_hessian`.

    Returns:
        A `Sparsity`, as `jacobian_sparsity` does.

    Raises:
        TypeError: the function's result is no tensor.
        InvalidArgumentError: the result is not one number, or `x` is of another dtype than float32 and float64.

    >>> import gradtape as tf
    >>> tf.autodiff.hessian_sparsity(lambda x: tf.reduce_sum(x**3) + x[0] * x[2], [1.0, 2.0, 3.0]).pattern.toarray()
    array([[ True, False,  True],
           [False,  True, False],
           [ True, False,  True]])
    """
    return Sparsity(hessian_pattern(function, as_point(x), as_number), symmetric=True)


# What the user gives.


def as_point(x: Any) -> Tensor:
    """Returns a point as a tensor of its own, which nothing follows."""
    tensor = convert(x)
    if isinstance(tensor, Carrier):
        raise TypeError(f"A sparse derivative is taken at one point; x is {tensor.what}.")
    if tensor._value.dtype not in DTYPES:
        raise InvalidArgumentError(
            f"Sparse derivatives are of float32 or float64; x is {tensor.dtype.name}: write tf.cast(x, tf.float64)."
        )
    return make_tensor(tensor._value)


def as_sparsity(pattern: Any, symmetric: bool) -> Sparsity:
    """Returns a pattern with a colouring that serves a Jacobian, or a symmetric matrix."""
    if not isinstance(pattern, Sparsity):
        return Sparsity(pattern, symmetric)
    if symmetric and pattern.shape[0] != pattern.shape[1]:
        raise InvalidArgumentError(f"The pattern of a Hessian is square; got shape {list(pattern.shape)}.")
    # The colouring of a symmetric matrix would take one element for another of a matrix that is not.
    return Sparsity(pattern.pattern) if pattern.direction == "symmetric" and not symmetric else pattern


def as_result(value: Any) -> Tensor:
    """Returns what a function gave as a tensor of real numbers."""
    if not (isinstance(value, Tensor) or hasattr(value, "_read") or hasattr(value, "_as_tensor")):
        raise TypeError(
            f"A sparse derivative is that of a function whose result is a tensor; got {value!r} of type "
            f"{type(value).__name__!r}. Several results can be one: tf.concat, tf.stack."
        )
    tensor = convert(value)
    if tensor._value.dtype.kind == "c":
        raise InvalidArgumentError(f"Sparse derivatives are of real functions; the result is {tensor.dtype.name}.")
    return tensor


def as_number(value: Any) -> Tensor:
    """Returns what a function gave as a tensor of one element."""
    tensor = as_result(value)
    if tensor._value.size != 1:
        raise InvalidArgumentError(
            f"The Hessian is that of a function whose result is one number; got shape {list(tensor._value.shape)}. "
            "Write tf.reduce_sum, or take sparse_jacobian."
        )
    return tensor


def check_shape(name: str, size: int, expected: int, shape: tuple[int, int]) -> None:
    """Raises InvalidArgumentError unless the pattern has a row (or column) for each element."""
    if size != expected:
        raise InvalidArgumentError(
            f"The pattern of shape {list(shape)} does not fit: {name} has {size} elements. Find the sparsity for "
            "this function and this shape of x."
        )


# Products with the derivative: functions of directions, one a row, that give the products, one a row.


def pushing(function: Function, x: Tensor, shape: tuple[int, int]) -> Products:
    """Returns what multiplies the Jacobian with directions in the space of `x`."""

    def product(tangent: Tensor) -> Any:
        with accumulating(x, tangent) as accumulator:
            y = as_result(function(x))
        check_shape("the result", y._value.size, shape[0], shape)
        return accumulator.jvp(y, "zero")

    return in_batches(product, x, shape[0])


def pulling(function: Function, x: Tensor, shape: tuple[int, int]) -> Products:
    """Returns what multiplies the transposed Jacobian with directions in the space of the result."""
    with GradientTape(persistent=True, watch_accessed_variables=False) as tape:
        tape.watch(x)
        y = as_result(function(x))
    check_shape("the result", y._value.size, shape[0], shape)
    return in_batches(lambda seed: tape.gradient(y, x, seed, "zero"), y, shape[1])


def pulling_twice(function: Function, x: Tensor, shape: tuple[int, int]) -> Products:
    """Returns what multiplies the Hessian, whose rows are its columns, with directions."""
    # The tape records the gradient, too: one computation of it serves all directions.
    with GradientTape(persistent=True, watch_accessed_variables=False) as tape:
        tape.watch(x)
        y = as_number(function(x))
        gradient = convert(tape.gradient(y, x, unconnected_gradients="zero"))
    return in_batches(lambda seed: tape.gradient(gradient, x, seed, "zero"), x, shape[1])


def in_batches(product: Callable[[Tensor], Any], space: Tensor, length: int) -> Products:
    """Returns a function of many directions, from one of a tensor, or a batch of them, like `space`."""
    shape, dtype = space._value.shape, space._value.dtype
    step = max(AT_ONCE // max(space._value.size, 1), 1)

    def products(directions: Any) -> Any:
        result = np.empty((len(directions), length), directions.dtype)
        for start in range(0, len(directions), step):
            part = directions[start : start + step].astype(dtype, copy=False)
            rows = rows_of(product, part.reshape((len(part), *shape)))
            result[start : start + step] = rows.reshape((len(part), length))
        return result

    return products


def rows_of(product: Callable[[Tensor], Any], seeds: Any) -> Any:
    """Returns the products of a few directions, all at once where that is possible."""
    if len(seeds) == 1:
        return convert(product(make_tensor(seeds[0])))._value
    level = new_level()
    try:
        found = convert(product(make_tensor(Batch(seeds, (level,)))))
    except NoSingleValue:
        # A gradient of the user's own may read its cotangent as numbers, which a batch has none of.
        return np.stack([rows_of(product, seeds[k : k + 1]) for k in range(len(seeds))])
    return left(found._value, level, len(seeds))


# The matrix.


def gradient_at(function: Function, x: Tensor) -> Any:
    """Returns the gradient of a scalar function."""
    with GradientTape(watch_accessed_variables=False) as tape:
        tape.watch(x)
        y = as_number(function(x))
    return convert(tape.gradient(y, x, unconnected_gradients="zero"))


def assembled(
    known: Sparsity,
    x: Tensor,
    multiplying: Callable[[Tensor, tuple[int, int]], Products],
    differentiated: Function,
) -> Any:
    """Returns the sparse matrix of which `multiplying` gives the products with directions, and tests it.

    It is the Jacobian of `differentiated`.
    """
    from scipy.sparse import csr_array

    check_shape("x", x._value.size, known.shape[1], known.shape)
    products = multiplying(x, known.shape)
    across = known.direction == "rows"
    line = known.shape[1 if across else 0]
    dtype = x._value.dtype
    test, count = known.test.astype(dtype, copy=False), known.count
    step = max(IN_MEMORY // max(len(test), line, 1), 1)
    data = np.empty(known.pattern.nnz, dtype)
    product: Any = None
    for start in range(0, count + 1, step):
        # Behind the last colour comes the test.
        numbers = np.arange(start, min(start + step, count + 1))
        seeds = (known.colors == numbers[:, None]).astype(dtype)
        if numbers[-1] == count:
            seeds[-1] = test
        compressed = products(seeds)
        if numbers[-1] == count:
            product = compressed[-1]
        if count < step:
            data = compressed.reshape(-1)[known.places]
        else:
            places = known.places - start * line
            here = np.flatnonzero((places >= 0) & (places < compressed.size))
            data[here] = compressed.reshape(-1)[places[here]]
    # Copies, so that what a user does to the matrix does not change the pattern.
    result = csr_array((data, known.pattern.indices.copy(), known.pattern.indptr.copy()), shape=known.shape)
    check_product(result.T if across else result, test, product, products, across, lambda: resolved(differentiated, x))
    return result


def resolved(function: Function, x: Tensor) -> float:
    """Returns the least derivative that shows: what moves the results less than they are rounded, along all of `x`."""
    value = np.abs(as_result(function(x))._value)
    height = np.max(value, initial=0.0, where=np.isfinite(value))
    width = np.max(np.abs(x._value), initial=0.0, where=np.isfinite(x._value))
    return float(np.finfo(x._value.dtype).eps * height / (width or 1.0))


def check_product(
    matrix: Any, test: Any, product: Any, products: Products, across: bool, least: Callable[[], float]
) -> None:
    """Raises InvalidArgumentError unless the matrix times a random direction is what differentiation gives for it.

    A difference counts where it is more than rounding: more than that of the sum, more than that of the derivative
    itself, which shows where the products with two parts of the direction do not add up to the whole one, and more than
    the `least` derivative that is not lost in the rounding of the results.
    """
    limit = ROUNDING * np.finfo(test.dtype).eps
    with np.errstate(all="ignore"):
        expected = matrix @ test
        difference = np.abs(expected - product)
        if (difference <= limit * np.abs(product)).all():
            return
        size = abs(matrix) @ np.abs(test)
        # What is infinite or NaN on both sides is no difference.
        agree = (difference <= limit * size) | ~(np.isfinite(expected) | np.isfinite(product))
        agree |= difference <= ROUNDING * least()
        if agree.all():
            return
        # The matrix was made of products with ones, in which other rounding errors may show.
        wholes = np.stack([test, np.ones_like(test)] * 4)
        exact = np.stack([product, products(wholes[1:2])[0]] * 4)
        noise, generator = np.zeros(len(product)), np.random.default_rng(1)
        for _ in range(5):
            # By chance the parts may add up exactly: what seems to differ gets more chances not to.
            parts = (wholes * generator.random(wholes.shape)).astype(test.dtype)
            found = products(np.concatenate([parts, wholes - parts]))
            noise = np.maximum(noise, np.abs(found[:8] + found[8:] - exact).max(axis=0))
            differing = np.flatnonzero(~(agree | (difference <= ROUNDING * noise)))
            if not len(differing):
                return
    shown = ", ".join(map(str, differing[:8].tolist())) + (", …" if len(differing) > 8 else "")
    raise InvalidArgumentError(
        f"The pattern does not fit the derivative at this point: {'column' if across else 'row'}"
        f"{'s' * (len(differing) > 1)} {shown} of {len(product)} would be wrong. The function depends on elements "
        "of x that the pattern leaves out: it takes another path here than where the pattern was found, or is "
        "another one at each call, or has a custom gradient that does not follow its operations. Without such a "
        "gradient leave out `pattern`, or find it at this point with jacobian_sparsity or hessian_sparsity; with one, "
        "give the pattern yourself."
    )
