"""Timings and memory of gradtape beside TensorFlow, PyTorch, JAX and autograd, measured in one run."""
