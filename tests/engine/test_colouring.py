"""Colourings: as few colours as a pattern needs, and every element of the matrix comes back."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.sparse

from gradtape._autodiff.colouring import Sparsity, as_pattern, column_colors, compressed_places, star_colors


def band(size: int, width: int) -> Any:
    lines = [np.ones(size - abs(k)) for k in range(-width, width + 1)]
    return scipy.sparse.csr_array(scipy.sparse.diags_array(lines, offsets=range(-width, width + 1)))


def recovered(matrix: Any, sparsity: Sparsity) -> Any:
    """A dense matrix, compressed along the colours and taken apart again."""
    numbers = np.arange(sparsity.count)[:, None] == sparsity.colors
    compressed = numbers @ (matrix if sparsity.direction == "rows" else matrix.T)
    data = compressed.reshape(-1)[sparsity.places]
    return scipy.sparse.csr_array((data, sparsity.pattern.indices, sparsity.pattern.indptr), sparsity.shape).toarray()


def test_band_takes_as_many_colours_as_it_is_wide() -> None:
    for size in (8, 50, 1000):
        for width in (0, 1, 2, 3):
            assert Sparsity(band(size, width)).count == 2 * width + 1
            assert Sparsity(band(size, width), symmetric=True).count <= 2 * width + 1


def test_arrow_takes_two_colours() -> None:
    pattern = np.eye(200)
    pattern[0] = pattern[:, 0] = 1
    assert Sparsity(pattern, symmetric=True).count == 2
    assert Sparsity(pattern).count == 200
    # The fullest columns first: in their own order these take one colour more.
    colors = column_colors(as_pattern([[0, 0, 0, 1, 1, 1], [1, 1, 0, 1, 0, 0], [1, 0, 1, 0, 0, 1]]))
    assert colors.max() + 1 == 3
    # A full row alone is none of the columns' business if rows are coloured.
    pattern[1:, 0] = 0
    assert (Sparsity(pattern).count, Sparsity(pattern).direction) == (2, "rows")


def test_colourings_can_be_taken_apart() -> None:
    generator = np.random.default_rng(0)
    seen = set()
    for _ in range(150):
        height, width = generator.integers(1, 25, 2)
        matrix = generator.standard_normal((height, width)) * (generator.random((height, width)) < 0.2)
        sparsity = Sparsity(matrix)
        np.testing.assert_allclose(recovered(matrix, sparsity), matrix, atol=1e-12)
        matrix = generator.standard_normal((height, height)) * (generator.random((height, height)) < 0.15)
        matrix = matrix + matrix.T
        symmetric = Sparsity(matrix, symmetric=True)
        np.testing.assert_allclose(recovered(matrix, symmetric), matrix, atol=1e-12)
        seen |= {sparsity.direction, symmetric.direction}
        # The star colouring itself, also where it is not the one that is taken.
        symmetric.colors, symmetric.direction = star_colors(symmetric.pattern), "symmetric"
        symmetric.places = compressed_places(symmetric.pattern, symmetric.colors, "symmetric")
        np.testing.assert_allclose(recovered(matrix, symmetric), matrix, atol=1e-12)
    assert seen == {"columns", "rows", "symmetric"}
