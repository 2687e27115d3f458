"""The models of PyTorch: a convolutional and a recurrent network, a Gaussian mixture."""

import math

import torch
from torch.autograd import grad
from torch.nn import functional

from benchmarks.programs import data
from benchmarks.programs.operations import Operations


class Models(Operations):
    """The cases of `benchmarks.models`; each method sets up one and returns the function to call."""

    def gradients(self, operation, inputs):
        """Returns the function that runs an operation and differentiates it by its inputs."""
        inputs = [torch.tensor(value, requires_grad=value.dtype.kind != "i") for value in inputs]
        sources = [x for x in inputs if x.requires_grad]
        ones = torch.ones_like(operation.torch(torch, *inputs))

        def run():
            y = operation.torch(torch, *inputs)
            return [y, *grad(y, sources, ones)]

        return run

    def convolutional(self):
        pixels, labels, values = data.images()
        # PyTorch's own order of the axes; the results are turned back to be compared.
        pixels, labels = torch.tensor(pixels).permute(0, 3, 1, 2).contiguous(), torch.tensor(labels, dtype=torch.int64)
        values = [value.transpose(3, 2, 0, 1) if value.ndim == 4 else value for value in values]
        values[4] = values[4].reshape(7, 7, 32, -1).transpose(2, 0, 1, 3).reshape(values[4].shape)
        parameters = k1, b1, k2, b2, w, b = [torch.tensor(value.copy(), requires_grad=True) for value in values]

        def run():
            x = functional.max_pool2d(functional.relu(functional.conv2d(pixels, k1, b1, padding=1)), 2)
            x = functional.max_pool2d(functional.relu(functional.conv2d(x, k2, b2, padding=1)), 2)
            loss = functional.cross_entropy(torch.addmm(b, x.flatten(1), w), labels)
            gradients = list(grad(loss, parameters))
            with torch.no_grad():
                for parameter, gradient in zip(parameters, gradients, strict=True):
                    parameter.sub_(gradient, alpha=data.RATE)
            gradients[0], gradients[2] = (gradients[index].permute(2, 3, 1, 0) for index in (0, 2))
            gradients[4] = gradients[4].view(32, 7, 7, -1).permute(1, 2, 0, 3)
            return [loss, *gradients]

        return run

    def recurrent(self):
        inputs, values = data.sequence()
        inputs, parameters = torch.tensor(inputs), [torch.tensor(value, requires_grad=True) for value in values]
        from_input, from_state, bias = parameters

        def run():
            state = memory = torch.zeros(inputs.shape[1:])
            for step in range(data.STEPS):
                gates = torch.matmul(inputs[step], from_input) + torch.matmul(state, from_state) + bias
                enter, forget, candidate, leave = torch.chunk(gates, 4, dim=1)
                memory = torch.sigmoid(forget) * memory + torch.sigmoid(enter) * torch.tanh(candidate)
                state = torch.sigmoid(leave) * torch.tanh(memory)
            loss = torch.mean(state * state)
            return [loss, *grad(loss, parameters)]

        return run

    def mixture(self):
        columns = data.columns()

        def whiten(points, means, numbers):
            lower = []
            for factor in range(data.COMPONENTS):
                parts = [
                    torch.cat([torch.zeros(zeros, dtype=torch.float64), numbers[factor][start:end]])
                    for zeros, start, end in columns
                ]
                lower.append(torch.stack(parts, -1))
            centred = torch.stack([points[index] - means for index in range(points.shape[0])])
            product = torch.einsum("kij,nkj->nki", torch.stack(lower), centred)
            return torch.exp(numbers[:, : data.DIMENSIONS]) * centred + product

        return self._mixture(whiten, -1)

    def mixture_arrays(self):
        rows, columns = map(torch.tensor, data.below_diagonal())

        def whiten(points, means, numbers):
            diagonals, lower = numbers[:, : data.DIMENSIONS], numbers[:, data.DIMENSIONS :]
            factors = torch.diag_embed(torch.exp(diagonals)).index_put((slice_all, rows, columns), lower)
            return torch.matmul(points[None] - means[:, None], factors.transpose(-1, -2))

        slice_all = torch.arange(data.COMPONENTS)[:, None]
        return self._mixture(whiten, 0)

    def _mixture(self, whiten, axis):
        """Returns the gradient of the likelihood; `whiten` gives the standardized points, `axis` has the components."""
        points, values = data.mixture()
        points, parameters = torch.tensor(points), [torch.tensor(value, requires_grad=True) for value in values]
        weights, means, numbers = parameters
        constant = 0.5 * points.shape[0] * data.DIMENSIONS * math.log(2.0 * math.pi)

        def run():
            whitened = whiten(points, means, numbers)
            heights = torch.log_softmax(weights, 0) + torch.sum(numbers[:, : data.DIMENSIONS], dim=1)
            heights = heights if axis else heights[:, None]
            exponents = heights - 0.5 * torch.sum(whitened * whitened, dim=2)
            loss = torch.sum(torch.logsumexp(exponents, dim=axis)) - constant
            return [loss, *grad(loss, parameters)]

        return run
