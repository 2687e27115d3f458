"""The programs of gradtape: those of TensorFlow, and those that use what gradtape has beyond."""

from benchmarks import memory
from benchmarks.programs import data, tensorflow
from benchmarks.programs.functions import program
from benchmarks.programs.tensorflow import listed


class Programs(tensorflow.Programs):
    """Builds the measured programs; each method sets up one case and returns the function to call."""

    @program
    def rosenbrock_hessian_call(self):
        tf, (function, x, _) = self.tf, self._rosenbrock()
        return lambda x: [tf.autodiff.hessian(function, x)], [x]

    @program
    def rosenbrock_hvp(self):
        return self._hvp(*self._rosenbrock())

    @program
    def banded_hvp(self):
        return self._hvp(*self._banded())

    @program
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

    @program
    def taylor(self):
        tf = self.tf

        def run(x):
            return [tf.autodiff.taylor(lambda x: data.curve(x, tf.sin), x, 4)[4]]

        return run, [tf.constant(0.5, tf.float64)]

    def array_bytes(self, leaves, record):
        """Sums the arrays that can be reached from the tape, less those of the leaves."""
        return memory.reachable_array_bytes(lambda: record()[0], leaves)

    def _hvp(self, function, point, direction, *data):
        tf = self.tf

        def run(x, direction, *data):
            return listed(tf.autodiff.hvp(lambda x: function(x, *data), x, direction))

        return run, [point, direction, *data]
