"""Nested structures of lists, tuples, named tuples and dicts: flatten them, rebuild them, map over them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

_NESTED: dict[type, bool] = {}


def is_nested(seq: Any) -> bool:
    """True if `seq` is a list, a tuple or a mapping; tensors, arrays, strings and shapes are leaves.

    Args:
        seq: anything.

    Returns:
        A bool.

    >>> import gradtape as tf
    >>> tf.nest.is_nested([1]), tf.nest.is_nested("ab")
    (True, False)
    """
    kind = type(seq)
    nested = _NESTED.get(kind)
    if nested is None:
        # Asked once for each type: the abstract class takes its time to answer.
        nested = _NESTED[kind] = issubclass(kind, list | tuple | dict | Mapping)
    return nested


def _children(structure: Any) -> list[Any]:
    """The parts of one level, a mapping's in the order of its sorted keys (of its own order if they don't sort)."""
    return [structure[key] for key in _keys(structure)] if isinstance(structure, Mapping) else list(structure)


def _keys(mapping: Mapping[Any, Any]) -> list[Any]:
    try:
        return sorted(mapping)
    except TypeError:
        return list(mapping)


def flatten(structure: Any, expand_composites: bool = False) -> list[Any]:
    """Returns the leaves of `structure` from left to right, a mapping's in the order of its sorted keys.

    Args:
        structure: lists, tuples and mappings of leaves, or a leaf.
        expand_composites: whether the tensors that a sparse tensor consists of stand in its place.

    Returns:
        A list; of a leaf, with that alone.

    >>> import gradtape as tf
    >>> tf.nest.flatten({"b": [1, (2,)], "a": 3})
    [3, 1, 2]
    """
    if expand_composites:
        return [part for leaf in flatten(structure) for part in components(leaf)]
    if not is_nested(structure):
        return [structure]
    leaves = []
    for child in _children(structure):
        if is_nested(child):
            leaves += flatten(child)
        else:
            leaves.append(child)
    return leaves


def components(leaf: Any) -> list[Any]:
    """Returns the tensors that a leaf consists of, itself where it is no composite."""
    return leaf._components() if hasattr(leaf, "_components") else [leaf]


def put_together(leaf: Any, parts: Iterator[Any]) -> Any:
    """Returns a leaf like the given one of the next parts."""
    if not hasattr(leaf, "_components"):
        return next(parts)
    return leaf._with_components([next(parts) for _ in leaf._components()])


def rebuild(structure: Any, leaves: Iterator[Any]) -> Any:
    """Returns the next of `leaves`, as many as there are in `structure`, in its form."""
    if not is_nested(structure):
        return next(leaves)
    parts = [rebuild(child, leaves) for child in _children(structure)]
    if isinstance(structure, Mapping):
        filled = dict(zip(_keys(structure), parts, strict=True))
        ordered = {key: filled[key] for key in structure}
        kind: Any = type(structure)
        if kind is dict:
            return ordered
        factory = getattr(structure, "default_factory", None)
        return kind(factory, ordered) if factory is not None else kind(ordered)
    if hasattr(structure, "_fields"):
        return type(structure)(*parts)
    return type(structure)(parts)


def pack_sequence_as(structure: Any, flat_sequence: Any, expand_composites: bool = False) -> Any:
    """Returns `flat_sequence` in the form of `structure`.

    Args:
        structure: lists, tuples and mappings of leaves, or a leaf.
        flat_sequence: the new leaves, in the order of `flatten`.
        expand_composites: whether each sparse tensor is given by the tensors that it consists of.

    Returns:
        A structure of the types and keys of `structure`.

    Raises:
        ValueError: the number of leaves differs.

    >>> import gradtape as tf
    >>> tf.nest.pack_sequence_as({"a": 0, "b": [0, 0]}, [1, 2, 3])
    {'a': 1, 'b': [2, 3]}
    """
    if not hasattr(flat_sequence, "__iter__"):
        raise TypeError(f"Attempted to pack value {flat_sequence!r} into a structure: a list of leaves is wanted.")
    leaves = list(flat_sequence)
    wanted = len(flatten(structure, expand_composites))
    if len(leaves) != wanted:
        raise ValueError(f"The structure has {wanted} leaves, but {len(leaves)} were given to fill it.")
    if expand_composites:
        parts = iter(leaves)
        leaves = [put_together(leaf, parts) for leaf in flatten(structure)]
    return rebuild(structure, iter(leaves))


def assert_same_structure(nest1: Any, nest2: Any, check_types: bool = True, expand_composites: bool = False) -> None:
    """Raises ValueError unless both have the same form, TypeError if a level's types differ and are to be checked.

    Args:
        nest1, nest2: structures.
        check_types: whether a list may not stand for a tuple.
        expand_composites: whether a sparse tensor may not stand for a tensor.

    >>> import gradtape as tf
    >>> tf.nest.assert_same_structure([1, (2,)], ["a", ("b",)])
    """
    if is_nested(nest1) != is_nested(nest2):
        raise ValueError(f"The two structures don't have the same nested structure: {nest1!r} and {nest2!r}.")
    if not is_nested(nest1):
        if expand_composites and hasattr(nest1, "_components") != hasattr(nest2, "_components"):
            raise ValueError(f"One of the two is composite, the other one is not: {nest1!r} and {nest2!r}.")
        return
    if check_types and type(nest1) is not type(nest2):
        raise TypeError(
            f"The two structures don't have the same sequence type: {type(nest1).__name__} and {type(nest2).__name__}."
        )
    mappings = isinstance(nest1, Mapping) and isinstance(nest2, Mapping)
    if len(nest1) != len(nest2) or (mappings and set(nest1) != set(nest2)):
        raise ValueError(f"The two structures don't have the same nested structure: {nest1!r} and {nest2!r}.")
    for first, second in zip(_children(nest1), _children(nest2), strict=True):
        assert_same_structure(first, second, check_types, expand_composites)


def map_structure(
    func: Callable[..., Any], *structure: Any, check_types: bool = True, expand_composites: bool = False
) -> Any:
    """Applies `func` to the leaves of one or several structures of the same form and returns the results in that form.

    Args:
        func: a function of as many leaves as there are structures.
        *structure: the structures.
        check_types: whether a list in one may not stand for a tuple in another.
        expand_composites: whether `func` gets the tensors that a sparse tensor consists of, instead of itself.

    Returns:
        A structure of the form of the first one.

    Raises:
        TypeError: `func` is not callable, or a level's types differ and `check_types` is True.
        ValueError: no structure is given, or their forms differ.

    >>> import gradtape as tf
    >>> tf.nest.map_structure(lambda a, b: a + b, [1, (2,)], [10, (20,)])
    [11, (22,)]
    """
    if not callable(func):
        raise TypeError(f"func must be callable, got: {func!r}")
    if not structure:
        raise ValueError("Must provide at least one structure")
    for other in structure[1:]:
        assert_same_structure(structure[0], other, check_types, expand_composites)
    columns = zip(*[flatten(each, expand_composites) for each in structure], strict=True)
    return pack_sequence_as(structure[0], [func(*leaves) for leaves in columns], expand_composites)
