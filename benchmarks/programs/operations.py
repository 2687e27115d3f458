"""Operations one by one: what is called in TensorFlow and gradtape, what in PyTorch, and on inputs of which shapes."""

import re
from dataclasses import dataclass
from typing import Any

import numpy as np

SIZES = ["small", "medium", "large"]


@dataclass(frozen=True)
class Operation:
    """An operation on inputs of three sizes: `tf(tf, *inputs)`, and `torch(torch, *inputs)` where PyTorch has it.

    `shapes` has for each size the shapes of the inputs; a number among the parameters is a bound of integers.
    """

    name: str
    shapes: list[list[Any]]
    tf: Any
    torch: Any = None
    kind: str = "float"

    @property
    def title(self):
        """What the table calls it."""
        return f"{self.name}, complex" if self.kind == "complex" else self.name

    @property
    def case(self):
        """What the command line calls it."""
        return re.sub(r"\W+", "_", self.title).strip("_")

    def inputs(self, size):
        """Returns arrays: floats to differentiate by, and integers where a shape is given with a bound."""
        generator = np.random.default_rng(10)
        return [self._array(generator, shape) for shape in self.shapes[SIZES.index(size)]]

    def _array(self, generator, shape):
        if isinstance(shape[0], tuple):
            shape, bound = shape
            return generator.integers(0, bound, shape).astype(np.int64)
        values = generator.random(shape, dtype=np.float32) + np.float32(0.1)
        if self.kind == "complex":
            return (values + 1j * generator.random(shape)).astype(np.complex64)
        return values


def squares(small, medium, large, count=1):
    """Returns shapes of square matrices of three sizes, the same for each of `count` inputs."""
    return [[(size, size)] * count for size in (small, medium, large)]


def elementwise(name, in_torch=None, kind="float", count=1):
    """Returns an operation on elements, called by the same name in both libraries unless another is given."""

    def call(module, *inputs):
        return _found(module, name)(*inputs)

    def call_torch(module, *inputs):
        return _found(module, in_torch or name.split(".")[-1])(*inputs)

    return Operation(name, [[(4,)] * count, [(1000,)] * count, [(10**6,)] * count], call, call_torch, kind)


def _found(module, name):
    for part in name.split("."):
        module = getattr(module, part)
    return module


def positive_definite(module, x):
    """Returns 0.01 x xᵀ + the unit matrix."""
    return 0.01 * module.matmul(x, x, transpose_b=True) + module.eye(x.shape[0])


IMAGES = [(1, 8, 8, 4), (16, 28, 28, 16), (16, 64, 64, 32)]
LOGITS = [(4, 10), (64, 1000), (512, 10000)]
ROWS = [((10, 4), 8), ((1000, 64), 500), ((50000, 64), 20000)]  # a table, and how many rows are taken or put


def images(kernels):
    """Returns the shapes of images and kernels in three sizes."""
    return [[image, kernel] for image, kernel in zip(IMAGES, kernels, strict=True)]


def first(x):
    """Turns a batch of images to PyTorch's order of axes."""
    return x.permute(0, 3, 1, 2)


OPERATIONS = [
    elementwise("add", count=2),
    elementwise("multiply", count=2),
    elementwise("exp"),
    elementwise("math.log"),
    elementwise("tanh"),
    elementwise("sigmoid"),
    elementwise("nn.relu", "relu"),
    elementwise("nn.gelu", "nn.functional.gelu"),
    elementwise("math.erf"),
    elementwise("math.lgamma", "lgamma"),
    elementwise("pow", count=2),
    elementwise("multiply", kind="complex", count=2),
    elementwise("abs", kind="complex"),
    Operation("reduce_sum", squares(4, 100, 1000), lambda tf, x: tf.reduce_sum(x, 1), lambda t, x: t.sum(x, 1)),
    Operation("reduce_max", squares(4, 100, 1000), lambda tf, x: tf.reduce_max(x, 1), lambda t, x: t.amax(x, 1)),
    Operation(
        "reduce_logsumexp",
        [[shape] for shape in LOGITS],
        lambda tf, x: tf.reduce_logsumexp(x, 1),
        lambda t, x: t.logsumexp(x, 1),
    ),
    Operation("cumsum", squares(4, 100, 1000), lambda tf, x: tf.cumsum(x, 1), lambda t, x: t.cumsum(x, 1)),
    Operation(
        "nn.log_softmax",
        [[shape] for shape in LOGITS],
        lambda tf, x: tf.nn.log_softmax(x),
        lambda t, x: t.log_softmax(x, -1),
    ),
    Operation(
        "nn.sparse_softmax_cross_entropy_with_logits",
        [[((shape[0],), shape[1]), shape] for shape in LOGITS],
        lambda tf, labels, x: tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=x),
        lambda t, labels, x: t.nn.functional.cross_entropy(x, labels, reduction="none"),
    ),
    Operation(
        "nn.moments", squares(4, 100, 1000), lambda tf, x: tf.nn.moments(x, [1])[1], lambda t, x: t.var(x, 1, False)
    ),
    Operation(
        "layer normalization",
        [[shape, shape[1:], shape[1:]] for shape in [(4, 10), (64, 256), (2048, 1024)]],
        lambda tf, x, scale, offset: tf.nn.batch_normalization(
            x, *tf.nn.moments(x, [1], keepdims=True), offset, scale, 1e-5
        ),
        lambda t, x, scale, offset: t.nn.functional.layer_norm(x, x.shape[1:], scale, offset),
    ),
    Operation("matmul", squares(4, 128, 1000, 2), lambda tf, x, y: tf.matmul(x, y), lambda t, x, y: t.matmul(x, y)),
    Operation(
        "matmul, batch of 32",
        [[(32, size, size)] * 2 for size in (2, 16, 128)],
        lambda tf, x, y: tf.matmul(x, y, transpose_b=True),
        lambda t, x, y: t.matmul(x, y.mT),
    ),
    Operation(
        "einsum bthd,bshd->bhts",
        [[(2, size, 4, 16)] * 2 for size in (4, 64, 512)],
        lambda tf, x, y: tf.einsum("bthd,bshd->bhts", x, y),
        lambda t, x, y: t.einsum("bthd,bshd->bhts", x, y),
    ),
    Operation(
        "tensordot",
        [[(size, size, 4), (4, size, 8)] for size in (2, 20, 150)],
        lambda tf, x, y: tf.tensordot(x, y, [[1, 2], [1, 0]]),
        lambda t, x, y: t.tensordot(x, y, dims=([1, 2], [1, 0])),
    ),
    Operation(
        "nn.conv2d",
        images([(3, 3, 4, 4), (3, 3, 16, 32), (3, 3, 32, 32)]),
        lambda tf, x, kernel: tf.nn.conv2d(x, kernel, 1, "SAME"),
        lambda t, x, kernel: t.nn.functional.conv2d(first(x), kernel.permute(3, 2, 0, 1), padding=1),
    ),
    Operation(
        "nn.depthwise_conv2d",
        images([(3, 3, 4, 1), (3, 3, 16, 1), (3, 3, 32, 1)]),
        lambda tf, x, kernel: tf.nn.depthwise_conv2d(x, kernel, [1, 1, 1, 1], "SAME"),
        lambda t, x, kernel: t.nn.functional.conv2d(
            first(x), kernel.permute(2, 3, 0, 1), padding=1, groups=x.shape[-1]
        ),
    ),
    Operation(
        "nn.max_pool2d",
        [[shape] for shape in IMAGES],
        lambda tf, x: tf.nn.max_pool2d(x, 2, 2, "VALID"),
        lambda t, x: t.nn.functional.max_pool2d(first(x), 2),
    ),
    Operation(
        "nn.avg_pool2d",
        [[shape] for shape in IMAGES],
        lambda tf, x: tf.nn.avg_pool2d(x, 2, 2, "VALID"),
        lambda t, x: t.nn.functional.avg_pool2d(first(x), 2),
    ),
    Operation(
        "gather",
        [[shape, ((count,), shape[0])] for shape, count in ROWS],
        lambda tf, x, rows: tf.gather(tf.reshape(x, x.shape), rows),  # so that the gradient is dense, as in PyTorch
        lambda t, x, rows: t.nn.functional.embedding(rows, x),
    ),
    Operation(
        "tensor_scatter_nd_add",
        [[shape, ((count, 1), shape[0]), (count, shape[1])] for shape, count in ROWS],
        lambda tf, x, rows, y: tf.tensor_scatter_nd_add(x, rows, y),
        lambda t, x, rows, y: t.index_add(x, 0, rows[:, 0], y),
    ),
    Operation(
        "math.unsorted_segment_sum",
        [[(count, shape[1]), ((count,), shape[0] // 4)] for shape, count in ROWS],
        lambda tf, x, rows: tf.math.unsorted_segment_sum(x, rows, x.shape[0]),
        lambda t, x, rows: t.zeros(x.shape).index_add(0, rows, x),
    ),
    Operation(
        "concat", squares(4, 100, 1000, 2), lambda tf, x, y: tf.concat([x, y], 1), lambda t, x, y: t.cat([x, y], 1)
    ),
    Operation("x[1:, ::2]", squares(4, 100, 1000), lambda tf, x: x[1:, ::2], lambda t, x: x[1:, ::2]),
    Operation("sort", squares(4, 100, 1000), lambda tf, x: tf.sort(x), lambda t, x: t.sort(x)[0]),
    Operation(
        "linalg.cholesky",
        squares(4, 64, 400),
        lambda tf, x: tf.linalg.cholesky(positive_definite(tf, x)),
        lambda t, x: t.linalg.cholesky(0.01 * x @ x.mT + t.eye(x.shape[0])),
    ),
    Operation(
        "linalg.solve",
        squares(4, 64, 400),
        lambda tf, x: tf.linalg.solve(positive_definite(tf, x), x),
        lambda t, x: t.linalg.solve(0.01 * x @ x.mT + t.eye(x.shape[0]), x),
    ),
    Operation(
        "linalg.eigh",
        squares(4, 32, 200),
        lambda tf, x: tf.linalg.eigh(positive_definite(tf, x))[0],
        lambda t, x: t.linalg.eigh(0.01 * x @ x.mT + t.eye(x.shape[0]))[0],
    ),
    Operation(
        "linalg.svd",
        squares(4, 32, 200),
        lambda tf, x: tf.linalg.svd(x)[0],
        lambda t, x: t.linalg.svd(x, full_matrices=False)[1],
    ),
    Operation(
        "signal.rfft",
        [[(16,)], [(32, 256)], [(256, 4096)]],
        lambda tf, x: tf.abs(tf.signal.rfft(x)),
        lambda t, x: t.abs(t.fft.rfft(x)),
    ),
]


class Operations:
    """The cases of `benchmarks.ops`, found by the operation and the size in their names."""

    def __getattr__(self, case):
        name, _, size = case.rpartition("_")
        for operation in OPERATIONS:
            if size in SIZES and operation.case == name:
                return lambda: self.gradients(operation, operation.inputs(size))
        raise AttributeError(case)
