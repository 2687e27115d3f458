"""What `explain()` says of a function: how often it was recorded and why, its guards with their lines, its effects."""

import random

import gradtape as tf


def test_before_the_first_call_there_is_nothing_to_say():
    @tf.function
    def idle(x):
        return x

    assert idle.explain() == "idle has not been called yet: nothing is recorded."
    assert repr(idle.explain()) == str(idle.explain())


def test_recordings_and_operations_are_counted():
    @tf.function
    def twice(x):
        return tf.exp(x) + tf.exp(x)

    for value in (1.0, 2.0, 3.0):
        twice(tf.constant(value))
    text = twice.explain()
    assert "twice(x: float32[])" in text
    assert "ran as Python once to record it" in text
    assert "3 operations, 2 when simplified" in text


def test_a_guard_shows_its_line_and_its_answers():
    @tf.function
    def sign(x):
        if x > 0.0:
            return x
        return -x

    sign(tf.constant(1.0))
    assert "(bool: True)" in sign.explain()
    sign(tf.constant(-1.0))
    text = sign.explain()
    assert "ran as Python twice" in text
    assert "test_explain.py:" in text
    assert "if x > 0.0:" in text
    assert "(bool: True, False)" in text
    assert "on 2 ways" in text


def test_a_new_signature_says_which_argument_is_new():
    @tf.function
    def scaled(x, factor=2):
        return x * factor

    scaled(tf.constant([1.0, 2.0]))
    scaled(tf.constant([1.0, 2.0, 3.0]))
    scaled(tf.constant([1.0, 2.0, 3.0]), 3)
    text = scaled.explain()
    assert "recorded anew because x was float32[2] before" in text
    assert "recorded anew because factor was 2 before" in text


def test_effects_and_sources_are_named():
    count = tf.Variable(0, name="count")

    @tf.function
    def visit():
        count.assign_add(1)
        return tf.random.uniform([2])

    visit()
    text = visit.explain()
    assert "at each call:" in text
    assert "assigns count:0" in text
    assert "makes draw" in text


def test_why_it_runs_eagerly_is_said_with_the_limit():
    @tf.function
    def read(x):
        return x * float(x)

    for value in range(40):
        assert read(tf.constant(float(value))) == value * value
    assert "runs eagerly since: it has more than 32 ways" in read.explain()


def test_a_function_with_many_guards_shows_the_first_lines():
    @tf.function
    def asked(x):
        total = 0
        for _ in range(30):
            total += int(x)
        return total

    asked(tf.constant(2))
    assert asked.explain().count("int") < 10


def test_a_changed_value_outside_is_named():
    rates = {"slow": 0.5}

    @tf.function
    def scaled(x):
        return x * rates["slow"]

    scaled(tf.constant(1.0))
    rates["slow"] = 0.25
    assert scaled(tf.constant(1.0)) == 0.25
    assert "recorded anew because rates['slow'] changed from 0.5 to 0.25" in scaled.explain()


def test_signatures_stand_in_the_order_of_their_first_calls():
    @tf.function
    def same(x):
        return x

    for value in (1, 2.0, 1, True, 1):
        same(tf.constant(value))
    heads = [line for line in same.explain().splitlines() if line.startswith("same")]
    assert heads == ["same(x: int32[])", "same(x: float32[])", "same(x: bool[])"]


def test_arguments_are_shown_by_what_counts():
    class Layer:
        pass

    @tf.function
    def apply(x, layer, options, weights):
        return x[0]

    layer, weights = Layer(), tf.Variable([1.0])
    apply((tf.constant(1.0), tf.constant([2])), layer, {"rate": 2, "long": "a" * 99}, weights)
    (head, *_) = apply.explain().splitlines()
    assert head.startswith("apply(x: (float32[], int32[1]), layer: a Layer, options: {")
    assert head.endswith("weights: Variable float32[1])")
    assert len(head) < 200


def test_a_loop_that_is_kept_is_named():
    @tf.function
    def root(x):
        return tf.while_loop(lambda y: tf.abs(y * y - x) > 1e-5 * x, lambda y: [(y + x / y) / 2.0], [x])[0]

    root(tf.constant(2.0))
    root(tf.constant(20.0))
    text = root.explain()
    assert "as many turns as its condition holds, of 3 operations each" in text
    assert "ran as Python once" in text


def test_variables_of_one_name_are_counted():
    variables = [tf.Variable(0.0) for _ in range(3)]

    @tf.function
    def step(x):
        for variable in variables:
            variable.assign_sub(x)
            variable.assign_sub(x)

    step(tf.constant(1.0))
    assert "assigns 3 variables named Variable:0" in step.explain()


def test_calls_of_python_are_named():
    def halved(x):
        return x / 2

    @tf.function
    def outside(x):
        return tf.py_function(halved, [x], tf.float32)

    outside(tf.constant(1.0))
    assert "calls halved" in outside.explain()


def test_what_is_kept_from_the_recorded_run_is_named():
    @tf.function
    def drawn(x):
        return x * random.random()

    drawn(tf.constant(1.0))
    assert "keeps what it was given when it was recorded: random.random" in drawn.explain()
