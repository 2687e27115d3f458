"""The numbers that every library's programs start from, and the sizes of the cases."""

from itertools import pairwise

import numpy as np

CHAIN_LENGTH = 400
SMALL = np.array([0.1, 0.2, 0.3, 0.4], np.float32)
WIDE = np.linspace(0.1, 0.5, 10**4, dtype=np.float32)
FACTOR = 1.01
SHIFT = 0.5
RATE = 0.01
BATCH, PIXELS, HIDDEN, CLASSES = 64, 784, 128, 10
EXAMPLES, FEATURES = 32, 64
LAYERS, LAYERS_IN_A_BLOCK = 100, 10
BANDED_SIZE = 10**4
STEPS, UNITS = 50, 32
COMPONENTS, DIMENSIONS = 25, 10


def chain(y, x):
    """Applies 400 operations that stay small: for |x| < 1 the value tends to x / (1 - x)."""
    for _ in range(CHAIN_LENGTH // 2):
        y = y * x
        y = y + x
    return y


def chain_with_numbers(y):
    """Applies 400 operations whose second operand is a Python number."""
    for _ in range(CHAIN_LENGTH // 2):
        y = y * FACTOR
        y = y + SHIFT
    return y


def repeated_add(x, y):
    """Adds the same two operands 400 times, and returns the last sum."""
    for _ in range(CHAIN_LENGTH):
        z = x + y
    return z


def classifier():
    """Returns a batch of images and labels, and the parameters of a 784-128-10 network."""
    generator = np.random.default_rng(1)
    images = generator.random((BATCH, PIXELS), dtype=np.float32)
    labels = generator.integers(0, CLASSES, BATCH).astype(np.int32)
    parameters = [
        generator.standard_normal((PIXELS, HIDDEN), dtype=np.float32) * np.float32(0.05),
        np.zeros(HIDDEN, np.float32),
        generator.standard_normal((HIDDEN, CLASSES), dtype=np.float32) * np.float32(0.1),
        np.zeros(CLASSES, np.float32),
    ]
    return images, labels, parameters


def one_hot(labels):
    """Returns the labels as rows of zeros with a one."""
    return np.eye(CLASSES, dtype=np.float32)[labels]


def wide_pair():
    """Returns two arrays of a million floats."""
    generator = np.random.default_rng(2)
    return tuple(generator.standard_normal(10**6, dtype=np.float32) for _ in range(2))


def rosenbrock_point():
    """Returns 8 variables in double precision, and a direction."""
    generator = np.random.default_rng(3)
    return generator.uniform(0.5, 1.5, 8), generator.standard_normal(8)


def rosenbrock(x, total):
    """Sums Rosenbrock's terms of all neighbours in `x`; `total` is the library's sum."""
    return total(100.0 * (x[1:] - x[:-1] ** 2) ** 2 + (1.0 - x[:-1]) ** 2)


def banded_point(size=BANDED_SIZE):
    """Returns variables in double precision, and a direction."""
    generator = np.random.default_rng(4)
    return generator.standard_normal(size), generator.standard_normal(size)


def banded(x, total):
    """Returns a function in which each variable meets two on either side; `total` is the library's sum."""
    return total((x[2:] - 2.0 * x[1:-1] + x[:-2]) ** 4) + total(x[:-1] * x[1:])


def network():
    """Returns a batch of features and labels, the parameters of a 64-64-10 network, and a direction for each."""
    generator = np.random.default_rng(5)
    features = generator.standard_normal((EXAMPLES, FEATURES), dtype=np.float32)
    labels = generator.integers(0, CLASSES, EXAMPLES).astype(np.int32)
    shapes = [(FEATURES, FEATURES), (FEATURES,), (FEATURES, CLASSES), (CLASSES,)]
    parameters, directions = (
        [generator.standard_normal(shape, dtype=np.float32) * np.float32(0.1) for shape in shapes] for _ in range(2)
    )
    return features, labels, parameters, directions


def layers():
    """Returns a batch of features, and the matrices of a network of 100 layers."""
    generator = np.random.default_rng(6)
    features = generator.standard_normal((EXAMPLES, FEATURES), dtype=np.float32)
    scale = np.float32(FEATURES**-0.5)
    shape = (FEATURES, FEATURES)
    return features, [generator.standard_normal(shape, dtype=np.float32) * scale for _ in range(LAYERS)]


def curve(x, sine):
    """Applies 20 operations to a number; `sine` is the library's."""
    y = x
    for _ in range(5):
        y = sine(x * y)
        y = y * y + x
    return y


def images():
    """Returns a batch of images and labels, and the parameters of a network of two convolutions and a dense layer."""
    generator = np.random.default_rng(7)
    pixels = generator.random((16, 28, 28, 1), dtype=np.float32)
    labels = generator.integers(0, CLASSES, 16).astype(np.int32)
    shapes = [(3, 3, 1, 16), (16,), (3, 3, 16, 32), (32,), (7 * 7 * 32, CLASSES), (CLASSES,)]
    return pixels, labels, [generator.standard_normal(shape, dtype=np.float32) * np.float32(0.1) for shape in shapes]


def sequence():
    """Returns a sequence of 50 batches of 8, and the three parameters of a recurrent layer of 32 units with gates."""
    generator = np.random.default_rng(8)
    inputs = generator.standard_normal((STEPS, 8, UNITS), dtype=np.float32)
    shapes = [(UNITS, 4 * UNITS), (UNITS, 4 * UNITS), (4 * UNITS,)]
    return inputs, [generator.standard_normal(shape, dtype=np.float32) * np.float32(0.2) for shape in shapes]


def mixture():
    """Returns 1000 points in 10 dimensions, and the parameters of 25 Gaussians: weights, means, inverse factors.

    Of a factor, a triangular matrix, there are the logarithms of its diagonal, then the columns below it.
    """
    generator = np.random.default_rng(9)
    shapes = [(COMPONENTS,), (COMPONENTS, DIMENSIONS), (COMPONENTS, DIMENSIONS * (DIMENSIONS + 1) // 2)]
    points = generator.standard_normal((1000, DIMENSIONS))
    return points, [0.3 * generator.standard_normal(shape) for shape in shapes]


def columns():
    """Returns for each column of a factor how many zeros are above it, and the bounds of its numbers."""
    ends = np.cumsum([DIMENSIONS, *range(DIMENSIONS - 1, 0, -1)]).tolist()
    bounds = [*pairwise(ends), (ends[-1], ends[-1])]
    return [(column + 1, *between) for column, between in enumerate(bounds)]


def below_diagonal():
    """Returns the rows and the columns of the numbers below the diagonal, in the order of the parameters."""
    columns, rows = np.triu_indices(DIMENSIONS, 1)
    return rows, columns
