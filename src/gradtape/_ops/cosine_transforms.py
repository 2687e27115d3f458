"""Cosine transforms: of four types, modified and overlapping, and the cepstral coefficients of speech."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradtape._core.batches import as_it_is
from gradtape._core.conversion import convert
from gradtape._core.families import composite, linear
from gradtape._core.op import Array, TensorLike
from gradtape._core.sampling import arrays
from gradtape._core.tensor import Tensor
from gradtape._ops.complexes import HALVES
from gradtape._ops.fourier import fitted
from gradtape._ops.frames import Window, as_whole, frame, overlap_and_add, required_rank
from gradtape._ops.joining import concat
from gradtape._ops.parameters import as_number
from gradtape._ops.signal_windows import vorbis_window
from gradtape._ops.structure import reverse
from gradtape.errors import InvalidArgumentError, WrongTypeError

# The types 2 and 3 are each other's transpose and, but for a factor, inverse; 1 and 4 their own.
OTHER = {1: 1, 2: 3, 3: 2, 4: 4}
ROOT_HALF = 0.5**0.5


@linear(
    arrays((4,), (2, 3), (1,), (0, 3), (2, 0), type=[1, 2, 3, 4], ortho=[False], transposed=[False, True])
    + arrays((5,), type=[2, 3, 4], ortho=[True], transposed=[False, True]),
    shape=lambda x_shape, **params: x_shape,
    batch=as_it_is,
    types=HALVES,
    x=lambda g, type, ortho, transposed: cosine_transform(g, type, ortho, not transposed),
)
def cosine_transform(x: TensorLike, type: int, ortho: bool, transposed: bool) -> Array:
    """Returns the cosine transform of the last axis, or what the transposed matrix gives; not for users."""
    if not x.size or (type == 1 and x.shape[-1] == 1):
        return np.array(x)
    from scipy.fft import dct as transform

    if ortho:
        return transform(x, OTHER[type] if transposed else type, norm="ortho")
    if not transposed or type == 4:
        return transform(x, type)
    if type == 3:
        out = transform(x, 2)
        out[..., 0] *= 0.5
        return out
    # The transform counts the first number once, as that of type 1 does the last, and all others twice.
    x = x.copy()
    x[..., 0] *= 2
    if type == 1:
        x[..., -1] *= 2
    out = transform(x, OTHER[type])
    if type == 1:
        out[..., 0] *= 0.5
        out[..., -1] *= 0.5
    return out


def checked(input: TensorLike, type: Any, n: Any, axis: Any, norm: Any) -> tuple[Tensor, bool]:
    """Returns the input of a cosine transform, cut or filled up to `n`, and whether it is orthonormal.

    Raises as `dct` does.
    """
    if axis != -1:
        raise NotImplementedError(f"axis must be -1. Got: {axis}. Use tf.transpose to move another one there.")
    n = None if n is None else as_number("n", n)
    type = as_number("type", type)
    if n is not None and n < 1:
        raise InvalidArgumentError(f"n should be a positive integer or None, got {n!r}.")
    if type not in OTHER:
        raise InvalidArgumentError(f"type must be 1, 2, 3 or 4, got {type!r}.")
    if norm not in (None, "ortho"):
        raise InvalidArgumentError(f"norm must be None or 'ortho', got {norm!r}.")
    if type == 1 and norm:
        raise InvalidArgumentError("the cosine transform of type 1 has no normalisation: leave norm out.")
    tensor = convert(input)
    if tensor._value.dtype not in HALVES:
        raise WrongTypeError(f"a tensor of float32 or float64 is wanted, got {tensor.dtype.name}. Write tf.cast first.")
    if not tensor._value.ndim:
        raise InvalidArgumentError("a cosine transform wants at least one dimension, got a scalar.")
    if type == 1 and tensor._value.shape[-1] < 2:
        raise InvalidArgumentError(
            f"the cosine transform of type 1 wants at least two numbers, got shape {list(tensor._value.shape)}."
        )
    if n is not None:
        tensor = fitted(tensor, (n,), (-1,))
    return tensor, norm == "ortho"


@composite(arrays((4,), type=[1, 2, 3, 4], n=[None, 3, 6]) + arrays((2, 3), type=[2, 3, 4], norm=["ortho"]))
def dct(
    input: TensorLike,
    type: int = 2,
    n: int | None = None,
    axis: int = -1,
    norm: str | None = None,
    name: str | None = None,
) -> Tensor:
    """Returns the discrete cosine transform along the last dimension.

    Args:
        input: a tensor of float32 or float64 of shape `[..., samples]`.
        type: 1, 2, 3 or 4.
        n: to how many numbers to cut the last dimension, or to fill it up with zeros.
        axis: -1.
        norm: `"ortho"` for an orthonormal transform, of the types 2, 3 and 4.
        name: ignored.

    Returns:
        A tensor of the same dtype, of shape `[..., n]`.

    Raises:
        NotImplementedError: `axis` is another.
        TypeError: the input is of another dtype.
        ValueError: there is no such type or normalisation, or `n` is not positive; type 1 wants two numbers or more.

    >>> import gradtape as tf
    >>> tf.signal.dct([1.0, 2.0, 4.0]).numpy().round(3)
    array([14.   , -5.196,  1.   ], dtype=float32)
    """
    tensor, ortho = checked(input, type, n, axis, norm)
    return cosine_transform(tensor, type, ortho, False)


@composite(arrays((4,), type=[1, 2, 3, 4], n=[None, 3, 6]) + arrays((2, 3), type=[2, 3, 4], norm=["ortho"]))
def idct(
    input: TensorLike,
    type: int = 2,
    n: int | None = None,
    axis: int = -1,
    norm: str | None = None,
    name: str | None = None,
) -> Tensor:
    """Returns the inverse of the discrete cosine transform along the last dimension, up to a factor.

    The factor is 1 for `"ortho"`, else `2 * samples`, and `2 * (samples - 1)` for type 1.

    Args:
        input: a tensor of float32 or float64 of shape `[..., samples]`.
        type: the type of the transform that is undone: 1, 2, 3 or 4.
        n: to how many numbers to cut the last dimension, or to fill it up with zeros.
        axis: -1.
        norm: `"ortho"` for an orthonormal transform, of the types 2, 3 and 4.
        name: ignored.

    Returns:
        A tensor of the same dtype, of shape `[..., n]`.

    Raises:
        NotImplementedError: `axis` is another.
        TypeError: the input is of another dtype.
        ValueError: there is no such type or normalisation, or `n` is not positive; type 1 wants two numbers or more.

    >>> import gradtape as tf
    >>> tf.signal.idct(tf.signal.dct([1.0, 2.0, 4.0], norm="ortho"), norm="ortho").numpy().round(4)
    array([1., 2., 4.], dtype=float32)
    """
    tensor, ortho = checked(input, type, n, axis, norm)
    return cosine_transform(tensor, OTHER[type], ortho, False)


@composite(
    arrays((12,), (2, 10), frame_length=[4], pad_end=[False, True], norm=[None, "ortho"])
    + arrays((9,), frame_length=[8], window_fn=[None])
)
def mdct(
    signals: TensorLike,
    frame_length: Any,
    window_fn: Window | None = vorbis_window,
    pad_end: bool = False,
    norm: str | None = None,
    name: str | None = None,
) -> Tensor:
    """Returns the modified discrete cosine transform: half as many numbers for frames that overlap by half.

    The transform is that of Princen, Johnson and Bradley, Subband/transform coding using filter bank designs based on
    time domain aliasing cancellation (ICASSP 1987), by a cosine transform of type 4 of the folded frames.

    Args:
        signals: a tensor of float32 or float64 of shape `[..., samples]`.
        frame_length: the length of a frame, a multiple of 4.
        window_fn: a function of a length and a `dtype` that returns what to multiply frames with; None for a constant.
        pad_end: whether there are frames that reach over the end, with zeros there.
        norm: `"ortho"` for an orthonormal transform.
        name: ignored.

    Returns:
        A tensor of the same dtype, of shape `[..., frames, frame_length / 2]`.

    Raises:
        InvalidArgumentError: the length is not positive.
        ValueError: the length is no multiple of 4, or there is no such normalisation; the signals have no dimension.

    >>> import gradtape as tf
    >>> tf.signal.mdct(tf.range(8.0), 4, norm="ortho").numpy().round(3)
    array([[-2.804, -0.107],
           [-5.595,  0.351],
           [-8.386,  0.809]], dtype=float32)
    """
    length = as_whole("frame_length", frame_length)
    if length % 4:
        raise InvalidArgumentError(f"frame_length must be a multiple of 4, got {length}.")
    frames: Any = frame(signals, length, length // 2, pad_end)
    frames = frames * (ROOT_HALF if window_fn is None else window_fn(length, dtype=frames.dtype))
    quarter = length // 4
    one, two, three, four = (frames[..., start : start + quarter] for start in range(0, length, quarter))
    folded = concat([-reverse(three, (-1,)) - four, one - reverse(two, (-1,))], -1)
    return dct(folded, 4, norm=norm)


@composite(arrays((3, 4), (2, 2, 2), norm=[None, "ortho"]) + arrays((3, 4), window_fn=[None]))
def inverse_mdct(
    mdcts: TensorLike, window_fn: Window | None = vorbis_window, norm: str | None = None, name: str | None = None
) -> Tensor:
    """Returns the signal that `mdct` took, but for half a frame at either end, which one frame alone covers.

    Args:
        mdcts: a tensor of float32 or float64 of shape `[..., frames, frame_length / 2]`.
        window_fn: the `window_fn` of `mdct`; its squares have to add up to 1 where frames overlap.
        norm: the `norm` of `mdct`.
        name: ignored.

    Returns:
        A tensor of the same dtype, of shape `[..., samples]`.

    Raises:
        InvalidArgumentError: the last dimension has an odd size.
        ValueError: there are fewer than two dimensions, or there is no such normalisation.

    >>> import gradtape as tf
    >>> tf.signal.inverse_mdct(tf.signal.mdct(tf.range(8.0), 4)).numpy().round(3)[2:-2]
    array([2., 3., 4., 5.], dtype=float32)
    """
    tensor = convert(mdcts)
    required_rank("inverse_mdct", tensor, 2)
    half = tensor._value.shape[-1]
    if half % 2:
        raise InvalidArgumentError(f"the last dimension must have an even size, got shape {list(tensor._value.shape)}.")
    unfolded: Any = dct(tensor, 4, norm=norm)
    if norm is None:
        unfolded = 0.5 / half * unfolded
    first, second = unfolded[..., : half // 2], unfolded[..., half // 2 :]
    frames: Any = concat([second, -reverse(second, (-1,)), -reverse(first, (-1,)), -first], -1)
    frames = frames * (ROOT_HALF if window_fn is None else window_fn(2 * half, dtype=frames.dtype))
    return overlap_and_add(frames, half)


@composite(arrays((4,), (2, 3)))
def mfccs_from_log_mel_spectrograms(log_mel_spectrograms: TensorLike, name: str | None = None) -> Tensor:
    """Returns the mel-frequency cepstral coefficients of spectrograms on the mel scale.

    They are scaled as in the Hidden Markov Model Toolkit (Young et al., The HTK Book, section 5.6).

    Args:
        log_mel_spectrograms: a tensor of float32 or float64 of shape `[..., num_mel_bins]`: the logarithms of what
            `linear_to_mel_weight_matrix` gives.
        name: ignored.

    Returns:
        A tensor of the same dtype and shape; speech recognition keeps the first 13 or so of the coefficients.

    Raises:
        InvalidArgumentError: there is no dimension.
        TypeError: the spectrograms are of another dtype.
        ValueError: there are no bins.

    >>> import gradtape as tf
    >>> tf.signal.mfccs_from_log_mel_spectrograms([1.0, 2.0, 4.0]).numpy().round(4)
    array([ 5.7155, -2.1213,  0.4082], dtype=float32)
    """
    tensor = convert(log_mel_spectrograms)
    bins = tensor._value.shape[-1:]
    if bins == (0,):
        raise InvalidArgumentError(f"num_mel_bins must be positive. Got shape {list(tensor._value.shape)}.")
    cepstra: Any = dct(tensor)
    scaled: Tensor = cepstra * (2.0 * bins[0]) ** -0.5
    return scaled
