"""Sets of indices, one for each element of an array: their unions, and how they move with the elements."""

from __future__ import annotations

from typing import Any

import numpy as np

# Up to so many indices NumPy is done before SciPy has made its objects; above, SciPy needs less memory.
SMALL = 1 << 13


class IndexSets:
    """A list of sets of integers less than `width`: those of set `i` are `indices[ends[i] : ends[i + 1]]`, in order.

    It is a sparse matrix of bools with a row for each set; `matrix` gives it as one of SciPy.
    """

    __slots__ = ("ends", "indices", "width")

    def __init__(self, indices: Any, ends: Any, width: int) -> None:
        self.indices, self.ends, self.width = indices, ends, width

    def __len__(self) -> int:
        return len(self.ends) - 1

    @property
    def matrix(self) -> Any:
        """The sets as rows of a SciPy `csr_array`."""
        # The import of gradtape does not bring SciPy.
        from scipy.sparse import csr_array

        return csr_array((np.ones(len(self.indices), bool), self.indices, self.ends), shape=(len(self), self.width))

    def keys(self, numbers: Any) -> Any:
        """Returns `number * width + index` for each index, of the number that its set is given."""
        return np.repeat(numbers, np.diff(self.ends)) * self.width + self.indices


def singles(size: int, start: int, width: int) -> IndexSets:
    """Returns the sets of one index each, from `start`."""
    return IndexSets(np.arange(start, start + size), np.arange(size + 1), width)


def empty(count: int, width: int) -> IndexSets:
    """Returns empty sets."""
    return IndexSets(np.zeros(0, int), np.zeros(count + 1, int), width)


def of_matrix(matrix: Any) -> IndexSets:
    """Returns the rows of a SciPy matrix."""
    matrix.sort_indices()
    return IndexSets(matrix.indices, matrix.indptr, matrix.shape[1])


def of_keys(keys: Any, count: int, width: int) -> IndexSets:
    """Returns the sets of which `keys` holds the indices as `number * width + index`, some of them several times."""
    # Keys of several lists in order are in order piece by piece: a stable sort merges them.
    keys = np.sort(keys, kind="stable")
    fresh = np.ones(len(keys), bool)
    np.not_equal(keys[1:], keys[:-1], out=fresh[1:])
    keys = keys[fresh]
    return IndexSets(keys % max(width, 1), np.searchsorted(keys, np.arange(count + 1) * width), width)


def union(parts: list[IndexSets]) -> IndexSets:
    """Returns the unions of the sets in the same place."""
    first = parts[0]
    others = [each for each in parts[1:] if each is not first]
    if len(others) == 1 and same(first, others[0]):
        return first
    while others:
        parts = [first, *others]
        if sum(len(each.indices) for each in parts) < SMALL:
            numbers = np.arange(len(first))
            return of_keys(np.concatenate([each.keys(numbers) for each in parts]), len(first), first.width)
        # In pairs, so that what is large is not gone through for each of many.
        pairs = zip(parts[::2], parts[1::2], strict=False)
        first, *others = [of_matrix(a.matrix + b.matrix) for a, b in pairs] + parts[len(parts) - len(parts) % 2 :]
    return first


def same(one: IndexSets, other: IndexSets) -> bool:
    """True if two lists hold the same sets."""
    return (
        len(one.indices) == len(other.indices)
        and np.array_equal(one.ends, other.ends)
        and np.array_equal(one.indices, other.indices)
    )


def united(sets: IndexSets, groups: Any, count: int) -> IndexSets:
    """Returns the union of the sets in each of `count` groups; `groups` holds the number of each one's, from 1."""
    if len(sets.indices) < SMALL:
        return of_keys(sets.keys(groups - 1), count, sets.width)
    into = singles(len(groups), 0, count)
    into.indices = groups - 1
    return of_matrix(into.matrix.T.tocsr() @ sets.matrix)


def taken(sets: IndexSets, places: Any) -> IndexSets:
    """Returns the sets with the given numbers, which count from 1; 0 is an empty set."""
    starts = sets.ends[places - 1]
    lengths = np.where(places, sets.ends[places] - starts, 0)
    ends = np.zeros(len(places) + 1, int)
    np.cumsum(lengths, out=ends[1:])
    if ends[-1] < SMALL:
        return IndexSets(sets.indices[np.arange(ends[-1]) + np.repeat(starts - ends[:-1], lengths)], ends, sets.width)
    longer = IndexSets(sets.indices, np.append(sets.ends, sets.ends[-1:]), sets.width)
    return of_matrix(longer.matrix[np.where(places, places, len(longer)) - 1])


def joined(parts: list[IndexSets]) -> IndexSets:
    """Returns the sets of several lists, one list behind the other."""
    if len(parts) == 1:
        return parts[0]
    lengths = np.concatenate([np.diff(each.ends) for each in parts])
    ends = np.zeros(len(lengths) + 1, int)
    np.cumsum(lengths, out=ends[1:])
    return IndexSets(np.concatenate([each.indices for each in parts]), ends, parts[0].width)
