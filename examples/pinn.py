"""A physics-informed network: a differential equation solved by making a network obey it.

The problem is u'' = -pi^2 sin(pi x) on [0, 1] with u = 0 at both ends; the solution is sin(pi x). The network never
sees the solution: its loss is how far it is from satisfying the equation (Raissi, Perdikaris and Karniadakis 2019).
The second derivative comes from two tapes, one inside the other, and a third differentiates it by the weights.
"""

import math

import tensorflow as tf

tf.random.set_seed(0)
width = 16
sizes = [(1, width), (width, width), (width, 1)]
weights = [tf.Variable(tf.random.normal(size, stddev=(2.0 / sum(size)) ** 0.5)) for size in sizes]
biases = [tf.Variable(tf.zeros(size[1])) for size in sizes]
parameters = weights + biases


def u(x):
    """Computes the trial solution: the factor x (1 - x) makes it zero at both ends, whatever the network says."""
    hidden = tf.tanh(tf.matmul(x, weights[0]) + biases[0])
    hidden = tf.tanh(tf.matmul(hidden, weights[1]) + biases[1])
    return x * (1.0 - x) * (tf.matmul(hidden, weights[2]) + biases[2])


def residual(x):
    """Computes what is left of the equation at the points x: u'' + pi^2 sin(pi x)."""
    with tf.GradientTape() as outer:
        outer.watch(x)
        with tf.GradientTape() as inner:
            inner.watch(x)
            value = u(x)
        slope = inner.gradient(value, x)
    curvature = outer.gradient(slope, x)
    return curvature + math.pi**2 * tf.sin(math.pi * x)


points = tf.reshape(tf.linspace(0.0, 1.0, 33), (-1, 1))
means = [tf.zeros(parameter.shape) for parameter in parameters]
squares = [tf.zeros(parameter.shape) for parameter in parameters]

# The optimizer is Adam (Kingma and Ba 2015), written out.
for step in range(1, 1001):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(residual(points)))
    gradients = tape.gradient(loss, parameters)
    rate = 0.01 * math.sqrt(1 - 0.999**step) / (1 - 0.9**step)
    for i, gradient in enumerate(gradients):
        means[i] = 0.9 * means[i] + 0.1 * gradient
        squares[i] = 0.999 * squares[i] + 0.001 * tf.square(gradient)
        parameters[i].assign_sub(rate * means[i] / (tf.sqrt(squares[i]) + 1e-8))
    if step % 200 == 0:
        print(f"step {step:4d}: mean squared residual {loss:.2e}")

x = tf.reshape(tf.linspace(0.0, 1.0, 201), (-1, 1))
error = tf.reduce_max(tf.abs(u(x) - tf.sin(math.pi * x)))
print(f"largest error: {error:.2e}")
