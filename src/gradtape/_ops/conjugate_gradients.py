"""Solving linear systems by conjugate gradients: the operator is only ever applied."""

from __future__ import annotations

from typing import Any, NamedTuple

from gradtape._core.conversion import convert
from gradtape._core.tensor import Tensor
from gradtape._ops.comparison import greater
from gradtape._ops.complexes import conj, real
from gradtape._ops.creation import constant, zeros
from gradtape._ops.linear_operator_parts import common_batch, shape_of
from gradtape._ops.norms import norm
from gradtape._ops.reduction import reduce_sum
from gradtape._ops.steps import any_true, asked
from gradtape._ops.structure import broadcast_to, expand_dims


class CGState(NamedTuple):
    """Where an iteration by conjugate gradients stands: its count, the solution, residual, direction, and its size."""

    i: Tensor
    x: Tensor
    r: Tensor
    p: Tensor
    gamma: Tensor


def inner(x: Any, y: Any) -> Any:
    """Returns the inner products of vectors."""
    return reduce_sum(conj(x) * y, axis=-1)


def conjugate_gradient(
    operator: Any,
    rhs: Any,
    preconditioner: Any = None,
    x: Any = None,
    tol: Any = 1e-5,
    max_iter: Any = 20,
    name: str = "conjugate_gradient",
) -> CGState:
    """Solves systems of a self-adjoint, positive definite operator by conjugate gradients (Hestenes and Stiefel, 1952).

    Args:
        operator: a linear operator that is self-adjoint and positive definite by its hints.
        rhs: a tensor of shape `[..., n]`: the right-hand sides.
        preconditioner: a linear operator that approximates the inverse.
        x: a tensor of shape `[..., n]` to start from; zeros by default.
        tol: the iteration stops when all residuals are at most this part of the right-hand sides, in Euclidean norm.
        max_iter: the greatest number of iterations.
        name: ignored.

    Returns:
        A named tuple: `i`, the number of iterations, the solutions `x`, the residuals `r`, the last directions `p`, and
        `gamma`, the squared norms of the residuals as the preconditioner measures them.

    Raises:
        ValueError: the operator isn't self-adjoint and positive definite by its hints.

    >>> import gradtape as tf
    >>> matrix = tf.constant([[4.0, 1.0], [1.0, 3.0]])
    >>> operator = tf.linalg.LinearOperatorFullMatrix(matrix, is_self_adjoint=True, is_positive_definite=True)
    >>> tf.linalg.experimental.conjugate_gradient(operator, tf.constant([1.0, 2.0])).x.numpy().round(4)
    array([0.0909, 0.6364], dtype=float32)
    """
    if not (operator.is_self_adjoint and operator.is_positive_definite):
        raise ValueError(
            "Expected a self-adjoint, positive definite operator: set is_self_adjoint=True and "
            "is_positive_definite=True if it is both."
        )
    right = convert(rhs)
    batches = [shape_of(right)[:-1], operator.batch_shape]
    if preconditioner is not None:
        batches.append(preconditioner.batch_shape)
    shape = (*common_batch(batches), shape_of(right)[-1])
    residual = broadcast_to(right, shape)
    least = real(norm(residual, axis=-1)) * convert(tol, residual.dtype.real_dtype)
    if x is None:
        found = zeros(shape, right.dtype)
    else:
        found = convert(x)
        residual = right - operator.matvec(found)
    direction = residual if preconditioner is None else preconditioner.matvec(residual)
    gamma = inner(residual, direction)
    count = 0
    while count < int(max_iter) and asked("any", any_true, greater(real(norm(residual, axis=-1)), least)):
        image = operator.matvec(direction)
        step = expand_dims(gamma / inner(direction, image), -1)
        found = found + step * direction
        residual = residual - step * image
        guess = residual if preconditioner is None else preconditioner.matvec(residual)
        before, gamma = gamma, inner(residual, guess)
        direction = guess + expand_dims(gamma / before, -1) * direction
        count += 1
    return CGState(constant(count, "int32"), found, residual, direction, gamma)
