"""`Sparsity`: where a derivative can be other than 0, and which of its columns or rows are computed together."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from gradtape.errors import InvalidArgumentError


class Sparsity:
    """Where a Jacobian or a Hessian can be other than 0, with a colouring: what `sparse_jacobian` can use again.

    Columns of one colour have no row in common, so that one product with the sum of their unit vectors gives them all.
    Rows are coloured instead where that takes fewer colours. Of a symmetric matrix each element stands twice, and only
    one of the two has to be alone (a star colouring).

    Args:
        pattern: a matrix: a SciPy sparse one, whose stored elements count, or an array, whose elements other than 0 do.
        symmetric: whether the matrix is a Hessian; an element of the pattern then counts for the one across as well.

    Attributes:
        pattern: a SciPy `csr_array` of bools.
        shape: its shape.
        colors: for each column (or row) the number of its colour, an array.
        direction: what is coloured: `"columns"`, `"rows"` or `"symmetric"`.

    Raises:
        InvalidArgumentError: the pattern is no matrix, or is to be symmetric and not square.

    >>> import gradtape as tf
    >>> import numpy as np
    >>> sparsity = tf.autodiff.Sparsity(np.tri(6, k=1) * np.tri(6, k=1).T)
    >>> sparsity.colors.tolist(), sparsity.direction
    ([0, 1, 2, 0, 1, 2], 'columns')

    Sources: Curtis, Powell & Reid (1974) for columns, Coleman & Moré (1984) for symmetric matrices; Gebremedhin, Manne
    & Pothen, What color is your Jacobian? (SIAM Review, 2005) for the algorithms.
    """

    __slots__ = ("colors", "direction", "pattern", "places", "shape", "test")

    def __init__(self, pattern: Any, symmetric: bool = False) -> None:
        self.pattern = as_pattern(pattern)
        self.shape: tuple[int, int] = self.pattern.shape
        if symmetric:
            if self.shape[0] != self.shape[1]:
                raise InvalidArgumentError(f"Sparsity: a symmetric pattern is square, got shape {list(self.shape)}.")
            self.pattern = as_pattern(self.pattern + self.pattern.T)
        self.colors, self.direction = coloured(self.pattern, symmetric)
        # Where each stored element stands in the compressed matrix, which has a row for each colour.
        self.places = compressed_places(self.pattern, self.colors, self.direction)
        # A direction to test the derivative with: numbers between 1 and 2, of either sign.
        generator = np.random.default_rng(0)
        length = len(self.colors)
        self.test = generator.uniform(1, 2, length) * generator.choice([-1, 1], length)

    @property
    def count(self) -> int:
        """The number of colours: of the products that a derivative takes."""
        return int(self.colors.max()) + 1 if self.colors.size else 0

    def __repr__(self) -> str:
        return f"<Sparsity: shape={self.shape}, {self.pattern.nnz} elements, {self.count} colours of {self.direction}>"


def as_pattern(pattern: Any) -> Any:
    """Returns a pattern as a sparse matrix of True, row after row, each in order."""
    from scipy.sparse import csr_array, issparse

    given: Any = pattern.tocoo() if issparse(pattern) else np.asarray(pattern)
    if len(given.shape) != 2:
        raise InvalidArgumentError(f"Sparsity: the pattern is a matrix, got shape {list(given.shape)}.")
    where = (given.row, given.col) if issparse(pattern) else given.nonzero()
    result = csr_array((np.ones(len(where[0]), bool), where), shape=given.shape)
    result.sum_duplicates()
    return result


def coloured(pattern: Any, symmetric: bool) -> tuple[Any, str]:
    """Returns the colours of the columns or rows of a pattern, whichever are fewer, and what they are colours of."""
    found = [(column_colors(pattern), "columns")]
    if symmetric:
        # No star colouring has fewer than the two of a path.
        if amount(found[0]) > 2:
            found.append((star_colors(pattern), "symmetric"))
    elif amount(found[0]) > most_in_a_row(pattern.T):
        found.append((column_colors(pattern.T), "rows"))
    return min(found, key=amount)


def amount(colouring: tuple[Any, str]) -> int:
    """Returns the number of colours."""
    return int(colouring[0].max(initial=-1)) + 1


def most_in_a_row(pattern: Any) -> int:
    """Returns how many elements the fullest row has."""
    return int(np.diff(pattern.tocsr().indptr).max(initial=0))


def column_colors(pattern: Any) -> Any:
    """Returns colours for the columns such that no two of one colour have a row in common.

    Columns are coloured one after the other, in their order; where that takes more colours than the fullest row needs,
    the fullest columns first are tried as well.
    """
    columns, least = pattern.tocsc(), most_in_a_row(pattern)
    height, width = pattern.shape
    if least == width:
        return np.arange(width)
    lines = parts(columns)
    colors = greedy(lines, range(width), height)
    if colors.max(initial=-1) + 1 > least:
        fullest = np.argsort(-np.diff(columns.indptr), kind="stable").tolist()
        colors = min(colors, greedy(lines, fullest, height), key=lambda each: each.max())
    return colors


def parts(matrix: Any) -> Callable[[int], list[int]]:
    """Returns a function of a line's number that gives the places of its elements as Python's integers."""
    indices, ends = matrix.indices.tolist(), matrix.indptr.tolist()
    return lambda number: indices[ends[number] : ends[number + 1]]


def greedy(lines: Callable[[int], list[int]], order: Iterable[int], height: int) -> Any:
    """Returns for each column the least colour that none of its rows has seen, in the order given.

    Each row keeps the colours that it has seen as the bits of one integer: the work is linear in the elements.
    """
    seen, colors = [0] * height, {}
    for column in order:
        rows, taken = lines(column), 0
        for row in rows:
            taken |= seen[row]
        free = ~taken & (taken + 1)
        for row in rows:
            seen[row] |= free
        colors[column] = free.bit_length() - 1
    return np.array([colors[column] for column in range(len(colors))], int)


def star_colors(pattern: Any) -> Any:
    """Returns colours for a symmetric pattern: neighbours differ, and no path of four has two colours.

    Then of the elements (i, j) and (j, i) one is alone of its colour in its row. This is the greedy algorithm of
    Gebremedhin, Manne & Pothen, section 4; the colours that a vertex forbids are kept as the bits of one integer.
    """
    size = pattern.shape[0]
    neighbours = parts(pattern)
    colors = [-1] * size
    # Of each vertex: the colours of its neighbours; those that a path of four would end with that begins behind it; and
    # for each colour a neighbour that has it.
    around, behind = [0] * size, [0] * size
    first: list[dict[int, int]] = [{} for _ in range(size)]
    for vertex in range(size):
        near, taken = neighbours(vertex), 0
        for other in near:
            if other != vertex:
                taken |= around[other] if colors[other] < 0 else behind[other] | 1 << colors[other]
        free = ~taken & (taken + 1)
        color = colors[vertex] = free.bit_length() - 1
        for other in near:
            if other == vertex:
                continue
            around[other] |= free
            twin = first[other].setdefault(color, vertex)
            if twin != vertex and colors[other] >= 0:
                # Two neighbours of one colour: what stands behind either must not have the color of `other`.
                behind[vertex] |= 1 << colors[other]
                behind[twin] |= 1 << colors[other]
    return np.array(colors, int)


def compressed_places(pattern: Any, colors: Any, direction: str) -> Any:
    """Returns for each stored element its place in the compressed matrix, whose rows, one a colour, are joined."""
    height, width = pattern.shape
    rows = np.repeat(np.arange(height), np.diff(pattern.indptr))
    columns = pattern.indices
    if direction == "rows":
        return colors[rows] * width + columns
    found = colors[columns] * height + rows
    if direction == "columns":
        return found
    _, group, alone = np.unique(found, return_inverse=True, return_counts=True)
    return np.where(alone[group] == 1, found, colors[rows] * height + columns)
