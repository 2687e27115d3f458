"""The exceptions that gradtape raises: TensorFlow's names, each also the built-in error that a Python user expects.

OpError
├── InvalidArgumentError (ValueError)      shapes, axes, indices or dtypes that do not fit
├── OutOfRangeError (IndexError)           reading past the end of something
├── NotFoundError (LookupError)
├── AlreadyExistsError (ValueError)
├── UnimplementedError (NotImplementedError)
├── FailedPreconditionError (RuntimeError)
├── ResourceExhaustedError (MemoryError)
├── CancelledError, AbortedError, InternalError, UnknownError (RuntimeError)
├── DeadlineExceededError (TimeoutError)
├── UnavailableError (ConnectionError)
├── DataLossError (OSError)
└── PermissionDeniedError, UnauthenticatedError (PermissionError)
NotRecordedError (TypeError, AttributeError)   the gradient of something that is no tensor
"""

from __future__ import annotations


class NotRecordedError(TypeError, AttributeError):
    """Something that no tape can know (a number, an array) was given where a tensor or a variable is wanted.

    TensorFlow raises an AttributeError here, Python's users expect a TypeError: it is both.

    >>> import gradtape as tf
    >>> with tf.GradientTape() as tape:
    ...     y = 2.0
    >>> try:
    ...     tape.gradient(y, tf.Variable(1.0))
    ... except TypeError as error:
    ...     print(type(error).__name__)
    NotRecordedError
    """


class OpError(Exception):
    """The base of all errors that an operation raises.

    Args:
        *arguments: the message alone, or TensorFlow's three: `node_def`, `op`, `message`.

    >>> import gradtape as tf
    >>> try:
    ...     tf.constant([1.0, 2.0]) + tf.constant([1.0, 2.0, 3.0])
    ... except tf.errors.OpError as error:
    ...     print(type(error).__name__, isinstance(error, ValueError))
    InvalidArgumentError True
    """

    def __init__(self, *arguments: object) -> None:
        """Keeps the message, and TensorFlow's `node_def` and `op` where they are given."""
        self.node_def, self.op, message = (
            (arguments[0], arguments[1], arguments[2])
            if len(arguments) >= 3
            else (
                None,
                None,
                arguments[0] if arguments else "",
            )
        )
        self.message = str(message)
        super().__init__(self.message)

    def __str__(self) -> str:
        """Returns the message."""
        return self.message

    def __reduce__(self) -> tuple[type[OpError], tuple[str]]:
        """Returns what a copy is made from: the class and the message."""
        return type(self), (self.message,)


class InvalidArgumentError(OpError, ValueError):
    """An operation was given something that does not fit it."""


class OutOfRangeError(OpError, IndexError):
    """Something was read past its end."""


class NotFoundError(OpError, LookupError):
    """A thing that was asked for does not exist."""


class AlreadyExistsError(OpError, ValueError):
    """A thing that was to be made exists already."""


class UnimplementedError(OpError, NotImplementedError):
    """The operation is defined, but not for what it was given."""


class FailedPreconditionError(OpError, RuntimeError):
    """The state that an operation needs was not there."""


class ResourceExhaustedError(OpError, MemoryError):
    """There was not enough memory."""


class CancelledError(OpError, RuntimeError):
    """The operation was cancelled."""


class AbortedError(OpError, RuntimeError):
    """The operation was aborted."""


class InternalError(OpError, RuntimeError):
    """An invariant of the library does not hold."""


class UnknownError(OpError, RuntimeError):
    """An error of no other class."""


class DeadlineExceededError(OpError, TimeoutError):
    """The operation took longer than it was allowed to."""


class UnavailableError(OpError, ConnectionError):
    """A service cannot be reached now."""


class DataLossError(OpError, OSError):
    """Stored data is damaged or missing."""


class PermissionDeniedError(OpError, PermissionError):
    """The caller may not do that."""


class UnauthenticatedError(OpError, PermissionError):
    """The caller has not shown who it is."""
