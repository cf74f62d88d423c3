"""Networks of any cell against the report's, torchdeq, finite differences and each other."""

import pytest
import torch
from scipy.sparse.linalg import cg
from torch.nn import functional
from torchdeq import get_deq

from jfb.config import choices, gradient_choices
from jfb.model.autograd import cells, products
from jfb.model.autograd.equilibrium import DEQ
from jfb.records import layout
from jfb.storage.own import Faulty
from test_implicit import ALL, TIGHT, case, closeness, gradient_of

#: Gradients that need J's products only, and how close the exact ones must come.
IMPLICIT = {
    name: gradient_choices.Implicit(adjoint=name, tolerance=1e-12)
    for name in ("picard", "anderson", "broyden", "gmres")
}
CG_NORMAL = gradient_choices.CGNormal(skip_failed=False)
GENERAL = {
    name: one for name, one in ALL.items() if name not in ("implicit", "patterns")
} | IMPLICIT


def report(network):
    """The report's network as a cell, with the same parameters."""
    d = network.dimensions
    cell = cells.Affine(d.input_dim, d.latent_dim, 1, d.activation).double()
    parts = layout.views(network.parameters, d)
    assert list(parts) == [name for name, _ in cell.named_parameters()]
    cell.load_state_dict(parts)
    return cell


def gradient(module, d, target):
    """The flat gradient of the mean squared error."""
    module.zero_grad(set_to_none=True)
    (module(d) - target).square().mean().backward()
    return torch.cat([p.grad.flatten() for p in module.parameters()])


@pytest.mark.parametrize("activation", ["relu", "tanh"])
@pytest.mark.parametrize("name", GENERAL)
def test_the_reports_network_as_a_cell_has_the_gradients_by_hand(name, activation):
    network, d, target = case(3, 3, 50, activation)
    by_hand = gradient_choices.Implicit() if name in IMPLICIT else GENERAL[name]
    expected, loss = gradient_of(network, d, target, by_hand)
    module = DEQ(report(network), TIGHT, GENERAL[name])
    found = gradient(module, d.T, target.T)
    assert closeness(found, expected) < 1e-10
    assert (module(d.T) - target.T).square().mean().item() == pytest.approx(loss, rel=1e-12)


def image_cell(normalisation="none", gamma=0.6):
    """A small convolutional cell whose map contracts, with inputs and scores to hit."""
    torch.manual_seed(0)
    cell = cells.FPN((1, 6, 6), 4, (4, 3, 3), 2, 2, gamma, 2, *[normalisation] * 2).double()
    with torch.no_grad():
        for block in cell.blocks:
            for layer in block:
                layer.weight.mul_(0.3)
    generator = torch.Generator().manual_seed(1)
    draw = {"generator": generator, "dtype": torch.float64}
    return cell, torch.randn(5, 1, 6, 6, **draw), torch.randn(5, 4, **draw)


@pytest.mark.parametrize("normalisation", ["none", "layer", "batch"])
@pytest.mark.parametrize("name", IMPLICIT)
def test_a_convolutional_cell_has_torchdeqs_fixed_point_and_implicit_gradient(name, normalisation):
    cell, d, target = image_cell(normalisation)
    module = DEQ(cell, TIGHT, IMPLICIT[name])
    found = gradient(module, d, target)
    injected = cell.inject(d)
    theirs = get_deq(
        f_solver="fixed_point_iter",
        b_solver="fixed_point_iter",
        f_tol=1e-14,
        b_tol=1e-14,
        f_max_iter=2000,
        b_max_iter=2000,
        ift=True,
    )
    theirs.train()
    points, _ = theirs(lambda u: cell(u, injected), torch.zeros(5, *cell.latent_shape).double())
    cell.zero_grad(set_to_none=True)
    (cell.read_out(points[-1]) - target).square().mean().backward()
    expected = torch.cat([p.grad.flatten() for p in cell.parameters()])
    assert (module.point - points[-1]).abs().max() < 1e-10
    assert closeness(found, expected) < 1e-5
    assert module.adjoint.converged
    assert module.adjoint.applications > 3


def test_the_implicit_gradient_of_a_convolutional_cell_is_that_of_its_converged_loss():
    cell, d, target = image_cell()
    module = DEQ(cell, TIGHT, IMPLICIT["anderson"])
    found = gradient(module, d, target)
    flat = torch.nn.utils.parameters_to_vector(cell.parameters()).detach()
    for k in torch.randperm(len(flat), generator=torch.Generator().manual_seed(2))[:40].tolist():
        losses = []
        for sign in (1, -1):
            moved = flat.clone()
            moved[k] += sign * 1e-6
            torch.nn.utils.vector_to_parameters(moved, cell.parameters())
            with torch.no_grad():
                losses.append((module(d) - target).square().mean().item())
        difference = (losses[0] - losses[1]) / 2e-6
        assert found[k].item() == pytest.approx(difference, rel=1e-5, abs=1e-8), k


def test_jfb_is_no_derivative_of_the_converged_loss():
    cell, d, target = image_cell()
    exact = gradient(DEQ(cell, TIGHT, IMPLICIT["picard"]), d, target)
    found = gradient(DEQ(cell, TIGHT, gradient_choices.JFB()), d, target)
    assert closeness(found, exact) > 1e-2
    assert functional.cosine_similarity(found, exact, dim=0) > 0.5


def test_neumann_of_a_growing_order_comes_to_the_implicit_gradient():
    cell, d, target = image_cell()
    exact = gradient(DEQ(cell, TIGHT, IMPLICIT["picard"]), d, target)
    off = [
        closeness(gradient(DEQ(cell, TIGHT, gradient_choices.Neumann(order=k)), d, target), exact)
        for k in (0, 5, 40)
    ]
    assert off[0] > 5 * off[1] > 25 * off[2]
    jfb = gradient(DEQ(cell, TIGHT, gradient_choices.JFB()), d, target)
    assert torch.equal(
        jfb, gradient(DEQ(cell, TIGHT, gradient_choices.Neumann(order=0)), d, target)
    )


OWN = """
def series(v, pull):
    return v + pull(v + pull(v))

def scalar(v, pull):
    return v.sum()

def endless(v, pull):
    return v / 0
"""


def test_a_gradient_of_a_users_file_is_what_it_says(tmp_path):
    cell, d, target = image_cell()
    path = str(tmp_path / "own.py")
    (tmp_path / "own.py").write_text(OWN)

    def module(name):
        return DEQ(cell, TIGHT, gradient_choices.OwnGradient(file=path, function=name))

    series = module("series")
    found = gradient(series, d, target)
    neumann = gradient(DEQ(cell, TIGHT, gradient_choices.Neumann(order=2)), d, target)
    assert torch.equal(found, neumann)
    assert (series.adjoint.applications, series.adjoint.converged) == (2, True)
    with pytest.raises(
        Faulty, match=r"own\.py, line 5: w must have the shape of v, \(5, 4, 3, 3\)"
    ):
        gradient(module("scalar"), d, target)
    endless = module("endless")
    gradient(endless, d, target)
    assert not endless.adjoint.converged


@pytest.mark.parametrize(("normalisation", "depends"), [("none", 0), ("layer", 0), ("batch", 1)])
def test_with_normalisation_over_the_batch_a_fixed_point_depends_on_the_other_samples(
    normalisation, depends
):
    for cell, d, _ in (image_cell(normalisation), mlp(normalisation)):
        module = DEQ(cell, TIGHT, gradient_choices.JFB())
        with torch.no_grad():
            together = module(d)[:2]
            alone = module(d[:2])
        assert bool((together - alone).abs().max() > 1e-6) == depends


def mlp(normalisation, depth=3):
    torch.manual_seed(3)
    cell = cells.MLP(2, 5, 1, "tanh", depth, normalisation).double()
    return cell, torch.randn(6, 2).double(), torch.randn(6, 1).double()


def test_an_mlp_of_one_layer_is_the_reports_network():
    network, d, _ = case(3, 3, 50)
    one = cells.MLP(3, 3, 1, "tanh", 1, "none").double()
    one.load_state_dict(report(network).state_dict())
    u = torch.randn(50, 3, dtype=torch.float64)
    assert torch.equal(one(u, one.inject(d.T)), report(network)(u, report(network).inject(d.T)))


def test_a_deep_mlp_by_hand():
    cell, d, _ = mlp("none", depth=2)
    u = torch.randn(6, 5).double()
    inner = torch.tanh(u @ cell.hidden[0].weight.T + cell.hidden[0].bias)
    outer = inner @ cell.latent.weight.T + cell.latent.bias + d @ cell.injection.weight.T
    expected = torch.tanh(outer + cell.injection.bias)
    assert torch.allclose(cell(u, cell.inject(d)), expected, atol=1e-14)


def test_an_unknown_normalisation_is_refused():
    with pytest.raises(ValueError, match="normalisation 'group': must be none, layer or batch"):
        mlp("group")


@pytest.mark.parametrize("name", ["picard", "anderson", "broyden"])
def test_a_solver_takes_its_start(name):
    cell, d, _ = image_cell()
    extra = {} if name == "picard" else {"memory": 5}
    solver = getattr(choices, name.capitalize())(tolerance=1e-10, max_iterations=500, **extra)
    module = DEQ(cell, solver, gradient_choices.JFB())
    with torch.no_grad():
        cold = module(d)
        iterations, point = module.solve.iterations, module.point
        warm = module(d, point)
    assert module.solve.iterations == 1 < iterations
    assert torch.allclose(cold, warm, atol=1e-9)


@pytest.mark.parametrize("name", IMPLICIT)
def test_an_adjoint_that_is_not_found_is_nan_and_says_so(name):
    """J = 1: (1 - 1) w = v has no solution."""
    adjoint = products.open_adjoint(IMPLICIT[name], TIGHT)
    found = adjoint(
        products.Jacobian(lambda w: w, lambda x: x), torch.ones(2, 3, dtype=torch.float64)
    )
    assert found.isnan().all()
    assert not adjoint.converged


@pytest.mark.parametrize("name", IMPLICIT)
def test_the_adjoint_of_a_vanishing_gradient_vanishes(name):
    adjoint = products.open_adjoint(IMPLICIT[name], TIGHT)
    assert (
        adjoint(
            products.Jacobian(lambda w: 0.5 * w, lambda x: 0.5 * x),
            torch.zeros(2, 3, dtype=torch.float64),
        )
        == 0
    ).all()
    assert adjoint.converged


def test_what_has_no_jacobian_is_not_solved_by_elimination():
    for name in ("direct", "patterns"):
        with pytest.raises(ValueError, match=f"adjoint {name}: J is not known"):
            products.open_adjoint(gradient_choices.Implicit(adjoint=name), TIGHT)


@pytest.mark.parametrize("limit", [1, 7, 200])
def test_unrolled_is_the_derivative_of_the_loss_that_is_computed(limit):
    """After however many iterations: at 1 and 7 the limit stops the search."""
    cell, d, target = image_cell()
    solver = choices.Picard(tolerance=1e-9, max_iterations=limit)
    module = DEQ(cell, solver, gradient_choices.Unrolled())
    found = gradient(module, d, target)
    assert module.solve.converged == (limit == 200)
    direction = found / found.norm()
    flat = torch.nn.utils.parameters_to_vector(cell.parameters()).detach()
    # Of jfb, the solver itself searches.
    searched = DEQ(cell, solver, gradient_choices.JFB())
    losses = []
    for sign in (1, -1):
        torch.nn.utils.vector_to_parameters(flat + sign * 1e-6 * direction, cell.parameters())
        with torch.no_grad():
            losses.append((searched(d) - target).square().mean().item())
            assert losses[-1] == pytest.approx((module(d) - target).square().mean().item())
    assert (losses[0] - losses[1]) / 2e-6 == pytest.approx(found.norm().item(), rel=1e-5)


@pytest.mark.parametrize("name", [*GENERAL, "cg_normal"])
def test_a_prediction_is_the_same_with_a_graph_and_without(name):
    cell, d, _ = image_cell()
    module = DEQ(cell, TIGHT, GENERAL.get(name, CG_NORMAL))
    with torch.no_grad():
        without = module(d)
    assert torch.equal(module(d).detach(), without)


def test_the_fixed_point_network_by_hand():
    """Two blocks, pictures of 7 by 9 with two channels, pooled by 3, and normalised by sample."""
    torch.manual_seed(5)
    cell = cells.FPN((2, 7, 9), 3, (4, 2, 3), 2, 2, 0.7, 3, "layer", "layer").double()
    d, u = torch.randn(3, 2, 7, 9).double(), torch.randn(3, 4, 2, 3).double()

    def normal(x):
        flat = x.flatten(1)
        spread = (flat.var(dim=1, correction=0) + 1e-5).sqrt()
        return ((flat - flat.mean(1, keepdim=True)) / spread[:, None]).view_as(x)

    def bend(x):
        return torch.where(x > 0, x, 0.1 * x)

    def convolved(x, layer):
        """A 3x3 convolution, written out."""
        size, _, height, width = x.shape
        wide = torch.zeros(size, x.shape[1], height + 2, width + 2).double()
        wide[:, :, 1:-1, 1:-1] = x
        total = layer.bias[:, None, None].expand(size, -1, height, width).clone()
        for row in range(3):
            for column in range(3):
                part = wide[:, :, row : row + height, column : column + width]
                total += torch.einsum("bihw,oi->bohw", part, layer.weight[:, :, row, column])
        return total

    first = bend(normal(convolved(d, cell.injection[0])))
    pooled = torch.stack(
        [
            torch.stack(
                [first[:, :, 3 * r : 3 * r + 3, 3 * c : 3 * c + 3].amax((2, 3)) for c in range(3)],
                -1,
            )
            for r in range(2)
        ],
        -2,
    )
    q = bend(normal(convolved(pooled, cell.injection[1])))
    assert torch.allclose(cell.inject(d), q, atol=1e-12)
    w = u + q
    for one, other in cell.blocks:
        w = normal(w + bend(convolved(bend(convolved(w, one)), other)))
    assert torch.allclose(cell(u, q), 0.7 * w, atol=1e-12)
    read = bend(convolved(u, cell.convolution)).flatten(1) @ cell.output.weight.T
    assert torch.allclose(cell.read_out(u), read + cell.output.bias, atol=1e-12)


def test_the_injection_may_be_normalised_otherwise_than_t():
    """Over the batch, of T's for each sample: then T itself couples none."""
    torch.manual_seed(0)
    cell = cells.FPN((1, 6, 6), 4, (4, 3, 3), 2, 1, 0.5, 2, "none", "batch").double()
    assert not cell.coupled
    d = torch.rand(8, 1, 6, 6, dtype=torch.float64)
    first, second = cell.injection
    inner = functional.batch_norm(first(d), None, None, training=True)
    pooled = functional.max_pool2d(functional.leaky_relu(inner, 0.1), 2)
    q = functional.batch_norm(second(pooled), None, None, training=True)
    assert torch.equal(cell.inject(d), functional.leaky_relu(q, 0.1))
    u = torch.rand(8, 4, 3, 3, dtype=torch.float64)
    q = cell.inject(d)
    assert torch.allclose(cell(u, q)[:1], cell(u[:1], q[:1]))


@pytest.mark.parametrize("name", [*IMPLICIT, "cg_normal"])
def test_products_are_counted(name):
    counts = {"pull": 0, "push": 0}
    matrix = torch.diag(torch.tensor([0.5, -0.3, 0.2], dtype=torch.float64))

    def counted(which):
        def product(w):
            counts[which] += 1
            return w @ matrix

        return product

    gradient_ = CG_NORMAL if name == "cg_normal" else IMPLICIT[name]
    adjoint = products.open_adjoint(gradient_, TIGHT)
    v = torch.tensor([[1.0, 2.0, -1.0], [0.0, 0.0, 0.0]], dtype=torch.float64)
    found = adjoint(products.Jacobian(counted("pull"), counted("push")), v)
    assert torch.allclose(found, v / (1 - matrix.diagonal()), atol=1e-11)
    assert adjoint.applications == sum(counts.values())


def test_a_gradient_that_is_not_finite_has_no_adjoint():
    cell, d, target = image_cell()
    for options in (CG_NORMAL, *IMPLICIT.values()):
        module = DEQ(cell, TIGHT, options)
        found = gradient(module, d, target * torch.inf)
        assert not found.isfinite().all()
        assert (module.adjoint.applications, module.adjoint.converged) == (0, False)


def test_an_explicit_network_is_its_layers():
    network, d, target = case(3, 3, 50)
    solver = choices.Explicit(applications=4)
    found = gradient(DEQ(report(network), solver, gradient_choices.Unrolled()), d.T, target.T)
    expected, _ = gradient_of(network, d, target, gradient_choices.Unrolled(), solver)
    assert closeness(found, expected) < 1e-12


def with_limit(most, tolerance=1e-12):
    return choices.Picard(tolerance=tolerance, max_iterations=most)


@pytest.mark.parametrize("normalisation", ["none", "layer", "batch"])
def test_conjugate_gradients_on_the_normal_equations_are_exact_in_the_end(normalisation):
    cell, d, target = image_cell(normalisation)
    exact = gradient(DEQ(cell, with_limit(2000), IMPLICIT["gmres"]), d, target)
    module = DEQ(cell, with_limit(2000), CG_NORMAL)
    assert closeness(gradient(module, d, target), exact) < 1e-9
    assert module.adjoint.converged


def test_conjugate_gradients_are_a_dense_solution_of_each_sample():
    """J drawn for each sample; SciPy's cg takes the same steps."""
    generator = torch.Generator().manual_seed(4)
    draw = {"generator": generator, "dtype": torch.float64}
    j, v = 0.3 * torch.randn(4, 6, 6, **draw), torch.randn(4, 6, **draw)
    jacobian = products.Jacobian(
        lambda w: (j.mT @ w[..., None])[..., 0], lambda x: (j @ x[..., None])[..., 0]
    )
    system = torch.eye(6, dtype=torch.float64) - j.mT
    expected = torch.linalg.solve(system, v[..., None])[..., 0]
    adjoint = products.CGNormal(1e-13, 100, coupled=False)
    assert torch.allclose(adjoint(jacobian, v), expected, atol=1e-10)
    assert adjoint.converged
    # One step is taken at any tolerance, and they are as many for every sample.
    for tolerance, most, steps in ((1e-13, 3, 3), (1e3, 100, 1)):
        stopped = products.CGNormal(tolerance, most, coupled=False)
        found = stopped(jacobian, v)
        assert stopped.converged == (steps == 1)
        assert stopped.applications == 3 + 2 * steps
        for k in range(4):
            normal, right = (system[k].mT @ system[k]).numpy(), (system[k].mT @ v[k]).numpy()
            theirs, _ = cg(normal, right, right, rtol=0, atol=1e-13, maxiter=steps)
            assert torch.allclose(found[k], torch.from_numpy(theirs), atol=1e-10)


def test_conjugate_gradients_stop_at_an_absolute_residual_of_each_sample():
    """The same system at a hundredth of the size needs fewer steps."""
    generator = torch.Generator().manual_seed(4)
    j = 0.3 * torch.randn(6, 6, generator=generator, dtype=torch.float64)
    v = torch.randn(2, 6, generator=generator, dtype=torch.float64)
    jacobian = products.Jacobian(lambda w: w @ j, lambda x: x @ j.T)
    system = torch.eye(6, dtype=torch.float64) - j.T
    taken = []
    for scale in (1.0, 0.01):
        adjoint = products.CGNormal(1e-3, 100, coupled=False)
        w = adjoint(jacobian, scale * v)
        residual = (w @ system.T - scale * v) @ system
        assert adjoint.converged
        assert residual.norm(dim=1).max() <= 1e-3
        taken.append(adjoint.applications)
    assert taken[1] < taken[0]
