"""Jacobian-free backpropagation (JFB) in a small deep equilibrium network, as a library."""
