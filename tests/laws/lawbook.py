"""The laws that every operation obeys, each a function of one operation, one of its samples and a dtype."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

import gradtape as tf
from gradtape._autodiff.backward import pull_general, pull_part
from gradtape._autodiff.forward import push_forward
from gradtape._core.dispatch import bind
from gradtape._core.families import COMPOSITES
from gradtape._core.fast import STEPS
from gradtape._core.op import CUT, NOT_DIFFERENTIABLE, OPS, Op, Rule
from gradtape._core.sampling import Sample
from gradtape._core.tensor import Tensor, make_tensor

STEP = 1e-6
BOUNDS = {"float32": 2e-4, "float64": 1e-9, "complex128": 1e-9}


@dataclass
class Case:
    """One call of one operation: its inputs as arrays, and how to run it on tensors."""

    op: Op | None
    function: Any
    sample: Sample
    arrays: list[Any]

    def run(self, tensors: list[Any]) -> list[Tensor]:
        """Calls the public function and returns its results as a list."""
        if self.op is None:
            result = self.function(*tensors, **self.sample.params)
        else:
            inputs = [tensors] if self.op.variadic else tensors
            named = dict(zip(self.op.inputs, inputs, strict=True))
            result = self.function(**named, **self.sample.params)
        return list(result) if isinstance(result, (list, tuple)) else [result]

    def moving(self) -> list[int]:
        """The positions of the inputs that have derivatives."""
        return [
            k
            for k, array in enumerate(self.arrays)
            if array.dtype.kind in "fc"
            and (self.op is None or self.op.variadic or isinstance(self.op.rules[self.op.inputs[k]], Rule))
        ]

    def params(self) -> dict[str, Any]:
        """The parameters as the operation's body gets them."""
        op = self.op
        assert op is not None
        defaults = op.body.__defaults__ or ()
        names = op.parameters
        given = {**dict(zip(names[len(names) - len(defaults) :], defaults, strict=True)), **self.sample.params}
        return {name: op.as_params[name](given[name]) if name in op.as_params else given[name] for name in op.params}


def cases(name: str, dtype: str) -> Iterator[Case]:
    """Yields a case for each sample of the operation or composite called `name`."""
    op = OPS.get(name)
    function, samples = (op.function, op.samples) if op else COMPOSITES[name]
    for number, sample in enumerate(samples or ()):
        arrays: list[Any] = []
        for made in sample.inputs(dtype, seed=number):
            arrays += made if isinstance(made, list) else [made]
        yield Case(op, function, sample, arrays)


def tensors_of(arrays: list[Any]) -> list[Tensor]:
    """Returns read-only copies as tensors: an operation that writes to its input fails."""
    result = []
    for array in arrays:
        copy = np.array(array)
        copy.flags.writeable = False
        result.append(make_tensor(copy))
    return result


def directions(arrays: list[Any], seed: int) -> list[Any]:
    """Returns a random array like each of `arrays`."""
    generator = np.random.default_rng(seed)
    result = []
    for array in arrays:
        direction = generator.standard_normal(array.shape)
        if array.dtype.kind == "c":
            direction = direction + 1j * generator.standard_normal(array.shape)
        result.append(np.asarray(direction, array.dtype))
    return result


def inner(a: list[Any], b: list[Any]) -> float:
    """The real inner product of two lists of arrays: Re Σ conj(a) b."""
    return float(sum(np.sum(np.conj(x) * y).real for x, y in zip(a, b, strict=True)))


def pulled(case: Case, tensors: list[Any], cotangents: list[Any], outer: Any = None) -> list[Any]:
    """Returns the cotangents of the moving inputs, as tensors; under `outer` the computation is followed."""
    positions = case.moving()
    with tf.GradientTape() as tape:
        tape.watch([tensors[k] for k in positions])
        results = [each for each in case.run(tensors) if each.dtype.is_floating or each.dtype.is_complex]
    sources = [tensors[k] for k in positions]
    grads = tape.gradient(results, sources, output_gradients=cotangents, unconnected_gradients="zero")
    return [tf.convert_to_tensor(each) for each in grads]


def differentiable_results(case: Case) -> list[Any]:
    """Returns the floating-point results of a case, as arrays."""
    results = [each._value for each in case.run(tensors_of(case.arrays))]
    return [each for each in results if each.dtype.kind in "fc"]


def close(a: float, b: float, scale: float, bound: float) -> bool:
    """True if two numbers agree to `bound` of the numbers they are made of."""
    return abs(a - b) <= bound * (1.0 + abs(scale))


def magnitude(arrays: list[Any]) -> float:
    """The sum of absolute values: what rounding errors are measured against."""
    return float(sum(np.abs(each).sum() for each in arrays))


# The laws.


def shape_is_as_the_rule_says(case: Case, dtype: str) -> None:
    op = case.op
    if op is None or op.shape is None:
        return
    shapes = [array.shape for array in case.arrays]
    expected = op.shape(*([shapes] if op.variadic else shapes), **case.params())
    actual = [each._value.shape for each in case.run(tensors_of(case.arrays))]
    assert (list(map(tuple, expected)) if op.outputs else [tuple(expected)]) == actual


def fast_path_is_the_general_door(case: Case, dtype: str) -> None:
    op = case.op
    if op is None:
        return
    fast = [each._value for each in case.run(tensors_of(case.arrays))]
    result = bind(op, tensors_of(case.arrays), case.params())
    general = [each._value for each in (result if op.outputs else [result])]
    for a, b in zip(fast, general, strict=True):
        assert type(a) is np.ndarray
        assert a.dtype == b.dtype
        np.testing.assert_array_equal(a, b)
    if not case.moving():
        return
    cotangents = directions([each for each in fast if each.dtype.kind in "fc"], 1)
    one = pulled(case, tensors_of(case.arrays), cotangents)
    tensors = tensors_of(case.arrays)
    with tf.GradientTape() as tape, tf.GradientTape() as second:
        for each in (tape, second):
            each.watch([tensors[k] for k in case.moving()])
        results = [each for each in case.run(tensors) if each._value.dtype.kind in "fc"]
    assert all(record is None or record[0].__name__ in ("pull_general", "pull_part") for record in tape._tape.records)
    two = tape.gradient(results, [tensors[k] for k in case.moving()], cotangents, unconnected_gradients="zero")
    for a, b in zip(one, two, strict=True):
        np.testing.assert_array_equal(a, tf.convert_to_tensor(b))


def layout_does_not_matter(case: Case, dtype: str) -> None:
    turned = [np.asfortranarray(array) if array.ndim > 1 else np.repeat(array, 2)[::2].reshape(array.shape)
              for array in case.arrays]  # fmt: skip
    bound = BOUNDS[dtype]
    for a, b in zip(case.run(tensors_of(case.arrays)), case.run([make_tensor(each) for each in turned]), strict=True):
        np.testing.assert_allclose(a._value, b._value, rtol=bound, atol=bound)


def gradient_has_the_input_s_shape_and_dtype(case: Case, dtype: str) -> None:
    cotangents = directions(differentiable_results(case), 2)
    for k, grad in zip(case.moving(), pulled(case, tensors_of(case.arrays), cotangents), strict=True):
        assert grad._value.shape == case.arrays[k].shape
        assert grad._value.dtype == case.arrays[k].dtype


def vjp_is_the_finite_difference(case: Case, dtype: str) -> None:
    results = differentiable_results(case)
    cotangents = directions(results, 3)
    positions = case.moving()
    grads = [each._value for each in pulled(case, tensors_of(case.arrays), cotangents)]
    if dtype == "float32":
        # Differences are too coarse in single precision: the gradient has to be that of the same inputs in double.
        wide = Case(case.op, case.function, case.sample, [widened(array) for array in case.arrays])
        exact = [each._value for each in pulled(wide, tensors_of(wide.arrays), list(map(widened, cotangents)))]
        for a, b in zip(grads, exact, strict=True):
            np.testing.assert_allclose(a, b, rtol=5e-4, atol=5e-4 * (1 + np.abs(b).max(initial=0)))
        return
    moves = directions(case.arrays, 4)
    for k, grad in zip(positions, grads, strict=True):
        difference = central(case, k, moves[k], lambda each: results_of(case, each), cotangents)
        scale = magnitude([grad * moves[k]]) + magnitude(results)
        assert close(inner([grad], [moves[k]]), difference, scale, 1e-6), f"input {k}"


def widened(array: Any) -> Any:
    """A float32 array in float64; others as they are."""
    return array.astype(np.float64) if array.dtype == np.float32 else array


def results_of(case: Case, tensors: list[Any]) -> list[Any]:
    """The floating-point results on `tensors`, as arrays."""
    return [each._value for each in case.run(tensors) if each._value.dtype.kind in "fc"]


def central(case: Case, position: int, move: Any, function: Any, cotangents: list[Any]) -> float:
    """The central difference of Re⟨cotangents, function⟩ along `move` in one input, of fourth order."""
    total = 0.0
    for factor, weight in ((1, 2 / 3), (-1, -2 / 3), (2, -1 / 12), (-2, 1 / 12)):
        moved = [array + factor * 1e-4 * move if k == position else array for k, array in enumerate(case.arrays)]
        moved = [np.asarray(array, each.dtype) for array, each in zip(moved, case.arrays, strict=True)]
        total += weight * inner(cotangents, function(tensors_of(moved)))
    return total / 1e-4


def jvp_is_the_transposed_vjp(case: Case, dtype: str) -> None:
    """⟨g, J t⟩ = ⟨Jᵀ g, t⟩, and J t is the finite difference."""
    op, positions = case.op, case.moving()
    if op is None or not positions:
        return
    tensors = tensors_of(case.arrays)
    outputs = case.run(tensors)
    if not all(output._value.dtype.kind in "fc" for output in outputs):
        return
    moves = directions(case.arrays, 5)
    tangents = [make_tensor(moves[k]) if k in positions else None for k in range(len(moves))]
    pushed = [each._value for each in push_forward(op, tensors, case.params(), outputs, tangents)]
    values = [output._value for output in outputs]
    for a, b in zip(pushed, values, strict=True):
        assert a.shape == b.shape
        assert a.dtype == b.dtype
    cotangents = directions(values, 6)
    grads = [each._value for each in pulled(case, tensors_of(case.arrays), cotangents)]
    left, right = inner(cotangents, pushed), inner(grads, [moves[k] for k in positions])
    scale = magnitude([a * b for a, b in zip(cotangents, pushed, strict=True)]) + magnitude(grads)
    assert close(left, right, scale, BOUNDS[dtype])
    if dtype != "float32":
        total = sum(central(case, k, moves[k], lambda each: results_of(case, each), cotangents) for k in positions)
        assert close(left, total, scale + magnitude(values), 1e-6)


def gradient_is_differentiable(case: Case, dtype: str) -> None:
    """Reverse over reverse: the derivative of ⟨vjp, t⟩ is its finite difference."""
    positions = case.moving()
    if not positions:
        return
    cotangents = directions(differentiable_results(case), 7)
    weights = [directions(case.arrays, 8)[k] for k in positions]

    def first(tensors: list[Any]) -> list[Any]:
        return [each._value for each in pulled(case, tensors, cotangents)]

    tensors = tensors_of(case.arrays)
    with tf.GradientTape() as outer:
        outer.watch([tensors[k] for k in positions])
        grads = pulled(case, tensors, [make_tensor(each) for each in cotangents])
    sources = [tensors[k] for k in positions]
    second = outer.gradient(grads, sources, [make_tensor(each) for each in weights], unconnected_gradients="zero")
    second = [tf.convert_to_tensor(each)._value for each in second]
    if dtype == "float32":
        assert all(each.dtype == np.float32 for each in second)
        return
    moves = directions(case.arrays, 9)
    for k, grad in zip(positions, second, strict=True):
        difference = central(case, k, moves[k], first, weights)
        scale = magnitude([grad * moves[k]]) + magnitude(first(tensors_of(case.arrays)))
        assert close(inner([grad], [moves[k]]), difference, scale, 1e-5), f"input {k}"


def second_derivatives_commute(case: Case, dtype: str) -> None:
    """The Hessian of ⟨g, f⟩ is symmetric."""
    positions = case.moving()
    if not positions or dtype == "float32" or dtype.startswith("complex"):
        return
    cotangents = [make_tensor(each) for each in directions(differentiable_results(case), 10)]
    one, two = ([directions(case.arrays, seed)[k] for k in positions] for seed in (11, 12))

    def hessian_product(weights: list[Any]) -> list[Any]:
        tensors = tensors_of(case.arrays)
        sources = [tensors[k] for k in positions]
        with tf.GradientTape() as outer:
            outer.watch(sources)
            grads = pulled(case, tensors, cotangents)
        second = outer.gradient(grads, sources, [make_tensor(each) for each in weights], unconnected_gradients="zero")
        return [tf.convert_to_tensor(each)._value for each in second]

    left, right = inner(hessian_product(one), two), inner(hessian_product(two), one)
    assert close(left, right, magnitude(hessian_product(one)) + magnitude(hessian_product(two)), 1e-9)


def arrays_and_tensors_say_the_same(case: Case, dtype: str) -> None:
    """The rule on arrays and the rule on tensors give one gradient."""
    if not case.moving():
        return
    cotangents = directions(differentiable_results(case), 13)
    on_arrays = pulled(case, tensors_of(case.arrays), cotangents)
    with tf.GradientTape():
        on_tensors = pulled(case, tensors_of(case.arrays), cotangents)
    bound = BOUNDS[dtype]
    for a, b in zip(on_arrays, on_tensors, strict=True):
        assert a._value.dtype == b._value.dtype
        np.testing.assert_allclose(a._value, b._value, rtol=bound, atol=bound)


def only_named_residuals_are_kept(case: Case, dtype: str) -> None:
    """The arrays in a record are those that the rules of the tracked inputs name."""
    if case.op is None or not case.moving():
        return
    tensors = tensors_of(case.arrays)
    with tf.GradientTape() as tape:
        tape.watch([tensors[k] for k in case.moving()])
        outputs = case.run(tensors)
    named: set[int] = set()
    for k in case.moving():
        name = case.op.inputs[0 if case.op.variadic else k]
        residuals = case.op.rules[name].residuals
        for each, tensor in zip(case.op.inputs, tensors, strict=False):
            if each in residuals:
                named |= {id(one._value) for one in (tensors if case.op.variadic else [tensor])}
        if "out" in residuals:
            named |= {id(output._value) for output in outputs}
    for record in tape._tape.records:
        for part in arrays_in(record):
            assert id(part) in named, f"a record keeps an array of shape {part.shape} that no rule asks for"


def arrays_in(record: Any) -> Iterator[Any]:
    """Yields the arrays that a record keeps."""
    if record is None or record[0] is pull_part:
        return
    if record[0] is pull_general:
        kept = record[1].residuals.values()
        parts = [tensor._value for each in kept for tensor in (each if isinstance(each, list) else [each])]
    else:
        step = STEPS[record[0]]
        count = len(step.tracked)
        laid_out = 1 + count * (2 if step.unbroadcast else 1)
        assert len(record) == laid_out + len(step.residuals), "a record holds more than its layout"
        named = zip(step.residuals, record[laid_out:], strict=True)
        parts = [part for name, part in named if name in step.op.inputs or name == "out"]
    yield from parts


def no_gradient_where_there_is_none(case: Case, dtype: str) -> None:
    if case.op is None:
        return
    for k, array in enumerate(case.arrays):
        name = case.op.inputs[0 if case.op.variadic else k]
        if case.op.rules[name] not in (NOT_DIFFERENTIABLE, CUT) or array.dtype.kind not in "fc":
            continue
        tensors = tensors_of(case.arrays)
        with tf.GradientTape() as tape:
            tape.watch(tensors[k])
            results = case.run(tensors)
        assert tape.gradient(results, tensors[k]) is None


def wrong_dtype_is_refused(case: Case, dtype: str) -> None:
    if case.op is None:
        return
    for k in range(len(case.arrays)):
        if np.dtype(bool) in case.op.types[0 if case.op.variadic else k]:
            continue
        bad = [array.astype(bool) if j == k else array for j, array in enumerate(case.arrays)]
        message = ""
        try:
            case.run(tensors_of(bad))
        except (tf.errors.InvalidArgumentError, TypeError, ValueError) as error:
            message = str(error)
        assert "bool" in message, f"input {k} of dtype bool: {message or 'it was accepted'}"


LAWS = {
    law.__name__: law
    for law in (
        shape_is_as_the_rule_says,
        fast_path_is_the_general_door,
        layout_does_not_matter,
        gradient_has_the_input_s_shape_and_dtype,
        vjp_is_the_finite_difference,
        jvp_is_the_transposed_vjp,
        gradient_is_differentiable,
        second_derivatives_commute,
        arrays_and_tensors_say_the_same,
        only_named_residuals_are_kept,
        no_gradient_where_there_is_none,
        wrong_dtype_is_refused,
    )
}


def check(name: str, law: str, dtype: str) -> int:
    """Runs one law on all samples of one operation; returns how many, and says which sample broke it."""
    count = 0
    for case in cases(name, dtype):
        try:
            LAWS[law](case, dtype)
        except Exception as error:
            raise AssertionError(f"{name}({case.sample}) in {dtype} breaks the law “{law}”: {error}") from error
        count += 1
    return count


def names() -> list[str]:
    """The names of all operations and composites."""
    return sorted([*OPS, *COMPOSITES])


def dtypes(name: str) -> list[str]:
    """The dtypes in which the laws run for an operation."""
    op = OPS.get(name)
    accepted = op.types[0] if op and op.types else {np.dtype("f4"), np.dtype("f8")}
    wanted = ["float32", "float64", "complex128"]
    return [each for each in wanted if np.dtype(each) in accepted] or ["float64"]
