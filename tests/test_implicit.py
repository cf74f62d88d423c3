"""Every gradient against torchdeq, finite differences, autograd and each other, in float64."""

import collections
import copy
import itertools

import pytest
import torch
from torch import nn
from torch.nn import functional
from torch.utils._python_dispatch import TorchDispatchMode
from torchdeq import get_deq

from jfb import adjoints, deq, layout, settings
from jfb.gradients import open_gradient
from jfb.network import Network, Transformation
from jfb.solvers import SOLVERS

TIGHT = settings.Solver("picard", tolerance=1e-15, max_iterations=3000)
ALL = {
    "jfb": settings.Gradient("jfb"),
    "neumann_0": settings.Gradient("neumann", order=0),
    "neumann_3": settings.Gradient("neumann", order=3),
    "implicit": settings.Gradient("implicit"),
    "phantom_1": settings.Gradient("phantom", steps=1, damping=1.0),
    "phantom_5": settings.Gradient("phantom", steps=5, damping=0.4),
    "unrolled": settings.Gradient("unrolled"),
}
SHAPES = [(3, 3, 50), (1, 2, 7), (6, 1, 20)]
# Of a latent space in which the implicit gradient is solved by iteration, and to what.
LARGE = (40, 3, 5)
TO_THE_END = settings.Gradient("implicit", tolerance=1e-12)


def case(n, m, size, activation="tanh", radius=None, seed=0):
    """A network whose latent map has spectral norm 0.8 (or that spectral radius), and a batch."""
    generator = torch.Generator().manual_seed(seed)
    dimensions = settings.Network(m, n, activation)
    draw = {"generator": generator, "dtype": torch.float64}
    network = Network(torch.randn(layout.size(dimensions), **draw), dimensions)
    weight = network.latent_weight
    if radius is None:
        weight.mul_(0.8 / torch.linalg.matrix_norm(weight, 2))
    else:
        weight.mul_(radius / torch.linalg.eigvals(weight).abs().max())
    return network, torch.randn(m, size, **draw), torch.randn(1, size, **draw)


def gradient_of(network, d, target, options, solver=TIGHT):
    """The gradient by hand, and the loss that it belongs to."""
    size, n = d.shape[1], network.dimensions.latent_dim
    transform = Transformation(network, size)
    transform.fix(d)
    solve = SOLVERS[solver.name](solver, size, n, torch.float64)(transform)
    gradient = open_gradient(network, size, options)
    a = gradient.follow(transform, solve)
    error = network.read_out(a, network.empty(1, size)).sub_(target)
    return gradient(d, error).clone(), error.square().mean().item()


def closeness(found, expected):
    return ((found - expected).norm() / expected.norm()).item()


def finite_differences(network, d, target, step=1e-5, solver=TIGHT):
    """Central differences of the loss at the converged fixed point."""
    found = torch.empty_like(network.parameters)
    for k in range(len(found)):
        values = []
        for sign in (1, -1):
            moved = network.parameters.clone()
            moved[k] += sign * step
            other = Network(moved, network.dimensions)
            values.append(gradient_of(other, d, target, ALL["jfb"], solver)[1])
        found[k] = (values[0] - values[1]) / (2 * step)
    return found


@pytest.mark.parametrize("shape", SHAPES)
def test_implicit_is_the_derivative_of_the_converged_loss(shape):
    network, d, target = case(*shape)
    found, _ = gradient_of(network, d, target, ALL["implicit"])
    assert closeness(found, finite_differences(network, d, target)) < 1e-6


def test_implicit_by_iteration_is_the_derivative_of_the_converged_loss():
    network, d, target = case(*LARGE)
    found, _ = gradient_of(network, d, target, TO_THE_END)
    solver = settings.Solver("picard", tolerance=1e-13, max_iterations=1000)
    assert closeness(found, finite_differences(network, d, target, solver=solver)) < 1e-6


def test_the_others_are_not_the_derivative_of_the_converged_loss():
    network, d, target = case(*SHAPES[0])
    expected = finite_differences(network, d, target)
    for name in ("jfb", "neumann_3", "phantom_5"):
        assert closeness(gradient_of(network, d, target, ALL[name])[0], expected) > 1e-3


def torchdeqs(network, d, target, **options):
    """The gradient of torchdeq, of the same loss."""
    activation = {"relu": torch.relu, "tanh": torch.tanh}[network.dimensions.activation]
    flat = network.parameters.clone().requires_grad_()
    p = layout.views(flat, network.dimensions)
    injected = functional.linear(d.T, p["injection.weight"], p["injection.bias"])

    def function(z):
        return activation(functional.linear(z, p["latent.weight"], p["latent.bias"]) + injected)

    solver = {"f_solver": "simple_fixed_point_iter", "f_max_iter": 500}
    back = {"b_solver": "fixed_point_iter", "b_max_iter": 500, "b_tol": 1e-15}
    model = get_deq(core="sliced", **solver, **back, **options).train()
    (z,), _ = model(function, torch.zeros_like(injected))
    y = functional.linear(z, p["output.weight"], p["output.bias"])
    functional.mse_loss(y, target.T).backward()
    return flat.grad


@pytest.mark.parametrize("activation", ["relu", "tanh"])
@pytest.mark.parametrize("shape", SHAPES)
def test_implicit_is_torchdeqs(shape, activation):
    network, d, target = case(*shape, activation)
    expected = torchdeqs(network, d, target, ift=True)
    assert closeness(gradient_of(network, d, target, ALL["implicit"])[0], expected) < 1e-9


@pytest.mark.parametrize("activation", ["relu", "tanh"])
def test_implicit_by_iteration_is_torchdeqs_as_far_as_its_tolerance(activation):
    network, d, target = case(*LARGE, activation)
    expected = torchdeqs(network, d, target, ift=True)
    assert closeness(gradient_of(network, d, target, TO_THE_END)[0], expected) < 1e-9
    assert 1e-9 < closeness(gradient_of(network, d, target, ALL["implicit"])[0], expected) < 1e-5


@pytest.mark.parametrize("activation", ["relu", "tanh"])
@pytest.mark.parametrize(
    ("name", "steps", "damping"),
    [("jfb", 1, 1.0), ("neumann_0", 1, 1.0), ("phantom_1", 1, 1.0), ("phantom_5", 5, 0.4)],
)
def test_jfb_and_phantom_are_torchdeqs(name, steps, damping, activation):
    for shape in SHAPES:
        network, d, target = case(*shape, activation)
        expected = torchdeqs(network, d, target, grad=steps, tau=damping)
        assert closeness(gradient_of(network, d, target, ALL[name])[0], expected) < 1e-12


@pytest.mark.parametrize("radius", [0.3, 0.7, 0.9])
def test_neumann_converges_to_implicit_at_the_rate_of_the_spectral_radius(radius):
    """The map is linear: relu with all units active, so that J = W for every sample."""
    network, d, target = case(3, 3, 20, "relu", radius)
    network.latent_bias.add_(1e3)
    weight = network.latent_weight
    # With positive weights all units stay active, and the largest eigenvalue is simple.
    weight.abs_().mul_(radius / torch.linalg.eigvals(weight.abs()).abs().max())
    target.add_(1e3)
    exact, _ = gradient_of(network, d, target, ALL["implicit"])
    orders = range(5, 25)
    errors = [
        closeness(
            gradient_of(network, d, target, settings.Gradient("neumann", order=order))[0], exact
        )
        for order in orders
    ]
    rates = [later / earlier for earlier, later in itertools.pairwise(errors)]
    assert rates[-1] == pytest.approx(radius, rel=0.02)
    assert errors[-1] < errors[0] * radius**15


@pytest.mark.parametrize("activation", ["relu", "tanh"])
def test_unrolled_converges_to_implicit_as_the_tolerance_goes_to_0(activation):
    network, d, target = case(3, 3, 30, activation)
    exact, _ = gradient_of(network, d, target, ALL["implicit"])
    errors = []
    for tolerance in (1e-2, 1e-4, 1e-6, 1e-8, 1e-10):
        solver = settings.Solver("picard", tolerance, 3000)
        errors.append(closeness(gradient_of(network, d, target, ALL["unrolled"], solver)[0], exact))
    assert all(later < earlier / 10 for earlier, later in itertools.pairwise(errors))
    assert errors[-1] < 1e-7


def modules(network, options, solver):
    """The same network as a module."""
    module = deq.DEQ(network.dimensions, solver, options).double()
    parts = layout.views(network.parameters, network.dimensions)
    module.load_state_dict({name: part.clone() for name, part in parts.items()})
    return module


LOOSE = settings.Solver("picard", tolerance=1e-3, max_iterations=1000)
STOPPED = settings.Solver("picard", tolerance=1e-9, max_iterations=4)
EXPLICIT = settings.Solver("explicit", applications=6)


@pytest.mark.parametrize("solver", [LOOSE, STOPPED, EXPLICIT], ids=["loose", "stopped", "explicit"])
@pytest.mark.parametrize("activation", ["relu", "tanh"])
@pytest.mark.parametrize("name", ALL)
def test_the_gradients_by_hand_are_autograds(name, activation, solver):
    for shape in SHAPES:
        network, d, target = case(*shape, activation)
        module = modules(network, ALL[name], solver)
        functional.mse_loss(module(d.T), target.T).backward()
        expected = torch.cat([p.grad.flatten() for p in module.parameters()])
        found, _ = gradient_of(network, d, target, ALL[name], solver)
        assert closeness(found, expected) < 1e-12


@pytest.mark.parametrize("applications", [1, 2, 7])
def test_the_explicit_network_is_a_feedforward_network(applications):
    network, d, target = case(3, 3, 30, "relu")
    solver = settings.Solver("explicit", applications=applications)
    found, loss = gradient_of(network, d, target, ALL["unrolled"], solver)
    flat = network.parameters.clone().requires_grad_()
    p = layout.views(flat, network.dimensions)
    z = torch.zeros(30, 3, dtype=torch.float64)
    for _ in range(applications):
        z = functional.linear(z, p["latent.weight"], p["latent.bias"])
        z = torch.relu(z + functional.linear(d.T, p["injection.weight"], p["injection.bias"]))
    y = functional.linear(z, p["output.weight"], p["output.bias"])
    expected = functional.mse_loss(y, target.T)
    expected.backward()
    assert loss == pytest.approx(expected.item(), rel=1e-12)
    assert closeness(found, flat.grad) < 1e-12


@pytest.mark.parametrize("radius", [0.5, 0.99, 1.5])
def test_the_iterative_adjoint_is_the_direct_one(radius):
    generator = torch.Generator().manual_seed(3)
    draw = {"generator": generator, "dtype": torch.float64}
    weight = torch.randn(40, 40, **draw)
    weight *= radius / torch.linalg.eigvals(weight).abs().max()
    v, slope = torch.randn(25, 40, **draw), torch.rand(25, 40, **draw) < 0.4
    expected = adjoints.Direct()(v.clone(), slope, weight)
    found = adjoints.Iterative(1e-9)(v.clone(), slope, weight)
    assert closeness(found, expected) < 1e-6
    residual = found - (found * slope) @ weight - v
    assert residual.abs().max() <= 1e-9 * v.abs().max()


@pytest.mark.parametrize("seed", [0, 1])
def test_the_iterative_adjoint_is_found_in_float32_where_the_map_expands(seed):
    generator = torch.Generator().manual_seed(seed)
    weight = torch.randn(40, 40, generator=generator)
    weight *= 2.5 / torch.linalg.matrix_norm(weight, 2)
    v = torch.randn(2400, 40, generator=generator)
    slope = torch.rand(2400, 40, generator=generator) < 0.5
    assert torch.linalg.eigvals(slope[:, :, None] * weight).abs().max() > 1.1
    expected = adjoints.Direct()(v.clone(), slope, weight)
    found = adjoints.Iterative(1e-6)(v.clone(), slope, weight)
    assert found.dtype == torch.float32
    assert closeness(found, expected) < 1e-5


def test_an_adjoint_that_is_not_found_is_nan():
    """W = 1 for an active unit: (1 - 1) w = v has no solution."""
    v, slope = torch.ones(1, 1, dtype=torch.float64), torch.ones(1, 1, dtype=torch.bool)
    weight = torch.ones(1, 1, dtype=torch.float64)
    assert adjoints.Iterative(1e-6)(v, slope, weight).isnan().all()
    assert not adjoints.Direct()(v, slope, weight).isfinite().any()


def test_latent_dimension_and_tolerance_decide_how_the_implicit_gradient_is_solved():
    implicit = ALL["implicit"]
    assert isinstance(adjoints.open_adjoint(implicit, adjoints.DIRECT), adjoints.Direct)
    assert isinstance(adjoints.open_adjoint(implicit, adjoints.DIRECT + 1), adjoints.Iterative)


def step(name, iterations, n=3, size=100):
    """A module, inputs and target."""
    torch.manual_seed(0)
    solver = settings.Solver("explicit", applications=iterations)
    module = deq.DEQ(settings.Network(3, n), solver, ALL[name])
    return module, torch.randn(size, 3), torch.randn(size, 1)


def kept(*args):
    return deq.kept_for_backward(*step(*args))


class Operations(TorchDispatchMode):
    """Counts PyTorch's operations, by name and the shapes that they are given.

    But for detach, by which autograd saves a tensor, and which computes nothing.
    """

    def __init__(self):
        super().__init__()
        self.counts = collections.Counter()

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        shapes = tuple(tuple(x.shape) for x in args if isinstance(x, torch.Tensor))
        if function.overloadpacket is not torch.ops.aten.detach:
            self.counts[function.overloadpacket, shapes] += 1
        return function(*args, **(kwargs or {}))


@pytest.mark.parametrize("name", ALL)
def test_an_iteration_is_the_same_operations_whatever_the_gradient(name):
    found = []
    for iterations in (6, 7):
        module, d, _ = step(name, iterations)
        with Operations() as operations:
            module(d)
        found.append(operations.counts)
    batch = (3, 100)
    assert found[1] - found[0] == {
        (torch.ops.aten.mm, ((3, 3), batch)): 1,
        (torch.ops.aten.add_, (batch, batch)): 1,
        (torch.ops.aten.relu_, (batch,)): 1,
    }


@pytest.mark.parametrize("name", ["jfb", "implicit"])
def test_bytes_kept_do_not_grow_where_the_adjoint_is_iterated(name):
    """u, a and y, as in the smaller latent space: nothing of the adjoint's iteration."""
    assert {kept(name, iterations, 40) for iterations in (1, 2, 10)} == {4 * 100 * (40 + 40 + 1)}


@pytest.mark.parametrize("name", ALL)
def test_bytes_kept_grow_with_iterations_for_unrolled_only(name):
    found = [kept(name, iterations) for iterations in (1, 2, 3, 10, 100)]
    if name == "unrolled":
        # Of each further iteration, its activation: size x n float32, the next one's input.
        each = 100 * 3 * 4
        assert [bytes_ - found[0] for bytes_ in found] == [0, each, 2 * each, 9 * each, 99 * each]
    else:
        assert len(set(found)) == 1


def test_bytes_kept_by_hand():
    """jfb: u and a, (100, 3) each, and y, (100, 1), in float32; one step of phantom keeps its lerp.

    The squared error keeps y; the injection keeps d, which is there anyway.
    """
    assert kept("jfb", 10) == 4 * 100 * (3 + 3 + 1)
    assert kept("implicit", 10) == kept("neumann_3", 10) == kept("jfb", 10)
    assert kept("phantom_5", 10) > kept("jfb", 10)


def test_counting_bytes_leaves_the_module_as_it_was():
    module = deq.DEQ(settings.Network(3, 3), EXPLICIT, ALL["jfb"])
    before = copy.deepcopy(module.state_dict())
    deq.kept_for_backward(module, torch.randn(5, 3), torch.randn(5, 1))
    assert all(torch.equal(before[name], part) for name, part in module.state_dict().items())
    assert all(p.grad is None for p in module.parameters())


class Known(torch.autograd.Function):
    """The identity, with a backward pass that takes at most 1,500 and then 3,500 numbers."""

    @staticmethod
    def forward(ctx, x):
        return x.view_as(x)

    @staticmethod
    def backward(ctx, gradient):
        first, second = torch.empty(1000), torch.empty(500)
        del first
        third = torch.empty(3000)
        del second, third
        return gradient


class Scaled(nn.Module):
    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(1))

    def forward(self, d):
        return Known.apply(self.weight * d)


@pytest.mark.parametrize("size", [1, 1000, 100_000])
def test_the_peak_of_a_backward_pass_by_hand(size):
    """In float32: dL/dL; dL/dy in the place of y, which is released; then 3,500 in `Known`.

    Or, after that, dL/dy times d and its sum, with many points.
    """
    expected = 1 + max(3500, size + 1)
    for _ in range(2):
        found = deq.peak_of_backward(Scaled(), torch.randn(size, 1), torch.randn(size, 1))
        assert found == 4 * expected


@pytest.mark.parametrize("name", ALL)
def test_the_peak_of_a_backward_pass_does_not_grow_with_iterations(name):
    found = [deq.peak_of_backward(*step(name, iterations)) for iterations in (2, 3, 10)]
    assert len(set(found)) == 1


def test_the_peaks_of_backward_passes_by_hand():
    """jfb: dL/dL, the gradients of the output's 3 + 1 parameters, dL/da and dL/dh, without y.

    The direct adjoint has a matrix for each point, in float64.
    """
    jfb = deq.peak_of_backward(*step("jfb", 10))
    assert jfb == 4 * (1 + 3 + 1 + 100 * (3 + 3 - 1))
    assert deq.peak_of_backward(*step("implicit", 10)) > jfb + 8 * 100 * 3 * 3


def test_measuring_the_backward_pass_leaves_the_module_as_it_was():
    module, d, target = step("jfb", 5)
    before = copy.deepcopy(module.state_dict())
    deq.peak_of_backward(module, d, target)
    assert all(torch.equal(before[name], part) for name, part in module.state_dict().items())
    assert all(p.grad is None for p in module.parameters())
