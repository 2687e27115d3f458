"""Linear operators of structured matrices: reflections, permutations, Toeplitz and tridiagonal matrices."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradtape._core.conversion import convert
from gradtape._core.dtypes import as_dtype
from gradtape._core.families import composite
from gradtape._core.op import TensorLike
from gradtape._core.sampling import arrays
from gradtape._core.spec import TensorShape
from gradtape._core.tensor import Tensor, make_tensor
from gradtape._ops.assertions import assert_equal
from gradtape._ops.casting import cast
from gradtape._ops.comparison import equal
from gradtape._ops.complexes import conj
from gradtape._ops.creation import ones, zeros, zeros_like
from gradtape._ops.diagonals import diag_part, diagonal_matrix, set_diag
from gradtape._ops.fourier import fft
from gradtape._ops.gather import gather
from gradtape._ops.joining import concat
from gradtape._ops.linear_operator import LinearOperator
from gradtape._ops.linear_operator_circulant import LinearOperatorCirculant, as_complex
from gradtape._ops.linear_operator_parts import (
    arguments,
    as_parameter,
    common_batch,
    conjugate_transpose_if,
    require_real,
    required,
    shape_of,
    with_batch,
)
from gradtape._ops.norms import l2_normalize
from gradtape._ops.products import matmul
from gradtape._ops.slicing import getitem
from gradtape._ops.steps import asked, one_step
from gradtape._ops.structure import broadcast_to, expand_dims, reverse, roll
from gradtape._ops.tridiagonal import three_rows, tridiagonal_matmul, tridiagonal_solve
from gradtape.errors import InvalidArgumentError


class LinearOperatorHouseholder(LinearOperator):
    """The reflection on the hyperplane that a vector is normal to.

    Args:
        reflection_axis: a tensor of shape `[..., n]`: the vectors.
        is_non_singular: whether it is expected to have an inverse.
        is_self_adjoint: True.
        is_positive_definite: False.
        is_square: True.
        name: a name.

    Raises:
        ValueError: the vector is a scalar, or a hint cannot be.

    >>> import gradtape as tf
    >>> tf.linalg.LinearOperatorHouseholder([0.0, 2.0]).matvec([3.0, 4.0]).numpy()
    array([ 3., -4.], dtype=float32)
    """

    def __init__(
        self,
        reflection_axis: Any,
        is_non_singular: bool | None = None,
        is_self_adjoint: bool | None = None,
        is_positive_definite: bool | None = None,
        is_square: bool | None = None,
        name: str = "LinearOperatorHouseholder",
    ) -> None:
        parameters = arguments(locals())
        self._reflection_axis = as_parameter(reflection_axis, 1, "reflection_axis")
        super().__init__(
            self._reflection_axis.dtype,
            None,
            is_non_singular,
            required(is_self_adjoint, True, "A reflection is self-adjoint."),
            required(is_positive_definite, False, "A reflection is not positive definite."),
            required(is_square, True, "A reflection is square."),
            name,
            parameters,
        )

    @property
    def reflection_axis(self) -> Any:
        """The vectors that the hyperplanes are normal to."""
        return self._reflection_axis

    def _shape(self) -> TensorShape:
        return TensorShape([*self._reflection_axis.shape, self._reflection_axis.shape[-1]])

    def _linop_inverse(self) -> LinearOperator:
        return self

    def _matmul(self, x: Any, adjoint: bool = False, adjoint_arg: bool = False) -> Any:
        x = conjugate_transpose_if(adjoint_arg, x)
        normal = expand_dims(l2_normalize(self._reflection_axis, axis=-1), -1)
        return x - 2 * normal * matmul(normal, x, adjoint_a=True)

    def _solve(self, rhs: Any, adjoint: bool = False, adjoint_arg: bool = False) -> Any:
        return self._matmul(rhs, adjoint, adjoint_arg)

    def _to_dense(self) -> Any:
        normal = expand_dims(l2_normalize(self._reflection_axis, axis=-1), -1)
        found = -2 * matmul(normal, normal, adjoint_b=True)
        return set_diag(found, 1 + diag_part(found))

    def _diag_part(self) -> Any:
        normal = l2_normalize(self._reflection_axis, axis=-1)
        return 1 - 2 * normal * conj(normal)

    def _trace(self) -> Any:
        return ones(tuple(self.batch_shape), self.dtype) * (self.domain_dimension - 2)

    def _determinant(self) -> Any:
        return -ones(tuple(self.batch_shape), self.dtype)

    def _log_abs_determinant(self) -> Any:
        return zeros(tuple(self.batch_shape), self.dtype)

    def _eigvals(self) -> Any:
        batch = tuple(self.batch_shape)
        others = ones((*batch, self.domain_dimension - 1), self.dtype)
        return concat([-ones((*batch, 1), self.dtype), others], -1)

    def _cond(self) -> Any:
        return ones(tuple(self.batch_shape), self.dtype)

    def _assert_non_singular(self) -> None:
        pass

    def _assert_self_adjoint(self) -> None:
        pass

    def _assert_positive_definite(self) -> None:
        raise InvalidArgumentError("Reflections are not positive definite.")


def is_permutation(order: Any) -> bool:
    """Returns whether each row of an array holds the numbers from 0 on, in any order."""
    return not (np.sort(order, axis=-1) != np.arange(order.shape[-1])).any()


@one_step("undone")
def undone(order: Tensor) -> Tensor:
    """Returns the permutation that undoes another one."""
    return make_tensor(np.argsort(order._value, axis=-1))


class LinearOperatorPermutation(LinearOperator):
    """A permutation: row i of a product is row `perm[i]` of the argument.

    Args:
        perm: a tensor of integers of shape `[..., n]`, each vector a permutation of 0 … n - 1.
        dtype: the dtype of the tensors that it takes.
        is_non_singular: True.
        is_self_adjoint: whether it is expected to equal its adjoint.
        is_positive_definite: whether it is expected to be positive definite.
        is_square: True.
        name: a name.

    Raises:
        TypeError: `perm` has no integers.
        ValueError: it is a scalar or no permutation, or a hint cannot be.

    >>> import gradtape as tf
    >>> tf.linalg.LinearOperatorPermutation([2, 0, 1]).matvec([10.0, 20.0, 30.0]).numpy()
    array([30., 10., 20.], dtype=float32)
    """

    def __init__(
        self,
        perm: Any,
        dtype: Any = "float32",
        is_non_singular: bool | None = None,
        is_self_adjoint: bool | None = None,
        is_positive_definite: bool | None = None,
        is_square: bool | None = None,
        name: str = "LinearOperatorPermutation",
    ) -> None:
        parameters = arguments(locals())
        self._perm = as_parameter(perm, 1, "perm")
        order = convert(self._perm)
        if not order.dtype.is_integer:
            raise TypeError(f"Argument perm must be of integers, got {self._perm.dtype.name}.")
        if asked("permutation", is_permutation, order) is False:
            last = order._value.shape[-1] - 1
            raise ValueError(f"Argument perm must be a permutation of 0 to {last}, got {order._value}.")
        required(is_non_singular, True, "A permutation is non-singular.")
        super().__init__(
            as_dtype(dtype),
            None,
            is_non_singular,
            is_self_adjoint,
            is_positive_definite,
            required(is_square, True, "A permutation is square."),
            name,
            parameters,
        )

    @property
    def perm(self) -> Any:
        """The permutation."""
        return self._perm

    def _shape(self) -> TensorShape:
        return TensorShape([*self._perm.shape, self._perm.shape[-1]])

    def _matmul(self, x: Any, adjoint: bool = False, adjoint_arg: bool = False) -> Any:
        x = conjugate_transpose_if(adjoint_arg, x)
        order = undone(convert(self._perm)) if adjoint else convert(self._perm)
        sizes = order._value.shape
        batch = common_batch((shape_of(x)[:-2], sizes[:-1]))
        rows = shape_of(x)[-2:]
        wide = x if shape_of(x)[:-2] == batch else broadcast_to(x, (*batch, *rows))
        if len(sizes) == 1:
            return gather(wide, order, axis=-2)
        order = broadcast_to(order, (*batch, sizes[-1]))
        return gather(wide, order, axis=-2, batch_dims=len(batch))

    def _solve(self, rhs: Any, adjoint: bool = False, adjoint_arg: bool = False) -> Any:
        return self._matmul(rhs, not adjoint, adjoint_arg)

    def _to_dense(self) -> Any:
        return cast(equal(np.arange(self.domain_dimension), cast(expand_dims(self._perm, -1), "int64")), self.dtype)

    def _diag_part(self) -> Any:
        return cast(equal(np.arange(self.domain_dimension), cast(self._perm, "int64")), self.dtype)

    def _log_abs_determinant(self) -> Any:
        return zeros(tuple(self.batch_shape), self.dtype)

    def _cond(self) -> Any:
        return ones(tuple(self.batch_shape), self.dtype)

    def _assert_non_singular(self) -> None:
        pass


class LinearOperatorToeplitz(LinearOperator):
    """A Toeplitz matrix, constant along its diagonals: products come from Fourier transforms of twice its size.

    Args:
        col: a tensor of shape `[..., n]`: the first columns.
        row: a tensor of shape `[..., n]`: the first rows; their first number is not read.
        is_non_singular: whether it is expected to have an inverse.
        is_self_adjoint: whether it is expected to equal its adjoint.
        is_positive_definite: whether it is expected to be positive definite.
        is_square: True.
        name: a name.

    Raises:
        ValueError: the sizes differ, or a hint cannot be.

    >>> import gradtape as tf
    >>> tf.linalg.LinearOperatorToeplitz([1.0, 2.0, 3.0], [1.0, 4.0, 5.0]).to_dense().numpy()
    array([[1., 4., 5.],
           [2., 1., 4.],
           [3., 2., 1.]], dtype=float32)
    """

    def __init__(
        self,
        col: Any,
        row: Any,
        is_non_singular: bool | None = None,
        is_self_adjoint: bool | None = None,
        is_positive_definite: bool | None = None,
        is_square: bool | None = None,
        name: str = "LinearOperatorToeplitz",
    ) -> None:
        parameters = arguments(locals())
        self._col, self._row = as_parameter(col, 1, "col"), as_parameter(row, 1, "row")
        if self._col.shape[-1] != self._row.shape[-1]:
            raise ValueError(f"col and row must be of one size, got {self._col.shape} and {self._row.shape}.")
        super().__init__(
            self._row.dtype,
            None,
            is_non_singular,
            is_self_adjoint,
            is_positive_definite,
            required(is_square, True, "Only square Toeplitz operators are supported."),
            name,
            parameters,
        )

    @property
    def col(self) -> Any:
        """The first columns."""
        return self._col

    @property
    def row(self) -> Any:
        """The first rows."""
        return self._row

    def _shape(self) -> TensorShape:
        shape = common_batch((self._col.shape, self._row.shape))
        return TensorShape([*shape, shape[-1]])

    def _elements(self) -> tuple[Any, Any]:
        """Returns the first columns, and what the rows have behind their first number, backwards."""
        shape = tuple(self.shape[:-1])
        col, row = (broadcast_to(each, shape) for each in (self._col, self._row))
        return col, reverse(getitem(row, (..., slice(1, None))), [-1])

    def _matmul(self, x: Any, adjoint: bool = False, adjoint_arg: bool = False) -> Any:
        x = conjugate_transpose_if(adjoint_arg, x)
        col, row = self._elements()
        # The matrix is a corner of a circulant one of twice its size.
        longer = concat([col, zeros_like(getitem(col, (..., slice(0, 1)))), row], -1)
        circulant = LinearOperatorCirculant(fft(as_complex(longer)), input_output_dtype=self.dtype)
        found = circulant.matmul(concat([x, zeros_like(x)], -2), adjoint=adjoint)
        return getitem(found, (..., slice(0, self.domain_dimension), slice(None)))

    def _to_dense(self) -> Any:
        col, row = self._elements()
        size = self.domain_dimension
        places = np.subtract.outer(np.arange(size), np.arange(size)) % max(2 * size - 1, 1)
        return gather(concat([col, row], -1), places, axis=-1)

    def _diag_part(self) -> Any:
        return broadcast_to(getitem(self._col, (..., slice(0, 1))), tuple(self.shape[:-1]))

    def _trace(self) -> Any:
        return cast(self.domain_dimension, self.dtype) * broadcast_to(self._col[..., 0], tuple(self.batch_shape))

    def _assert_self_adjoint(self) -> None:
        assert_equal(self._row, self._col, message="row and col differ, so that the operator is not self-adjoint.")


class LinearOperatorTridiag(LinearOperator):
    """A tridiagonal matrix: products and solutions take time in proportion to its size.

    Args:
        diagonals: the diagonals above, on and below the main one: in the format "compact" a tensor of shape
            `[..., 3, n]`, in "sequence" three of shape `[..., n]` (the last number of the first and the first number of
            the last are not read), in "matrix" the dense matrices.
        diagonals_format: "compact", "sequence" or "matrix".
        is_non_singular: whether it is expected to have an inverse.
        is_self_adjoint: whether it is expected to equal its adjoint.
        is_positive_definite: whether it is expected to be positive definite.
        is_square: whether it is expected to be square.
        name: a name.

    Raises:
        ValueError: there is no such format, or a hint cannot be.

    >>> import gradtape as tf
    >>> operator = tf.linalg.LinearOperatorTridiag([[1.0, 2.0, 0.0], [3.0, 4.0, 5.0], [0.0, 6.0, 7.0]])
    >>> operator.to_dense().numpy()
    array([[3., 1., 0.],
           [6., 4., 2.],
           [0., 7., 5.]], dtype=float32)
    """

    def __init__(
        self,
        diagonals: Any,
        diagonals_format: str = "compact",
        is_non_singular: bool | None = None,
        is_self_adjoint: bool | None = None,
        is_positive_definite: bool | None = None,
        is_square: bool | None = None,
        name: str = "LinearOperatorTridiag",
    ) -> None:
        parameters = arguments(locals())
        if diagonals_format not in ("compact", "sequence", "matrix"):
            raise ValueError(f"diagonals_format is 'compact', 'sequence' or 'matrix', got {diagonals_format!r}.")
        self._diagonals_format = diagonals_format
        self._diagonals: Any = (
            [as_parameter(each, 1, "diagonals") for each in diagonals]
            if diagonals_format == "sequence"
            else as_parameter(diagonals, 2, "diagonals")
        )
        first: Any = self._diagonals[0] if diagonals_format == "sequence" else self._diagonals
        super().__init__(
            first.dtype,
            None,
            is_non_singular,
            is_self_adjoint,
            is_positive_definite,
            is_square,
            name,
            parameters,
        )

    @property
    def diagonals(self) -> Any:
        """The diagonals."""
        return self._diagonals

    @property
    def diagonals_format(self) -> str:
        """The format of the diagonals."""
        return self._diagonals_format

    def _shape(self) -> TensorShape:
        if self._diagonals_format == "sequence":
            batch: Any = common_batch(each.shape[:-1] for each in self._diagonals)
            size = self._diagonals[1].shape[-1]
        else:
            *batch, _, size = self._diagonals.shape
        return TensorShape([*batch, size, size])

    def _rows(self, adjoint: bool = False) -> Any:
        """Returns the diagonals, or those of the adjoint, as rows of one tensor."""
        given = self._diagonals
        if self._diagonals_format == "sequence":
            shape = tuple(self.shape[:-1])
            given = [broadcast_to(each, shape) for each in given]
        rows = three_rows(given, self._diagonals_format)
        if not adjoint:
            return rows
        above, middle, below = (getitem(conj(rows), (..., slice(place, place + 1), slice(None))) for place in range(3))
        return concat([roll(below, -1, -1), middle, roll(above, 1, -1)], -2)

    def _together(self, x: Any, adjoint: bool) -> list[Any]:
        return with_batch((self._rows(adjoint), x))

    def _matmul(self, x: Any, adjoint: bool = False, adjoint_arg: bool = False) -> Any:
        return tridiagonal_matmul(*self._together(conjugate_transpose_if(adjoint_arg, x), adjoint))

    def _solve(self, rhs: Any, adjoint: bool = False, adjoint_arg: bool = False) -> Any:
        return tridiagonal_solve(*self._together(conjugate_transpose_if(adjoint_arg, rhs), adjoint))

    def _diag_part(self) -> Any:
        return getitem(self._rows(), (..., 1, slice(None)))

    def _to_dense(self) -> Any:
        if self._diagonals_format == "matrix":
            return convert(self._diagonals)
        rows, size = self._rows(), self.domain_dimension
        parts = ((0, 1, slice(0, size - 1)), (1, 0, slice(None)), (2, -1, slice(1, None)))
        above, middle, below = (
            diagonal_matrix(getitem(rows, (..., row, part)), place, size, size) for row, place, part in parts
        )
        return above + middle + below

    def _assert_self_adjoint(self) -> None:
        rows, other = self._rows(), self._rows(adjoint=True)
        require_real(getitem(rows, (..., 1, slice(None))), "The diagonal has imaginary parts.")
        above = (..., 0, slice(None, -1))
        message = "The diagonals above and below the main one are not conjugate."
        assert_equal(getitem(rows, above), getitem(other, above), message=message)


@composite(arrays(((3,), (3,)), ((2, 3), (3,))))
def functions_of_structured_operators(x: TensorLike, y: TensorLike) -> list[Any]:
    """Returns products and solutions that structured operators give; not for users."""
    vector = convert(y)
    return [
        LinearOperatorToeplitz(x, y).matvec(vector, adjoint=True),
        LinearOperatorHouseholder(4.0 + convert(x)).matvec(vector),
        LinearOperatorTridiag([x, 6.0 + vector, x], diagonals_format="sequence").solvevec(
            broadcast_to(vector, convert(x).shape)
        ),
        LinearOperatorCirculant(4.0 + convert(x), input_output_dtype=vector.dtype).solvevec(vector),
    ]
