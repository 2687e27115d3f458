"""A network with one hidden layer learns to read handwritten digits: a custom loop over shuffled batches.

The images are scikit-learn's 1,797 digits of 8 by 8 pixels. A quarter of them is set aside, and the accuracy is
measured on those. The optimizer, gradient descent with momentum, is written out.
"""

import tensorflow as tf
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

tf.random.set_seed(0)
images, labels = load_digits(return_X_y=True)
split = train_test_split(images / 16.0, labels, test_size=0.25, random_state=0)
train_images, test_images = (tf.constant(part, dtype=tf.float32) for part in split[:2])
train_labels, test_labels = (tf.constant(part, dtype=tf.int32) for part in split[2:])


def layer(inputs, outputs):
    """Makes the weights and biases of a layer, the weights scaled for relu (He et al. 2015)."""
    weights = tf.random.normal((inputs, outputs), stddev=(2.0 / inputs) ** 0.5)
    return [tf.Variable(weights), tf.Variable(tf.zeros(outputs))]


parameters = layer(64, 64) + layer(64, 10)
velocities = [tf.Variable(tf.zeros(parameter.shape)) for parameter in parameters]


def logits(x):
    """Computes the ten scores of each image."""
    hidden_weights, hidden_biases, weights, biases = parameters
    hidden = tf.nn.relu(tf.matmul(x, hidden_weights) + hidden_biases)
    return tf.matmul(hidden, weights) + biases


def train_step(x, y):
    """Takes one step on a batch, and returns the loss before it."""
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels=y, logits=logits(x)))
    for parameter, velocity, gradient in zip(parameters, velocities, tape.gradient(loss, parameters), strict=True):
        velocity.assign(0.9 * velocity - 0.05 * gradient)
        parameter.assign_add(velocity)
    return loss


def accuracy(x, y):
    """Computes the share of the images that are read correctly."""
    guesses = tf.argmax(logits(x), axis=1, output_type=tf.int32)
    return tf.reduce_mean(tf.cast(tf.equal(guesses, y), tf.float32))


batch = 64
for epoch in range(15):
    order = tf.random.shuffle(tf.range(train_images.shape[0]))
    losses = []
    for start in range(0, train_images.shape[0], batch):
        chosen = order[start : start + batch]
        losses.append(train_step(tf.gather(train_images, chosen), tf.gather(train_labels, chosen)))
    print(f"epoch {epoch + 1:2d}: loss {tf.reduce_mean(tf.stack(losses)):.4f}")

print(f"test accuracy: {accuracy(test_images, test_labels):.4f}")
