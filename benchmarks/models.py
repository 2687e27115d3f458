"""Whole models: `python -m benchmarks.models` prints the tables and the budgets."""

from benchmarks.cases import Budget, Case, Suite
from benchmarks.measure import main

NOTES = """\
- The convolutional network: two 3×3 convolutions of 16 and 32 channels with max pooling, a dense layer; 16 images of
  28×28 pixels; the loss, its gradient and a step along it. PyTorch's images have their channels first.
- The recurrent network is a Python loop over 50 steps of an LSTM, from a batch of 8; the loss and its gradient.
- The Gaussian mixture: 25 components with full covariance, 1000 points in 10 dimensions, double precision; its
  logarithmic likelihood and the gradient. The parameters are ADBench's: the factors of the inverse covariances. It is
  written as ADBench writes it for TensorFlow and PyTorch: the triangles are put together column by column, and
  the points are centred one by one, some 4,000 operations. The row below it has the same with whole arrays, 15
  operations: there it is the arithmetic alone that takes the time.
- TensorFlow runs eagerly. All libraries have one thread.
"""

CASES = [
    Case("convolutional", "convolutional network, step", "ms", 1e3),
    Case("recurrent", "LSTM of 50 steps, gradient", "ms", 1e3),
    Case("mixture", "Gaussian mixture, gradient", "ms", 1e3),
    Case("mixture_arrays", "the same, written with whole arrays", "ms", 1e3, same_as="mixture"),
]

BUDGETS = [
    Budget("convolutional network: of TensorFlow's", "convolutional", 1.0, "tensorflow"),
    Budget("LSTM of 50 steps: of TensorFlow's", "recurrent", 0.12, "tensorflow"),
    Budget("LSTM of 50 steps: of PyTorch's", "recurrent", 1.0, "torch"),
    Budget("Gaussian mixture: of TensorFlow's", "mixture", 0.3, "tensorflow"),
    Budget("Gaussian mixture: of PyTorch's", "mixture", 2.0, "torch"),
]

SUITE = Suite("models", "Models", "The gradients of whole models.", CASES, BUDGETS, NOTES)

if __name__ == "__main__":
    main(SUITE)
