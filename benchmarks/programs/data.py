"""The numbers that every library's programs start from, and the sizes of the cases."""

import numpy as np

CHAIN_LENGTH = 400
SMALL = np.array([0.1, 0.2, 0.3, 0.4], np.float32)
WIDE = np.linspace(0.1, 0.5, 10**4, dtype=np.float32)
FACTOR = 1.01
SHIFT = 0.5
RATE = 0.01
BATCH, PIXELS, HIDDEN, CLASSES = 64, 784, 128, 10


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
