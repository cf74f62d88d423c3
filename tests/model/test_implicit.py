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

from jfb.config import choices, gradient_choices, settings
from jfb.config.choices import Activation
from jfb.model import adjoints, deq
from jfb.model.gradients import open_gradient
from jfb.model.network import Network, Transformation
from jfb.model.solvers import SOLVERS
from jfb.records import layout

TIGHT = choices.Picard(tolerance=1e-15, max_iterations=3000)
ALL = {
    "jfb": gradient_choices.JFB(),
    "neumann_0": gradient_choices.Neumann(order=0),
    "neumann_3": gradient_choices.Neumann(order=3),
    "implicit": gradient_choices.Implicit(),
    "patterns": gradient_choices.Implicit(adjoint="patterns"),
    "picard": gradient_choices.Implicit(adjoint="picard", tolerance=1e-14),
    "anderson": gradient_choices.Implicit(adjoint="anderson", tolerance=1e-13),
    "phantom_1": gradient_choices.Phantom(steps=1, damping=1.0),
    "phantom_5": gradient_choices.Phantom(steps=5, damping=0.4),
    "unrolled": gradient_choices.Unrolled(),
}
SHAPES = [(3, 3, 50), (1, 2, 7), (6, 1, 20)]
# Ways to solve for the adjoint, each with how close its gradient must be to the exact one.
EXACT = {"implicit": 1e-12, "patterns": 1e-12, "picard": 1e-12, "anderson": 1e-11}
# Of a latent space in which the implicit gradient is solved by iteration, and to what.
LARGE = (40, 3, 5)
TO_THE_END = gradient_choices.Implicit(tolerance=1e-12)


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


@pytest.mark.parametrize("activation", Activation.all())
@pytest.mark.parametrize("shape", SHAPES)
def test_implicit_is_the_derivative_of_the_converged_loss(shape, activation):
    """Three seconds: residuals in float64 do not all come to 1e-15 within 3,000 iterations."""
    network, d, target = case(*shape, activation)
    expected = finite_differences(network, d, target)
    for name in EXACT:
        if (name, activation) != ("patterns", "tanh"):
            found, _ = gradient_of(network, d, target, ALL[name])
            assert closeness(found, expected) < 1e-6, name


def test_implicit_by_iteration_is_the_derivative_of_the_converged_loss():
    network, d, target = case(*LARGE)
    found, _ = gradient_of(network, d, target, TO_THE_END)
    solver = choices.Picard(tolerance=1e-13, max_iterations=1000)
    assert closeness(found, finite_differences(network, d, target, solver=solver)) < 1e-6


def test_the_others_are_not_the_derivative_of_the_converged_loss():
    network, d, target = case(*SHAPES[0])
    expected = finite_differences(network, d, target)
    for name in ("jfb", "neumann_3", "phantom_5"):
        assert closeness(gradient_of(network, d, target, ALL[name])[0], expected) > 1e-3


def torchdeqs(network, d, target, **options):
    """The gradient of torchdeq, of the same loss."""
    activation = getattr(torch.nn.functional, network.dimensions.activation)
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


@pytest.mark.parametrize("activation", Activation.all())
@pytest.mark.parametrize("name", EXACT)
@pytest.mark.parametrize("shape", SHAPES)
def test_implicit_is_torchdeqs(shape, name, activation):
    if (name, activation) == ("patterns", "tanh"):
        pytest.skip("defined for relu only")
    network, d, target = case(*shape, activation)
    expected = torchdeqs(network, d, target, ift=True)
    assert closeness(gradient_of(network, d, target, ALL[name])[0], expected) < 1e-9


@pytest.mark.parametrize("name", ["patterns", "picard", "anderson"])
@pytest.mark.parametrize("shape", [*SHAPES, LARGE, (70, 3, 300)])
def test_ways_to_solve_for_the_adjoint_agree(shape, name):
    network, d, target = case(*shape, "relu")
    expected, _ = gradient_of(network, d, target, gradient_choices.Implicit(adjoint="direct"))
    assert closeness(gradient_of(network, d, target, ALL[name])[0], expected) < EXACT[name]


@pytest.mark.parametrize("name", ["patterns", "picard"])
def test_adjoints_in_float32_agree_to_a_millionth(name):
    """As the cost of a step is measured: 2,400 points of one line, 64 units, to within 1e-6."""
    generator = torch.Generator().manual_seed(2)
    weight = torch.randn(64, 64, generator=generator)
    weight *= 0.9 / torch.linalg.matrix_norm(weight, 2)
    v = torch.randn(2400, 64, generator=generator)
    places = torch.linspace(-1, 1, 2400)[:, None] * torch.randn(64, generator=generator)
    slope = places + torch.randn(64, generator=generator) > 0
    expected = adjoints.Direct()(v.double(), slope, weight)
    options = gradient_choices.Implicit(adjoint=name)
    found = adjoints.open_adjoint(options, 64)(v.clone(), slope, weight)
    assert found.dtype == torch.float32
    assert closeness(found, expected) < 1e-6


@pytest.mark.parametrize("activation", Activation.all())
def test_implicit_by_iteration_is_torchdeqs_as_far_as_its_tolerance(activation):
    network, d, target = case(*LARGE, activation)
    expected = torchdeqs(network, d, target, ift=True)
    assert closeness(gradient_of(network, d, target, TO_THE_END)[0], expected) < 1e-9
    plain = gradient_choices.Implicit(adjoint="picard")
    assert 1e-9 < closeness(gradient_of(network, d, target, plain)[0], expected) < 1e-5
    assert 1e-9 < closeness(gradient_of(network, d, target, ALL["implicit"])[0], expected) < 1e-5


@pytest.mark.parametrize("activation", Activation.all())
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
        closeness(gradient_of(network, d, target, gradient_choices.Neumann(order=order))[0], exact)
        for order in orders
    ]
    rates = [later / earlier for earlier, later in itertools.pairwise(errors)]
    assert rates[-1] == pytest.approx(radius, rel=0.02)
    assert errors[-1] < errors[0] * radius**15


@pytest.mark.parametrize("activation", Activation.all())
def test_unrolled_converges_to_implicit_as_the_tolerance_goes_to_0(activation):
    network, d, target = case(3, 3, 30, activation)
    exact, _ = gradient_of(network, d, target, ALL["implicit"])
    errors = []
    for tolerance in (1e-2, 1e-4, 1e-6, 1e-8, 1e-10):
        solver = choices.Picard(tolerance=tolerance, max_iterations=3000)
        errors.append(closeness(gradient_of(network, d, target, ALL["unrolled"], solver)[0], exact))
    assert all(later < earlier / 10 for earlier, later in itertools.pairwise(errors))
    assert errors[-1] < 1e-7


def modules(network, options, solver):
    """The same network as a module."""
    module = deq.DEQ(network.dimensions, solver, options).double()
    parts = layout.views(network.parameters, network.dimensions)
    module.load_state_dict({name: part.clone() for name, part in parts.items()})
    return module


LOOSE = choices.Picard(tolerance=1e-3, max_iterations=1000)
STOPPED = choices.Picard(tolerance=1e-9, max_iterations=4)
EXPLICIT = choices.Explicit(applications=6)


@pytest.mark.parametrize("solver", [LOOSE, STOPPED, EXPLICIT], ids=["loose", "stopped", "explicit"])
@pytest.mark.parametrize("activation", Activation.all())
@pytest.mark.parametrize("name", ALL)
def test_the_gradients_by_hand_are_autograds(name, activation, solver):
    if (name, activation) == ("patterns", "tanh"):
        pytest.skip("defined for relu only")
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
    solver = choices.Explicit(applications=applications)
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


ITERATED = {"anderson": adjoints.Anderson, "picard": adjoints.Picard}


def system(radius, size=25, n=40):
    """dL/da, slopes of relu in many patterns, and a weight with that spectral radius."""
    generator = torch.Generator().manual_seed(3)
    draw = {"generator": generator, "dtype": torch.float64}
    weight = torch.randn(n, n, **draw)
    weight *= radius / torch.linalg.eigvals(weight).abs().max()
    return torch.randn(size, n, **draw), torch.rand(size, n, **draw) < 0.4, weight


@pytest.mark.parametrize(
    ("name", "radius"),
    [("anderson", 0.5), ("anderson", 0.99), ("anderson", 1.5), ("picard", 0.5), ("picard", 0.9)],
)
def test_the_iterated_adjoints_are_the_direct_one(name, radius):
    v, slope, weight = system(radius)
    expected = adjoints.Direct()(v.clone(), slope, weight)
    found = ITERATED[name](1e-9)(v.clone(), slope, weight)
    assert closeness(found, expected) < 1e-6
    residual = found - (found * slope) @ weight - v
    assert residual.abs().max() <= 1e-9 * v.abs().max()


@pytest.mark.parametrize("radius", [0.5, 1.5, 4.0])
def test_the_adjoint_by_patterns_is_the_direct_one(radius):
    v, slope, weight = system(radius)
    slope[5:] = slope[:20].clone()
    slope[3] = False
    expected = adjoints.Direct()(v.clone(), slope, weight)
    for given in (v.clone(), v.T.contiguous().T):
        assert closeness(adjoints.Patterns()(given, slope, weight), expected) < 1e-12


@pytest.mark.parametrize("n", [1, 30, 31, 32, 63, 64, 200])
def test_points_are_grouped_by_pattern(n):
    """Neighbouring patterns differ in one unit, the first, the last or any other."""
    generator = torch.Generator().manual_seed(n)
    slope = torch.rand(1, n, generator=generator).lt(0.5).repeat(n + 1, 1)
    slope[torch.arange(n), torch.arange(n)] ^= True
    slope = slope.repeat(3, 1)[torch.randperm(3 * (n + 1), generator=generator)]
    groups = adjoints._groups(slope)
    assert len(groups) == n + 1
    assert torch.cat(groups).sort().values.tolist() == list(range(len(slope)))
    for points in groups:
        assert len(points) == 3
        assert (slope[points] == slope[points[0]]).all()


def test_patterns_of_another_activation_than_relu_are_refused():
    v, slope, weight = system(0.5)
    with pytest.raises(ValueError, match="must be of relu"):
        adjoints.Patterns()(v, slope.double(), weight)


@pytest.mark.parametrize("seed", [0, pytest.param(1, marks=pytest.mark.long)])
def test_the_iterative_adjoint_is_found_in_float32_where_the_map_expands(seed):
    """Three seconds: 2,400 systems of 40 equations."""
    generator = torch.Generator().manual_seed(seed)
    weight = torch.randn(40, 40, generator=generator)
    weight *= 2.5 / torch.linalg.matrix_norm(weight, 2)
    v = torch.randn(2400, 40, generator=generator)
    slope = torch.rand(2400, 40, generator=generator) < 0.5
    assert torch.linalg.eigvals(slope[:50, :, None] * weight).abs().max() > 1.1
    expected = adjoints.Direct()(v.clone(), slope, weight)
    found = adjoints.Anderson(1e-6)(v.clone(), slope, weight)
    assert found.dtype == torch.float32
    assert closeness(found, expected) < 1e-5


def test_an_adjoint_that_is_not_found_is_nan():
    """W = 1 for an active unit: (1 - 1) w = v has no solution."""
    v, slope = torch.ones(1, 1, dtype=torch.float64), torch.ones(1, 1, dtype=torch.bool)
    weight = torch.ones(1, 1, dtype=torch.float64)
    for iterated in ITERATED.values():
        assert iterated(1e-6)(v.clone(), slope, weight).isnan().all()
        assert iterated(1e-6)(v.clone(), slope, 1e300 * weight).isnan().all()
    for eliminated in (adjoints.Direct(), adjoints.Patterns()):
        assert not eliminated(v.clone(), slope, weight).isfinite().any()


@pytest.mark.parametrize("name", ITERATED)
def test_the_adjoint_of_a_vanishing_gradient_vanishes(name):
    v, slope, weight = system(0.5)
    assert (ITERATED[name](1e-6)(torch.zeros_like(v), slope, weight) == 0).all()


def test_latent_dimension_and_tolerance_decide_how_the_implicit_gradient_is_solved():
    implicit = ALL["implicit"]
    assert isinstance(adjoints.open_adjoint(implicit, adjoints.DIRECT), adjoints.Direct)
    assert isinstance(adjoints.open_adjoint(implicit, adjoints.DIRECT + 1), adjoints.Anderson)
    assert adjoints.adjoint_of(implicit, adjoints.DIRECT) == "direct"
    assert adjoints.adjoint_of(implicit, adjoints.DIRECT + 1) == "anderson"
    assert adjoints.adjoint_of(ALL["jfb"], 3) is None
    for n in (3, 300):
        assert isinstance(adjoints.open_adjoint(ALL["patterns"], n), adjoints.Patterns)
        assert isinstance(adjoints.open_adjoint(ALL["picard"], n), adjoints.Picard)
        assert adjoints.adjoint_of(ALL["picard"], n) == "picard"


def step(name, iterations, n=3, size=100):
    """A module, inputs and target."""
    torch.manual_seed(0)
    solver = choices.Explicit(applications=iterations)
    module = deq.DEQ(settings.Network(3, n), solver, ALL[name])
    return module, torch.randn(size, 3), torch.randn(size, 1)


def peak(*args):
    return deq.peak_of_backward(*step(*args))


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


@pytest.mark.parametrize("name", ALL)
def test_the_peak_grows_with_iterations_for_unrolled_only(name):
    found = [peak(name, iterations) for iterations in (3, 4, 10, 100)]
    if name == "unrolled":
        # Of each further iteration, its activation: size x n float32, the next one's input.
        each = 100 * 3 * 4
        assert [bytes_ - found[0] for bytes_ in found] == [0, each, 7 * each, 97 * each]
    else:
        assert len(set(found)) == 1


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
    """In float32: y and the loss, whose storage has a number per point; then dL/dL.

    dL/dy takes the place of y, which is released, before the 3,500 of `Known`; or, after those,
    dL/dy times d and its sum, with many points.
    """
    expected = 2 * size + 1 + max(3500, size + 1)
    for _ in range(2):
        found = deq.peak_of_backward(Scaled(), torch.randn(size, 1), torch.randn(size, 1))
        assert found == 4 * expected


def test_the_peaks_of_backward_passes_by_hand():
    """jfb: u and a, (100, 3) each; the loss with a number per point, dL/dL; dL/da and dL/dh.

    And the gradients of the output's 3 + 1 parameters; y and dL/dy are gone by then. The direct
    adjoint has a matrix for each point in float64; plain iteration has dL/da, w, the slope, the
    term and its product in place of dL/da and dL/dh; the slope in bytes, and two extremes.
    """
    jfb = peak("jfb", 10)
    assert jfb == 4 * (2 * 300 + 100 + 1 + 2 * 300 + 4)
    assert peak("implicit", 10) > jfb + 8 * 100 * 3 * 3
    assert peak("picard", 10) == 4 * (2 * 300 + 100 + 1 + 5 * 300 + 4 + 2) + 300


def test_measuring_the_backward_pass_leaves_the_module_as_it_was():
    module, d, target = step("jfb", 5)
    before = copy.deepcopy(module.state_dict())
    deq.peak_of_backward(module, d, target)
    assert all(torch.equal(before[name], part) for name, part in module.state_dict().items())
    assert all(p.grad is None for p in module.parameters())
