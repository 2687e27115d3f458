"""Linear regression by gradient descent: the smallest training loop there is.

Points are scattered about a plane that is known. The loop starts from zeros, asks the tape for the gradient of the
mean squared error, and takes small steps downhill. It ends near the plane, with an error near the variance of the
scatter (0.01), which no plane can avoid.
"""

import tensorflow as tf

tf.random.set_seed(1)
true_weights = tf.constant([[2.0], [-3.4], [0.5]])
true_bias = 4.2

features = tf.random.normal((500, 3))
labels = tf.matmul(features, true_weights) + true_bias + tf.random.normal((500, 1), stddev=0.1)

weights = tf.Variable(tf.zeros((3, 1)))
bias = tf.Variable(0.0)

for step in range(101):
    with tf.GradientTape() as tape:
        predictions = tf.matmul(features, weights) + bias
        loss = tf.reduce_mean(tf.square(predictions - labels))
    weights_gradient, bias_gradient = tape.gradient(loss, [weights, bias])
    weights.assign_sub(0.1 * weights_gradient)
    bias.assign_sub(0.1 * bias_gradient)
    if step % 20 == 0:
        print(f"step {step:3d}: loss {loss:.6f}")

print("weights:", weights.numpy().ravel(), "bias:", bias.numpy())
print(f"final loss: {loss:.6f}")
