"""Linear operators that Fourier transforms make diagonal: circulant matrices, of one, two and three nested levels."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from gradtape._core.conversion import convert
from gradtape._core.dtypes import as_dtype
from gradtape._core.spec import TensorShape
from gradtape._core.tensor import Tensor
from gradtape._ops.arithmetic import abs
from gradtape._ops.assertions import assert_less, assert_positive
from gradtape._ops.casting import cast
from gradtape._ops.complexes import conj, imag, real
from gradtape._ops.exponential import log
from gradtape._ops.fourier import fft, fft2d, fft3d, ifft, ifft2d, ifft3d
from gradtape._ops.linear_operator import LinearOperator
from gradtape._ops.linear_operator_parts import (
    arguments,
    as_parameter,
    commuting_hints,
    conjugate_transpose_if,
    ratio_of_extremes,
    require_no_zero,
    require_real,
    required,
    shape_of,
)
from gradtape._ops.reduction import reduce_prod, reduce_sum
from gradtape._ops.structure import broadcast_to, expand_dims, reshape, transpose

TRANSFORMS = {1: (fft, ifft), 2: (fft2d, ifft2d), 3: (fft3d, ifft3d)}


def as_complex(x: Any) -> Any:
    """Returns numbers as complex ones of the same precision, at least single."""
    if x.dtype.is_complex:
        return convert(x)
    return cast(x, "complex128" if x.dtype.name == "float64" else "complex64")


def swapped(x: Any) -> Any:
    """Returns matrices with rows and columns exchanged."""
    rank = len(shape_of(x))
    return transpose(x, (*range(rank - 2), rank - 1, rank - 2))


class FourierDiagonal(LinearOperator):
    """A matrix that Fourier transforms along a number of axes make diagonal."""

    _depth = 1

    def __init__(
        self,
        spectrum: Any,
        input_output_dtype: Any,
        is_non_singular: bool | None = None,
        is_self_adjoint: bool | None = None,
        is_positive_definite: bool | None = None,
        is_square: bool | None = None,
        name: str | None = None,
    ) -> None:
        parameters = arguments(locals())
        self._spectrum = as_parameter(spectrum, self._depth, "spectrum")
        if not self._spectrum.dtype.is_complex:
            is_self_adjoint = required(is_self_adjoint, True, "A circulant operator of real spectrum is self-adjoint.")
        super().__init__(
            as_dtype(input_output_dtype),
            None,
            is_non_singular,
            is_self_adjoint,
            is_positive_definite,
            required(is_square, True, "A circulant operator is square."),
            name,
            parameters,
        )

    @property
    def spectrum(self) -> Any:
        """The eigenvalues."""
        return self._spectrum

    @property
    def block_depth(self) -> int:
        """The number of nested levels."""
        return self._depth

    @property
    def block_shape(self) -> TensorShape:
        """The sizes of the levels."""
        return TensorShape(self._spectrum.shape[-self._depth :])

    def block_shape_tensor(self) -> Tensor:
        """Returns the sizes of the levels as an int32 tensor."""
        return cast(np.array(list(self.block_shape)), "int32")

    def convolution_kernel(self, name: str = "convolution_kernel") -> Any:
        """Returns what the operator convolves with: its first column, of the spectrum's shape."""
        return self._to_output(TRANSFORMS[self._depth][1](as_complex(self._spectrum)))

    def assert_hermitian_spectrum(self, name: str = "assert_hermitian_spectrum") -> None:
        """Checks that the operator is real: that its spectrum is that of a real first column.

        Raises:
            InvalidArgumentError: it isn't.
        """
        part = abs(imag(self.convolution_kernel()))
        greatest = np.finfo(self.dtype.as_numpy_dtype).eps * self.domain_dimension
        assert_less(part, cast(greatest, part.dtype), message="Spectrum was not Hermitian.")

    def _to_output(self, x: Any) -> Any:
        return cast(x if self.dtype.is_complex else real(x), self.dtype)

    def _shape(self) -> TensorShape:
        size = math.prod(shape_of(self._spectrum)[-self._depth :])
        return TensorShape([*self._spectrum.shape[: -self._depth], size, size])

    def _flat(self) -> Any:
        return reshape(self._spectrum, tuple(self.shape[:-1]))

    def _with(self, spectrum: Any, hints: dict[str, Any]) -> LinearOperator:
        return type(self)(spectrum, self.dtype, **hints)

    def _hints(self) -> dict[str, Any]:
        return {
            "is_non_singular": self.is_non_singular,
            "is_self_adjoint": self.is_self_adjoint,
            "is_positive_definite": self.is_positive_definite,
        }

    def _linop_adjoint(self) -> LinearOperator:
        return self._with(conj(self._spectrum), self._hints())

    def _linop_inverse(self) -> LinearOperator:
        return self._with(1.0 / self._spectrum, self._hints())

    def _linop_matmul(self, left: LinearOperator, right: LinearOperator) -> LinearOperator:
        if type(right) is not type(self) or right.block_shape != self.block_shape:
            return super()._linop_matmul(left, right)
        return self._with(self._spectrum * right.spectrum, commuting_hints(left, right))

    def _linop_solve(self, left: LinearOperator, right: LinearOperator) -> LinearOperator:
        if type(right) is not type(self) or right.block_shape != self.block_shape:
            return super()._linop_solve(left, right)
        return self._with(right.spectrum / self._spectrum, commuting_hints(left, right))

    def _filtered(self, x: Any, adjoint: bool, inverse: bool) -> Any:
        spectrum = as_complex(self._spectrum)
        if adjoint:
            spectrum = conj(spectrum)
        # The columns come in front of the levels; the spectrum is the same for all of them.
        spectrum = expand_dims(spectrum, -self._depth - 1)
        columns = swapped(cast(x, spectrum.dtype))
        forth, back = TRANSFORMS[self._depth]
        levels = forth(reshape(columns, (*shape_of(columns)[:-1], *self.block_shape)))
        found = back(levels / spectrum if inverse else spectrum * levels)
        flat = reshape(found, (*shape_of(found)[: -self._depth], self.domain_dimension))
        return self._to_output(swapped(flat))

    def _matmul(self, x: Any, adjoint: bool = False, adjoint_arg: bool = False) -> Any:
        return self._filtered(conjugate_transpose_if(adjoint_arg, x), adjoint, inverse=False)

    def _solve(self, rhs: Any, adjoint: bool = False, adjoint_arg: bool = False) -> Any:
        return self._filtered(conjugate_transpose_if(adjoint_arg, rhs), adjoint, inverse=True)

    def _eigvals(self) -> Any:
        return self._flat()

    def _cond(self) -> Any:
        return ratio_of_extremes(self._flat())

    def _determinant(self) -> Any:
        return self._cast_number(reduce_prod(self._flat(), axis=-1))

    def _log_abs_determinant(self) -> Any:
        return self._cast_number(reduce_sum(log(abs(self._flat())), axis=-1))

    def _trace(self) -> Any:
        return self._cast_number(reduce_sum(self._flat(), axis=-1))

    def _cast_number(self, x: Any) -> Any:
        return self._to_output(x) if x.dtype.is_complex else cast(x, self.dtype)

    def _diag_part(self) -> Any:
        each = self._trace() / cast(self.domain_dimension, self.dtype)
        return broadcast_to(expand_dims(each, -1), tuple(self.shape[:-1]))

    def _assert_non_singular(self) -> None:
        require_no_zero(self._spectrum, "Singular operator: the spectrum contains zeros.")

    def _assert_positive_definite(self) -> None:
        assert_positive(real(self._spectrum), message="The real part of the spectrum is not positive.")

    def _assert_self_adjoint(self) -> None:
        require_real(self._spectrum, "The spectrum has imaginary parts, so that the operator is not self-adjoint.")


class LinearOperatorCirculant(FourierDiagonal):
    """A circulant matrix, whose rows turn by one place from each to the next: a convolution.

    Args:
        spectrum: a tensor of shape `[..., n]`: the eigenvalues, the Fourier transform of the first column.
        input_output_dtype: the dtype of the tensors that it takes.
        is_non_singular: whether it is expected to have an inverse.
        is_self_adjoint: whether it is expected to equal its adjoint; True for a real spectrum.
        is_positive_definite: whether it is expected to be positive definite.
        is_square: True.
        name: a name.

    Raises:
        ValueError: the spectrum has too few dimensions, or a hint cannot be.

    >>> import gradtape as tf
    >>> operator = tf.linalg.LinearOperatorCirculant([6.0, 0.0], input_output_dtype=tf.float32)
    >>> operator.to_dense().numpy()
    array([[3., 3.],
           [3., 3.]], dtype=float32)
    """

    _depth = 1

    def __init__(
        self,
        spectrum: Any,
        input_output_dtype: Any = "complex64",
        is_non_singular: bool | None = None,
        is_self_adjoint: bool | None = None,
        is_positive_definite: bool | None = None,
        is_square: bool | None = True,
        name: str = "LinearOperatorCirculant",
    ) -> None:
        super().__init__(
            spectrum, input_output_dtype, is_non_singular, is_self_adjoint, is_positive_definite, is_square, name
        )


class LinearOperatorCirculant2D(FourierDiagonal):
    """A block circulant matrix of circulant blocks: a convolution in two dimensions.

    Args:
        spectrum: a tensor of shape `[..., m, n]`: the eigenvalues; the matrix has `m * n` rows.
        input_output_dtype: the dtype of the tensors that it takes.
        is_non_singular: whether it is expected to have an inverse.
        is_self_adjoint: whether it is expected to equal its adjoint; True for a real spectrum.
        is_positive_definite: whether it is expected to be positive definite.
        is_square: True.
        name: a name.

    Raises:
        ValueError: the spectrum has too few dimensions, or a hint cannot be.

    >>> import gradtape as tf
    >>> operator = tf.linalg.LinearOperatorCirculant2D([[1.0, 2.0], [3.0, 4.0]], input_output_dtype=tf.float32)
    >>> operator.determinant().numpy()
    np.float32(24.0)
    """

    _depth = 2

    def __init__(
        self,
        spectrum: Any,
        input_output_dtype: Any = "complex64",
        is_non_singular: bool | None = None,
        is_self_adjoint: bool | None = None,
        is_positive_definite: bool | None = None,
        is_square: bool | None = True,
        name: str = "LinearOperatorCirculant2D",
    ) -> None:
        super().__init__(
            spectrum, input_output_dtype, is_non_singular, is_self_adjoint, is_positive_definite, is_square, name
        )


class LinearOperatorCirculant3D(FourierDiagonal):
    """A circulant matrix of blocks that are circulant of circulant ones: a convolution in three dimensions.

    Args:
        spectrum: a tensor of shape `[..., l, m, n]`: the eigenvalues; the matrix has `l * m * n` rows.
        input_output_dtype: the dtype of the tensors that it takes.
        is_non_singular: whether it is expected to have an inverse.
        is_self_adjoint: whether it is expected to equal its adjoint; True for a real spectrum.
        is_positive_definite: whether it is expected to be positive definite.
        is_square: True.
        name: a name.

    Raises:
        ValueError: the spectrum has too few dimensions, or a hint cannot be.

    >>> import gradtape as tf
    >>> operator = tf.linalg.LinearOperatorCirculant3D(tf.ones((2, 2, 2)), input_output_dtype=tf.float32)
    >>> operator.shape
    TensorShape([8, 8])
    """

    _depth = 3

    def __init__(
        self,
        spectrum: Any,
        input_output_dtype: Any = "complex64",
        is_non_singular: bool | None = None,
        is_self_adjoint: bool | None = None,
        is_positive_definite: bool | None = None,
        is_square: bool | None = True,
        name: str = "LinearOperatorCirculant3D",
    ) -> None:
        super().__init__(
            spectrum, input_output_dtype, is_non_singular, is_self_adjoint, is_positive_definite, is_square, name
        )
