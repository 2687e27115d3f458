"""`tf.config.threading`: how many threads a program wishes for; NumPy's BLAS decides for itself."""

from gradtape._run.stand_in import missing as _missing

__getattr__ = _missing(__name__)

_wishes = {"inter_op": 0, "intra_op": 0}


def get_inter_op_parallelism_threads() -> int:
    """Returns the number that `set_inter_op_parallelism_threads` was given.

    Returns:
        The number; 0, which leaves it open, by default.

    >>> import gradtape as tf
    >>> tf.config.threading.get_inter_op_parallelism_threads()
    0
    """
    return _wishes["inter_op"]


def set_inter_op_parallelism_threads(num_threads: int) -> None:
    """Takes how many operations may run at once: one does, and the number is only kept.

    Args:
        num_threads: the number.

    >>> import gradtape as tf
    >>> tf.config.threading.set_inter_op_parallelism_threads(0)
    """
    _wishes["inter_op"] = num_threads


def get_intra_op_parallelism_threads() -> int:
    """Returns the number that `set_intra_op_parallelism_threads` was given.

    Returns:
        The number; 0, which leaves it open, by default.

    >>> import gradtape as tf
    >>> tf.config.threading.get_intra_op_parallelism_threads()
    0
    """
    return _wishes["intra_op"]


def set_intra_op_parallelism_threads(num_threads: int) -> None:
    """Takes how many threads one operation may use; the number is only kept.

    The threads of matrix products are those of NumPy's BLAS, which reads `OPENBLAS_NUM_THREADS` (or its like) when
    NumPy is imported.

    Args:
        num_threads: the number.

    >>> import gradtape as tf
    >>> tf.config.threading.set_intra_op_parallelism_threads(0)
    """
    _wishes["intra_op"] = num_threads
