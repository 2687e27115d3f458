"""The exceptions that gradtape raises: TensorFlow's names, each also the built-in error that a Python user expects.

OpError
├── InvalidArgumentError (ValueError)      shapes, axes, indices or dtypes that do not fit
│   └── WrongTypeError (TypeError)         something of a kind or a dtype that is not taken there
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
InaccessibleTensorError (ValueError, TypeError)  a tensor outside of the tf.function that made it
OperatorNotAllowedInGraphError (TypeError)     never raised: there are no graphs
"""

from __future__ import annotations

from typing import Any as _Any

# TensorFlow's numbers for the kinds of errors.
OK = 0
CANCELLED = 1
UNKNOWN = 2
INVALID_ARGUMENT = 3
DEADLINE_EXCEEDED = 4
NOT_FOUND = 5
ALREADY_EXISTS = 6
PERMISSION_DENIED = 7
RESOURCE_EXHAUSTED = 8
FAILED_PRECONDITION = 9
ABORTED = 10
OUT_OF_RANGE = 11
UNIMPLEMENTED = 12
INTERNAL = 13
UNAVAILABLE = 14
DATA_LOSS = 15
UNAUTHENTICATED = 16


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


class OperatorNotAllowedInGraphError(TypeError):
    """An operator of Python's was used on a tensor of a graph; programs may catch it, there are no graphs here.

    >>> import gradtape as tf
    >>> issubclass(tf.errors.OperatorNotAllowedInGraphError, TypeError)
    True
    """


class InaccessibleTensorError(ValueError, TypeError):
    """A tensor is used outside of the recorded function that made it.

    >>> import gradtape as tf
    >>> kept = []
    >>> _ = tf.function(lambda x: kept.append(x + 1.0))(tf.constant(1.0))
    >>> try:
    ...     kept[0] + 1.0
    ... except tf.errors.InaccessibleTensorError as error:
    ...     print(isinstance(error, TypeError))
    True
    """


class OpError(Exception):
    """The base of all errors that an operation raises.

    Args:
        *arguments: the message alone, or TensorFlow's three: `node_def`, `op`, `message`; then payloads, a dict, or for
            an `OpError` itself its `error_code` first.
        **named: the same by these names.

    >>> import gradtape as tf
    >>> try:
    ...     tf.constant([1.0, 2.0]) + tf.constant([1.0, 2.0, 3.0])
    ... except tf.errors.OpError as error:
    ...     print(type(error).__name__, isinstance(error, ValueError))
    InvalidArgumentError True
    >>> tf.errors.InvalidArgumentError(None, None, "no such axis").error_code == tf.errors.INVALID_ARGUMENT
    True
    """

    # TensorFlow's number for the kind of error.
    error_code: int | None = None

    def __init__(self, *arguments: _Any, **named: _Any) -> None:
        """Keeps the message, and TensorFlow's `node_def`, `op`, `error_code` and payloads where they are given."""
        names = ["node_def", "op", "message"] if len(arguments) + len(named) > 1 else ["message"]
        if type(self).error_code is None and len(names) > 1:
            names.append("error_code")
        known = {**dict.fromkeys(names), "message": "", **dict(zip(names, arguments, strict=False)), **named}
        if strange := known.keys() - {"node_def", "op", "message", "error_code"}:
            raise TypeError(f"{type(self).__name__} takes node_def, op and message, got {sorted(strange)}.")
        self.node_def, self.op, self.message = known.get("node_def"), known.get("op"), str(known["message"])
        if "error_code" in known:
            self.error_code = known["error_code"]
        self.experimental_payloads: _Any = arguments[len(names)] if len(arguments) > len(names) else {}
        super().__init__(self.message)

    def __str__(self) -> str:
        """Returns the message."""
        return self.message

    def __reduce__(self) -> tuple[_Any, ...]:
        """Returns what a copy is made from: the class, the message, and what else is known."""
        return type(self), (self.message,), vars(self)


class InvalidArgumentError(OpError, ValueError):
    """An operation was given something that does not fit it."""

    error_code = INVALID_ARGUMENT


class WrongTypeError(InvalidArgumentError, TypeError):
    """An operation was given something of a kind or a dtype that it does not take.

    TensorFlow raises a TypeError, a ValueError or an InvalidArgumentError for the same mistake, according to who
    notices it first: this one is all three.
    """


class OutOfRangeError(OpError, IndexError):
    """Something was read past its end."""

    error_code = OUT_OF_RANGE


class NotFoundError(OpError, LookupError):
    """A thing that was asked for does not exist."""

    error_code = NOT_FOUND


class AlreadyExistsError(OpError, ValueError):
    """A thing that was to be made exists already."""

    error_code = ALREADY_EXISTS


class UnimplementedError(OpError, NotImplementedError):
    """The operation is defined, but not for what it was given."""

    error_code = UNIMPLEMENTED


class FailedPreconditionError(OpError, RuntimeError):
    """The state that an operation needs was not there."""

    error_code = FAILED_PRECONDITION


class ResourceExhaustedError(OpError, MemoryError):
    """There was not enough memory."""

    error_code = RESOURCE_EXHAUSTED


class CancelledError(OpError, RuntimeError):
    """The operation was cancelled."""

    error_code = CANCELLED


class AbortedError(OpError, RuntimeError):
    """The operation was aborted."""

    error_code = ABORTED


class InternalError(OpError, RuntimeError):
    """An invariant of the library does not hold."""

    error_code = INTERNAL


class UnknownError(OpError, RuntimeError):
    """An error of no other class."""

    error_code = UNKNOWN


class DeadlineExceededError(OpError, TimeoutError):
    """The operation took longer than it was allowed to."""

    error_code = DEADLINE_EXCEEDED


class UnavailableError(OpError, ConnectionError):
    """A service cannot be reached now."""

    error_code = UNAVAILABLE


class DataLossError(OpError, OSError):
    """Stored data is damaged or missing."""

    error_code = DATA_LOSS


class PermissionDeniedError(OpError, PermissionError):
    """The caller may not do that."""

    error_code = PERMISSION_DENIED


class UnauthenticatedError(OpError, PermissionError):
    """The caller has not shown who it is."""

    error_code = UNAUTHENTICATED
