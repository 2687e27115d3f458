"""The programs of gradtape: those of TensorFlow, and those that use what gradtape has beyond."""

from benchmarks import memory
from benchmarks.programs import data, tensorflow
from benchmarks.programs.tensorflow import listed


class Programs(tensorflow.Programs):
    """Builds the measured programs; each method sets up one case and returns the function to call."""

    def rosenbrock_hessian_call(self):
        tf, (function, x, _) = self.tf, self._rosenbrock()
        return lambda: [tf.autodiff.hessian(function, x)]

    def rosenbrock_hvp(self):
        return self._hvp(*self._rosenbrock())

    def banded_hvp(self):
        return self._hvp(*self._banded())

    def mlp_hvp(self):
        return self._hvp(*self._network())

    def banded_hessian(self, size=data.BANDED_SIZE):
        tf, (function, x, _) = self.tf, self._banded(size)
        kept = tf.autodiff.hessian_sparsity(function, x)
        return lambda: [tf.autodiff.sparse_hessian(function, x, pattern=kept).data]

    def banded_hessian_twice(self):
        return self.banded_hessian(2 * data.BANDED_SIZE)

    def banded_hessian_found(self):
        tf, (function, x, _) = self.tf, self._banded()
        return lambda: [tf.autodiff.sparse_hessian(function, x).data]

    def banded_sparsity(self, size=data.BANDED_SIZE):
        tf, (function, x, _) = self.tf, self._banded(size)
        return lambda: [tf.autodiff.hessian_sparsity(function, x).colors]

    def banded_sparsity_twice(self):
        return self.banded_sparsity(2 * data.BANDED_SIZE)

    def banded_colouring(self):
        tf, (function, x, _) = self.tf, self._banded()
        pattern = tf.autodiff.hessian_sparsity(function, x).pattern
        return lambda: [tf.autodiff.Sparsity(pattern, symmetric=True).colors]

    def taylor(self):
        tf, x = self.tf, self.tf.constant(0.5, self.tf.float64)
        return lambda: [tf.autodiff.taylor(lambda x: data.curve(x, tf.sin), x, 4)[4]]

    def array_bytes(self, leaves, record):
        """Sums the arrays that can be reached from the tape, less those of the leaves."""
        return memory.reachable_array_bytes(lambda: record()[0], leaves)

    def _hvp(self, function, x, direction):
        tf = self.tf
        return lambda: listed(tf.autodiff.hvp(function, x, direction))
