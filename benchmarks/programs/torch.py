"""The programs of PyTorch."""

import torch
from torch.autograd import grad
from torch.nn import functional

from benchmarks.programs import data
from benchmarks.programs.torch_models import Models


class Programs(Models):
    """Builds the measured programs; each method sets up one case and returns the function to call."""

    def __init__(self, library):
        torch.set_num_threads(1)
        torch.set_num_interop_threads(1)
        self.version = torch.__version__

    def untaped_op(self):
        x, y = torch.tensor(data.SMALL), torch.tensor(data.SMALL)
        return lambda: [data.repeated_add(x, y)]

    def taped_op(self):
        x = torch.tensor(data.SMALL, requires_grad=True)
        return lambda: [data.chain(x, x)]

    def chain(self):
        x, ones = torch.tensor(data.SMALL, requires_grad=True), torch.ones(4)
        return lambda: grad(data.chain(x, x), x, ones)

    def chain_number(self):
        x, ones = torch.tensor(data.SMALL, requires_grad=True), torch.ones(4)
        return lambda: grad(data.chain_with_numbers(x), x, ones)

    def chain_variable(self):
        x, parameter, ones = torch.tensor(data.SMALL), torch.nn.Parameter(torch.tensor(data.SMALL)), torch.ones(4)
        return lambda: grad(data.chain(x, parameter), parameter, ones)

    def seed(self):
        x = torch.tensor([0.0, 1.0, 2.0, 3.0], requires_grad=True)
        return lambda: grad(2 * torch.dot(x, x), x)

    def mlp(self):
        images, labels, parameters, loss_of = self._classifier()

        def run():
            loss = loss_of(images, labels)
            gradients = grad(loss, parameters)
            with torch.no_grad():
                for parameter, gradient in zip(parameters, gradients, strict=True):
                    parameter.sub_(gradient, alpha=data.RATE)
            return [loss, *gradients]

        return run

    def expression(self):
        x, w = (torch.tensor(value, requires_grad=True) for value in data.wide_pair())

        def run():
            y = torch.sum(torch.tanh(x * w) * torch.exp(-x * x) + x / (1 + w * w))
            return [y, *grad(y, (x, w))]

        return run

    def rosenbrock_hessian(self):
        x = torch.tensor(data.rosenbrock_point()[0])
        return lambda: [torch.autograd.functional.hessian(lambda x: data.rosenbrock(x, torch.sum), x)]

    def mlp_jacobian(self):
        features, _, parameters, _ = data.network()
        features, parameters = torch.tensor(features), tuple(map(torch.tensor, parameters))
        jacobian = torch.func.jacrev(lambda parameters: functional.softmax(self._logits(parameters, features), dim=-1))
        return lambda: jacobian(parameters)

    def example_gradients(self):
        features, labels, parameters, _ = data.network()
        features, labels = torch.tensor(features), torch.tensor(labels, dtype=torch.int64)
        parameters = tuple(map(torch.tensor, parameters))

        def loss_of(parameters, feature, label):
            return functional.cross_entropy(self._logits(parameters, feature[None]), label[None])

        gradients = torch.func.vmap(torch.func.grad(loss_of), in_dims=(None, 0, 0))
        return lambda: gradients(parameters, features, labels)

    def fourth_derivative(self):
        x = torch.tensor(0.5, dtype=torch.float64, requires_grad=True)

        def run():
            y = data.curve(x, torch.sin)
            for _ in range(3):
                (y,) = grad(y, x, create_graph=True)
            return grad(y, x)

        return run

    def record_chain(self):
        x = torch.tensor(data.WIDE, requires_grad=True)
        return [x], lambda: data.chain(x, x)

    def record_mlp(self):
        images, labels, parameters, loss_of = self._classifier()
        return [images, labels, *parameters], lambda: loss_of(images, labels)

    def array_bytes(self, leaves, record):
        """Sums the storages that the graph saves, less those of the leaves."""
        saved = []

        def pack(tensor):
            saved.append(tensor)
            return tensor

        with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
            root = record()
        storages = {tensor.untyped_storage().data_ptr(): tensor.untyped_storage().nbytes() for tensor in saved}
        for leaf in leaves:
            storages.pop(leaf.untyped_storage().data_ptr(), None)
        del root
        return sum(storages.values())

    @staticmethod
    def _logits(parameters, features):
        w1, b1, w2, b2 = parameters
        return torch.addmm(b2, torch.tanh(torch.addmm(b1, features, w1)), w2)

    def _classifier(self):
        images, labels, parameters = data.classifier()
        parameters = w1, b1, w2, b2 = [torch.tensor(value, requires_grad=True) for value in parameters]

        def loss_of(images, labels):
            hidden = functional.relu(torch.addmm(b1, images, w1))
            return functional.cross_entropy(torch.addmm(b2, hidden, w2), labels)

        return torch.tensor(images), torch.tensor(labels, dtype=torch.int64), parameters, loss_of
