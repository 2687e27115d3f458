"""Running programs that were written for TensorFlow: the stand-in for its name, the launcher, and notebooks."""
