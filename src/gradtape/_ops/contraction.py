"""Einstein sums: products of tensors over axes that are named by letters."""

from __future__ import annotations

import re
from functools import lru_cache
from math import prod
from typing import Any

import numpy as np

from gradtape._core.batches import behind_batch, moving
from gradtape._core.conversion import convert
from gradtape._core.dispatch import convert_hint
from gradtape._core.dtypes import NUMBERS
from gradtape._core.families import bilinear, composite, linear
from gradtape._core.op import Array, TensorLike
from gradtape._core.sampling import arrays
from gradtape._core.tensor import Tensor
from gradtape._core.variable import Variable
from gradtape._ops.batching import letter_in_front, with_letter
from gradtape._ops.parameters import Shape
from gradtape._ops.products import PRODUCTS
from gradtape._ops.reduction import reduce_sum
from gradtape._ops.structure import reshape, transpose
from gradtape.errors import InvalidArgumentError, WrongTypeError

FORMAT = re.compile(r"(?:[A-Za-z]|\.\.\.|,)*(?:->(?:[A-Za-z]|\.\.\.)*)?")
# Below so many multiplications NumPy's plain loop is done before a matrix product is set up.
FEW = 2048


LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"


def letters_of(equation: str) -> tuple[str, str, str]:
    """Returns the letters of the two inputs and of the result of a sum over two inputs."""
    inputs, output = equation.split("->")
    first, second = inputs.split(",")
    return first, second, output


def first_from(equation: str) -> str:
    """Returns the equation of the cotangent of the first input, from that of the result and the second input."""
    first, second, output = letters_of(equation)
    return f"{output},{second}->{first}"


def second_from(equation: str) -> str:
    """Returns the equation of the cotangent of the second input, from that of the result and the first input."""
    first, second, output = letters_of(equation)
    return f"{output},{first}->{second}"


def pair_shape(a_shape: Shape, b_shape: Shape, equation: str) -> Shape:
    """The shape rule of an Einstein sum over two inputs."""
    first, second, output = letters_of(equation)
    sizes = dict(zip(first + second, a_shape + b_shape, strict=True))
    return tuple(sizes[letter] for letter in output)


@lru_cache(1024)
def layout(equation: str) -> tuple[Shape, Shape, tuple[int, int, int, int], Shape]:
    """Returns how a sum becomes a product of matrices.

    Returns:
        The order of the axes of either input, (batch, rows, inner) and (batch, inner, columns); how many axes of each
        kind there are: batch, rows, inner, columns; and the order of the result's axes among batch, rows, columns.
    """
    first, second, output = letters_of(equation)
    batch = [letter for letter in first if letter in second and letter in output]
    inner = [letter for letter in first if letter in second and letter not in output]
    rows = [letter for letter in first if letter not in second]
    columns = [letter for letter in second if letter not in first]
    made = batch + rows + columns
    return (
        tuple(first.index(letter) for letter in batch + rows + inner),
        tuple(second.index(letter) for letter in batch + inner + columns),
        (len(batch), len(rows), len(inner), len(columns)),
        tuple(made.index(letter) for letter in output),
    )


@bilinear(
    arrays(((2, 3), (3, 4)), equation=["ij,jk->ik", "ij,jk->ki"])
    + arrays(((2, 3), (2, 3)), equation=["ij,ij->", "ij,ij->i", "ij,ij->ji", "ij,kj->ik"])
    + arrays(((2, 3, 4), (4, 2)), equation=["ijk,ki->j", "abc,cd->abd"])
    + arrays(((20, 15), (15, 16)), equation=["ij,jk->ki"]),
    shape=pair_shape,
    batch=with_letter,
    types=PRODUCTS,
    a=lambda g, b, equation: sum_of_two(g, b, first_from(equation)),
    b=lambda g, a, equation: sum_of_two(g, a, second_from(equation)),
)
def sum_of_two(a: TensorLike, b: TensorLike, equation: str) -> Array:
    """Returns an Einstein sum over two inputs; not for users.

    No letter stands twice in one input, and each one of an input also stands in the other one or in the result: the
    cotangents are of this form again.
    """
    for_a, for_b, (batch, rows, inner, columns), order = layout(equation)
    if a.size * max(prod(b.shape[axis] for axis in for_b[batch + inner :]), 1) <= FEW or not inner:
        return np.einsum(equation, a, b)
    if batch and not rows and not columns:
        return np.einsum(equation, a, b)
    a, b = a.transpose(for_a), b.transpose(for_b)
    shape = a.shape[: batch + rows] + b.shape[batch + inner :]
    fronts = a.shape[:batch]
    height, width = prod(shape[batch : batch + rows]), prod(shape[batch + rows :])
    length = prod(a.shape[batch + rows :])
    product = np.matmul(a.reshape(*fronts, height, length), b.reshape(*fronts, length, width))
    return product.reshape(shape).transpose(order)


def unique(letters: str) -> str:
    """Returns each of the letters once, in the order of their first place."""
    return "".join(dict.fromkeys(letters))


def diagonal_shape(x_shape: Shape, letters: str) -> Shape:
    """The shape rule of `diagonal_part`."""
    return tuple(dict(zip(letters, x_shape, strict=True)).values())


@linear(
    arrays((3, 3), letters=["ii"]) + arrays((2, 3, 2), letters=["iji"]) + arrays((2, 2, 2), letters=["iii"]),
    shape=diagonal_shape,
    batch=moving(letters=letter_in_front),
    types=NUMBERS,
    x=lambda g, x_shape, letters: diagonal_filled(g, x_shape, letters),
)
def diagonal_part(x: TensorLike, letters: str) -> Array:
    """Returns the elements with equal indices on axes of the same letter, which become one axis; not for users."""
    return np.einsum(f"{letters}->{unique(letters)}", x)


@linear(
    arrays((3,), shape=[(3, 3)], letters=["ii"]) + arrays((2, 3), shape=[(2, 3, 2)], letters=["iji"]),
    shape=lambda x_shape, shape, letters: shape,
    batch=moving(letters=letter_in_front, shape=behind_batch),
    types=NUMBERS,
    x=lambda g, letters: diagonal_part(g, letters),
)
def diagonal_filled(x: TensorLike, shape: Shape, letters: str) -> Array:
    """Returns zeros of a shape whose `diagonal_part` is `x`; not for users."""
    out = np.zeros_like(x, shape=shape)
    np.einsum(f"{letters}->{unique(letters)}", out)[...] = x
    return out


def sum_of_one(tensor: Any, letters: str, wanted: str) -> Any:
    """Returns an Einstein sum over one tensor: diagonals, sums over what is not wanted, the wanted order."""
    once = unique(letters)
    if once != letters:
        tensor = diagonal_part(tensor, letters)
    summed = tuple(axis for axis, letter in enumerate(once) if letter not in wanted)
    if summed:
        tensor = reduce_sum(tensor, summed)
        once = "".join(letter for letter in once if letter in wanted)
    return tensor if once == wanted else transpose(tensor, tuple(map(once.index, wanted)))


def parts_of(equation: str, count: int) -> tuple[list[str], str]:
    """Returns the subscripts of the inputs and of the result of an equation.

    Raises:
        ValueError: it is no equation, or not one for `count` inputs.
    """
    if not isinstance(equation, str):
        raise WrongTypeError(f"Subscripts are a text like 'ij,jk->ik', got {equation!r}.")
    compact = equation.replace(" ", "")
    if not FORMAT.fullmatch(compact):
        raise InvalidArgumentError(f"Subscripts have incorrect format: {equation}")
    left, arrow, output = compact.partition("->")
    terms = left.split(",")
    if len(terms) != count:
        raise InvalidArgumentError(f'Got {count} inputs for equation "{equation}", expecting {len(terms)}')
    if any(term.count("...") > 1 for term in [*terms, output]):
        raise InvalidArgumentError(f"Subscripts have incorrect format, an ellipsis stands once in a term: {equation}")
    found = left.replace(".", "").replace(",", "")
    if not arrow:
        once = "".join(sorted(letter for letter in set(found) if found.count(letter) == 1))
        return terms, ("..." if "..." in left else "") + once
    letters = output.replace(".", "")
    if len(set(letters)) < len(letters):
        raise InvalidArgumentError(f"Output subscripts contain a label appearing more than once: {equation}")
    for letter in letters:
        if letter not in found:
            raise InvalidArgumentError(
                f"Output subscripts contain the label {letter} not present in the input subscripts."
            )
    return terms, output


def named_axes(equation: str, shapes: tuple[Shape, ...]) -> tuple[list[str], str, list[Shape]]:
    """Returns letters for all axes of the inputs and of the result, and the inputs' shapes.

    The axes of an ellipsis get letters; one of size 1 that is broadcast is left out.
    """
    terms, output = parts_of(equation, len(shapes))
    free = [letter for letter in LETTERS if letter not in equation]
    hidden = []
    for position, (term, shape) in enumerate(zip(terms, shapes, strict=True)):
        count = len(shape) - len(term.replace("...", ""))
        if count < 0 or (count and "..." not in term):
            raise InvalidArgumentError(
                f"Expected input {position} to have rank {len(term.replace('...', ''))} but got: {len(shape)}, "
                f"shape {list(shape)} (equation {equation})."
            )
        hidden.append(count)
    widest = max(hidden, default=0)
    if widest and "..." not in output:
        raise InvalidArgumentError(
            f"Output contains {widest} broadcasting dimension(s) but no ellipsis (...) was found in the output "
            f"subscripts: {equation}"
        )
    if widest > len(free):
        raise InvalidArgumentError(f"There are not enough letters for the axes of {equation}.")
    extra = "".join(free[:widest])
    full = [term.replace("...", extra[widest - count :]) for term, count in zip(terms, hidden, strict=True)]
    output = output.replace("...", extra)
    sizes: dict[str, int] = {}
    for term, shape in zip(full, shapes, strict=True):
        for axis, (letter, size) in enumerate(zip(term, shape, strict=True)):
            known = sizes.setdefault(letter, size)
            if letter in extra and 1 in (known, size):
                sizes[letter] = size if known == 1 else known
            elif known != size:
                raise InvalidArgumentError(
                    f"Expected dimension {known} at axis {axis} of the input shaped {list(shape)} but got dimension "
                    f"{size} (label {letter} of {equation})."
                )
    kept = [
        [(letter, size) for letter, size in zip(term, shape, strict=True) if size == sizes[letter]]
        for term, shape in zip(full, shapes, strict=True)
    ]
    letters = ["".join(letter for letter, _ in pairs) for pairs in kept]
    return letters, output, [tuple(size for _, size in pairs) for pairs in kept]


@lru_cache(1024)
def plan(equation: str, shapes: tuple[Shape, ...], optimize: str) -> tuple[list[Shape], list[Any]]:
    """Returns the shapes that the inputs take first, and the steps of a sum.

    A step is `(position, letters, wanted)` for a sum over the one operand at that position, or `(first, second,
    equation)` for one over two; the result takes their place at the end of the list of operands.
    """
    terms, output, kept = named_axes(equation, shapes)
    steps: list[Any] = []
    for first, second in pairing(terms, output, kept, optimize):
        others = "".join(term for position, term in enumerate(terms) if position not in (first, second)) + output
        simple = []
        for here, there in ((first, second), (second, first)):
            wanted = "".join(letter for letter in unique(terms[here]) if letter in terms[there] + others)
            simple.append(wanted)
            if wanted != terms[here]:
                steps.append((here, terms[here], wanted))
        a, b = simple
        result = output if len(terms) == 2 else "".join(letter for letter in unique(a + b) if letter in others)
        terms = [term for position, term in enumerate(terms) if position not in (first, second)] + [result]
        steps.append((first, second, f"{a},{b}->{result}"))
    if terms[0] != output:
        steps.append((0, terms[0], output))
    return kept, steps


def pairing(terms: list[str], output: str, shapes: list[Shape], optimize: str) -> list[tuple[int, int]]:
    """Returns the positions of two operands for each step, cheap steps first, as NumPy's planner chooses."""
    if len(terms) < 3:
        return [(0, 1)] * (len(terms) - 1)
    zero = np.zeros(())
    path, _ = np.einsum_path(
        f"{','.join(terms)}->{output}", *[np.broadcast_to(zero, shape) for shape in shapes], optimize=optimize
    )
    pairs = []
    count = len(terms)
    for group in path[1:]:
        # A group of more than two is taken from its end: what a step makes stands last.
        positions = sorted(group)
        while len(positions) > 1:
            second, first = positions.pop(), positions.pop()
            pairs.append((first, second))
            count -= 1
            positions.append(count - 1)
    return pairs


@composite(
    arrays(((2, 3), (3, 4)), equation=["ij,jk->ik", "ij,jk", "ij,jk->j", "ij,kl->", "...ij,...jk->...ki"])
    + arrays((3, 3), equation=["ii", "ii->i", "ij->ji", "ij->", "i...->..."])
    + arrays(((3, 2), (3, 1)), equation=["i...,i...->..."])
    + arrays(((2, 3), (3, 4), (4, 2)), equation=["ij,jk,kl->il", "ij,jk,ki->", "ab,bc,cd->dab"])
    + arrays(((2, 2, 3), (3, 0)), equation=["iij,jk->ik", "iij,jk->i"])
)
def contracted(*inputs: TensorLike, equation: str, optimize: Any = "greedy") -> Tensor:
    """Returns the Einstein sum of `equation` over tensors; not for users."""
    operands = list(inputs)
    for each in inputs:
        if type(each) is not Tensor:
            operands = as_tensors(inputs)
            break
    if not isinstance(equation, str):
        raise WrongTypeError(f"Subscripts are a text like 'ij,jk->ik', got {equation!r}.")
    shapes = tuple([each._value.shape for each in operands])
    kept, steps = plan(equation, shapes, optimize if optimize in ("greedy", "optimal") else "greedy")
    for position, shape in enumerate(kept):
        if len(shape) < len(shapes[position]):
            operands[position] = reshape(operands[position], shape)
    for step in steps:
        if isinstance(step[1], str):
            operands[step[0]] = sum_of_one(operands[step[0]], step[1], step[2])
        else:
            first, second = operands[step[0]], operands[step[1]]
            operands = [each for position, each in enumerate(operands) if position not in step[:2]]
            operands.append(sum_of_two(first, second, step[2]))
    return operands[0]


def einsum(equation: str, *inputs: TensorLike, **kwargs: Any) -> Any:
    """Returns the products of the elements of tensors, summed over the axes that the equation does not keep.

    Args:
        equation: letters for the axes of each input, then those of the result, as `"ij,jk->ik"`; without an arrow the
            result has the letters that stand once, in the order of the alphabet; `...` stands for any axes in front,
            which broadcast.
        *inputs: tensors of one dtype.
        **kwargs: `optimize`, NumPy's word for how to order the steps of three and more inputs (`"greedy"`,
            `"optimal"`); `name`, ignored.

    Returns:
        A tensor of that dtype.

    Raises:
        ValueError: the equation is none, or not one for as many inputs.
        InvalidArgumentError: it does not fit the shapes, or the dtypes differ.
        TypeError: another keyword is given.

    >>> import gradtape as tf
    >>> tf.einsum("ij,j->i", tf.constant([[1, 2], [3, 4]]), tf.constant([1, 1]))
    <tf.Tensor: shape=(2,), dtype=int32, numpy=array([3, 7], dtype=int32)>
    """
    if kwargs and not kwargs.keys() <= {"name", "optimize", "greedy"}:
        strange = ", ".join(kwargs.keys() - {"name", "optimize", "greedy"})
        raise WrongTypeError(
            f"Invalid keyword arguments for einsum: {strange}. Valid arguments: name, optimize, greedy."
        )
    return contracted(*inputs, equation=equation, optimize=kwargs.get("optimize"))


def as_tensors(inputs: Any) -> list[Any]:
    """Returns values as tensors, of the dtype of the first that is a tensor or a variable."""
    dtype = next((each.dtype for each in inputs if isinstance(each, (Tensor, Variable))), None)
    return [convert_hint(each, dtype) if dtype is not None else convert(each) for each in inputs]


@composite(arrays((3, 3), (2, 3), (4, 2, 3)))
def trace(x: TensorLike, name: str | None = None) -> Tensor:
    """Returns the sum of the elements on the main diagonal of matrices.

    Args:
        x: a tensor of numbers of shape `[..., m, n]`.
        name: ignored.

    Returns:
        A tensor of the same dtype and of shape `[...]`.

    Raises:
        InvalidArgumentError: the tensor has fewer than two dimensions.

    >>> import gradtape as tf
    >>> tf.linalg.trace([[1.0, 2.0], [3.0, 4.0]])
    <tf.Tensor: shape=(), dtype=float32, numpy=5.0>
    """
    tensor = convert(x)
    shape = tensor._value.shape
    if len(shape) < 2:
        raise InvalidArgumentError(f"input must be at least 2-dim, received shape: {list(shape)}.")
    size = min(shape[-2:])
    if shape[-2] != shape[-1]:
        tensor = tensor[..., :size, :size]
    front = LETTERS[1 : len(shape) - 1]
    return sum_of_one(tensor, front + "aa", front)
