"""What `tf.optimize` is made of: between structures of tensors and SciPy's solvers, which know vectors and arrays."""
