"""A network of any cell that is read out at its fixed point, differentiated by autograd."""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from jfb.config import choices
from jfb.model.adjoints import Adjoint
from jfb.model.autograd import products, rows
from jfb.model.autograd.cells import Cell, in_float64
from jfb.model.solvers import Solve


class DEQ(nn.Module):
    """y = read_out(T(u*; d)) at the fixed point u* = T(u*; d) of a cell.

    The solver searches without a graph. What `backward` computes is what the gradient names: at u*
    one application of T is differentiated, with the adjoint of `jfb.model.autograd.products` in
    place of dL/da. Phantom goes through some steps from u*, and unrolled through every iteration.

    Args:
        cell: T and its readout.
        solver: of the fixed point; for the gradient unrolled, picard or explicit.
        gradient: see `jfb.model.gradients`.
    """

    def __init__(self, cell: Cell, solver: choices.Solver, gradient: choices.Gradient) -> None:
        super().__init__()
        self.cell = cell
        self._solver, self._gradient = solver, gradient
        #: What the last batch took for the adjoint; the gradient's own where it solves for one.
        self.adjoint = Adjoint()
        if gradient.name in _AT_FIXED_POINT:
            self.adjoint = products.open_adjoint(gradient, solver, cell.coupled)
        #: Of the last batch.
        self.point: Tensor | None = None
        self.solve: Solve | None = None
        #: What T took of its inputs, with its graph.
        self.injected: Tensor | None = None

    def forward(
        self,
        d: Tensor,
        start: Tensor | None = None,
        change: Callable[[Tensor], Tensor] = lambda injected: injected,
    ) -> Tensor:
        """Predict: (size, *shape) to (size, outputs).

        Args:
            d: inputs.
            start: (size, *latent_shape) where the search starts; 0 unless it is given.
            change: of what T takes of the inputs.
        """
        self.injected = injected = change(self.cell.inject(d))
        if start is None:
            start = injected.new_zeros(len(d), *self.cell.latent_shape)
        if self._gradient.name != "unrolled":
            self._search(injected.detach(), start)
        return self.cell.read_out(_DIFFERENTIATED[self._gradient.name](self, injected, start))

    @torch.no_grad()
    def _search(self, injected: Tensor, start: Tensor) -> None:
        self.point, self.solve = rows.solve(
            self._solver, lambda u: self.cell(u, injected), start, self.cell.coupled
        )

    def _applied(self, injected: Tensor, start: Tensor) -> Tensor:
        """T(u*; d), with w in place of v on the way back."""
        point = self.point
        a = self.cell(point, injected)
        if self._gradient.name != "jfb" and a.requires_grad:
            a.register_hook(lambda v: self._adjoint_of(v, point, injected.detach()))
        return a

    def _adjoint_of(self, v: Tensor, point: Tensor, injected: Tensor) -> Tensor:
        """The adjoint of v, by products in float64: in float32 their rounding stops the solvers."""
        if not v.isfinite().all():
            self.adjoint.applications, self.adjoint.converged = 0, False
            return torch.full_like(v, torch.nan)
        own = in_float64(self.cell)
        with torch.enable_grad():
            u = point.double().requires_grad_()
            image = torch.func.functional_call(self.cell, own, (u, injected.double()))

        def pull(w: Tensor) -> Tensor:
            (found,) = torch.autograd.grad(image, u, w, retain_graph=True)
            return found

        def push(x: Tensor) -> Tensor:
            # J^T w is linear in w: its own derivative, pulled back, is J.
            with torch.enable_grad():
                w = torch.zeros_like(image, requires_grad=True)
                (pulled,) = torch.autograd.grad(image, u, w, create_graph=True)
                (found,) = torch.autograd.grad(pulled, w, x)
            return found

        with torch.no_grad():
            return self.adjoint(products.Jacobian(pull, push), v.double()).to(v.dtype)

    def _damped(self, injected: Tensor, start: Tensor) -> Tensor:
        self.adjoint.applications = self._gradient.steps - 1
        z = self.point
        for _ in range(self._gradient.steps):
            z = torch.lerp(z, self.cell(z, injected), self._gradient.damping)
        return z

    def _unrolled(self, injected: Tensor, start: Tensor) -> Tensor:
        """T(u; d) of the point that the solver would find, with every iteration in the graph."""
        u, solver = start, self._solver
        explicit = solver.name == "explicit"
        for iterations in range(
            1, (solver.applications if explicit else solver.max_iterations) + 1
        ):
            before, u = u, self.cell(u, injected)
            residual = (u.detach() - before.detach()).abs().max().item()
            if not explicit and residual < solver.tolerance:
                return self._found(before, u, iterations, residual, True)
        if explicit:
            return self._found(before, u, iterations, residual, True)
        # The solver keeps the last image where its limit stops it.
        return self._found(u, self.cell(u, injected), iterations, residual, False)

    def _found(
        self, point: Tensor, image: Tensor, iterations: int, residual: float, converged: bool
    ) -> Tensor:
        self.point = point.detach()
        # Products between the applications of T; one more where the last image is applied to again.
        self.adjoint.applications = iterations - converged
        self.solve = Solve(self.point, iterations, residual, converged)
        return image


_AT_FIXED_POINT = ("jfb", "neumann", "implicit", "cg_normal", "own")
_DIFFERENTIATED: dict[str, Callable[[DEQ, Tensor, Tensor], Tensor]] = {
    **dict.fromkeys(_AT_FIXED_POINT, DEQ._applied),
    "phantom": DEQ._damped,
    "unrolled": DEQ._unrolled,
}
