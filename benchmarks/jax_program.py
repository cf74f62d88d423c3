"""The JAX side of jax_training.py: a run as one jitted function, trained at each line of stdin.

    python benchmarks/jax_program.py FOLDER

FOLDER has the data, orders and settings, and gets the log. Imports nothing of the project, so that
the interpreter needs jax and numpy only. The run is a scan over epochs, in it a scan over batches,
in it a while_loop for the fixed point. Samples stand in columns and the parameters in one vector,
which take XLA less time than rows and a dictionary. Products with weights and sums over a batch are
written in several ways, of which the fastest at the batch size is kept: what XLA fuses into one
loop is fast for few samples, a call of its matrix product for many.
"""

import functools
import itertools
import json
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

N, M = 3, 3
#: Where layers end in the vector of parameters, as jfb.records.layout has them.
ENDS = np.cumsum([N * N, N, N * M, N, N])
#: Epochs that each way is tried for.
TRIAL = 20


def by_sums(weight, x):
    """The product weight @ x as a sum, which XLA fuses with what comes before and after."""
    return sum(weight[..., j, None] * x[j] for j in range(len(x)))


FORWARD = {"sums": by_sums, "products": jnp.matmul}


def split(vector):
    """Weight and bias of the latent layer, of the injection, and of the output."""
    latent, latent_bias, injection, injection_bias, output, output_bias = jnp.split(vector, ENDS)
    latent, injection = latent.reshape(N, N), injection.reshape(N, M)
    return latent, latent_bias[:, None], injection, injection_bias[:, None], output, output_bias


def apply(weigh, p, u, injected):
    """T(u; d), of the injection of d."""
    latent, latent_bias, *_ = split(p)
    return jax.nn.relu(weigh(latent, u) + latent_bias + injected)


def inject(weigh, p, d):
    """The injection of d, which all applications of T share."""
    _, _, injection, injection_bias, *_ = split(p)
    return weigh(injection, d) + injection_bias


def solve(s, weigh, p, injected):
    """Picard's iteration from u = 0: the first u that passes, else the last image; iterations."""

    def unfinished(state):
        _, _, iterations, passed = state
        return ~passed & (iterations < s.max_iterations)

    def iterate(state):
        _, u, iterations, _ = state
        image = apply(weigh, p, u, injected)
        return u, image, iterations + 1, jnp.abs(image - u).max() < s.tolerance

    zero = jnp.zeros_like(injected)
    u, image, iterations, passed = lax.while_loop(unfinished, iterate, (zero, zero, 0, False))
    return jnp.where(passed, u, image), iterations


def errors(weigh, p, a, target):
    """The errors of the output."""
    *_, output, output_bias = split(p)
    return weigh(output, a) + output_bias - target


def scores(s, error):
    """Mean squared error, and share of accurate predictions."""
    return jnp.square(error).mean(), (jnp.abs(error) <= s.accuracy_threshold).mean()


def by_autodiff(s, weigh, p, u, injected, d, target):
    """The scores of a solved batch, and the gradient, u held constant."""

    def loss(p):
        a = apply(weigh, p, lax.stop_gradient(u), inject(weigh, p, d))
        loss, accuracy = scores(s, errors(weigh, p, a, target))
        return loss, (loss, accuracy)

    gradient, found = jax.grad(loss, has_aux=True)(p)
    return found, gradient


def by_hand(outer, s, weigh, p, u, injected, d, target):
    """The same, with the derivative written out; `outer` gives products summed over the batch."""
    a = apply(weigh, p, u, injected)
    error = errors(weigh, p, a, target)
    dy = error * (2 / error.size)
    *_, output, _ = split(p)
    dh = dy * output[:, None] * (a > 0)
    latent, bias, injection, of_output, output_bias = outer(dh, dy, u, d, a)
    pieces = latent.ravel(), bias, injection.ravel(), bias, of_output, output_bias
    return scores(s, error), jnp.concatenate(pieces)


def summed(dh, dy, u, d, a):
    """Products over the batch as sums of products."""

    def outer(x, y):
        return (x[:, None] * y).sum(-1)

    return outer(dh, u), dh.sum(1), outer(dh, d), (dy * a).sum(1), dy.sum(keepdims=True)


def multiplied(dh, dy, u, d, a):
    """Products over the batch as two products of matrices, with ones for the biases."""
    one = jnp.ones_like(dy)[None]
    hidden = dh @ jnp.concatenate([u, one, d]).T
    output = jnp.concatenate([a, one]) @ dy
    return hidden[:, :N], hidden[:, N], hidden[:, N + 1 :], output[:N], output[N:]


GRADIENT = {
    "autodiff": by_autodiff,
    "sums": functools.partial(by_hand, summed),
    "products": functools.partial(by_hand, multiplied),
}


def step(s, weigh, differentiate, state, batch):
    """A step of training by Adam."""
    p, mean, square, count = state
    d, target = batch
    injected = inject(weigh, p, d)
    u, iterations = solve(s, weigh, p, injected)
    (loss, accuracy), gradient = differentiate(s, weigh, p, u, injected, d, target)
    count = count + 1
    # 1 - beta ** count without its cancellation.
    of_mean, of_square = (-jnp.expm1(count * np.log(beta)) for beta in (s.beta1, s.beta2))
    mean = s.beta1 * mean + (1 - s.beta1) * gradient
    square = s.beta2 * square + (1 - s.beta2) * gradient**2
    p = p - s.learning_rate * (mean / of_mean) / (jnp.sqrt(square / of_square) + s.epsilon)
    return (p, mean, square, count), (loss, accuracy, iterations)


def validate(s, weigh, p, d, target):
    """The scores of the validation points, and iterations."""
    injected = inject(weigh, p, d)
    u, iterations = solve(s, weigh, p, injected)
    return *scores(s, errors(weigh, p, apply(weigh, p, u, injected), target)), iterations


def train(s, weigh, differentiate, training, validation, orders, p):
    """Train for as many epochs as there are orders; the parameters, and the columns of the log."""
    points, target = training
    one_step = functools.partial(step, s, weigh, differentiate)
    whole = len(target) // s.batch_size

    def epoch(state, order):
        d, t = points[:, order], target[order]
        end = whole * s.batch_size
        batches = (
            d[:, :end].reshape(M, whole, s.batch_size).swapaxes(0, 1),
            t[:end].reshape(whole, s.batch_size),
        )
        state, (loss, accuracy, iterations) = lax.scan(one_step, state, batches)
        total, shares = loss.sum() * s.batch_size, accuracy.sum()
        number, count = iterations.sum(), whole
        # The last batch is smaller where the batch size does not divide the points.
        if end < len(target):
            state, (loss, accuracy, iterations) = one_step(state, (d[:, end:], t[end:]))
            total, shares = total + loss * (len(target) - end), shares + accuracy
            number, count = number + iterations, whole + 1
        val_loss, val_accuracy, iterations = validate(s, weigh, state[0], *validation)
        mean = (number + iterations) / (count + 1)
        return state, (total / len(target), val_loss, shares / count, val_accuracy, mean)

    zero = jnp.zeros_like(p)
    state, log = lax.scan(epoch, (p, zero, zero, jnp.float32(0)), orders)
    return state[0], jnp.stack(log)


def compiled(s, forward, gradient, *arguments):
    """The function that trains so, compiled for the arguments."""
    function = functools.partial(train, s, FORWARD[forward], GRADIENT[gradient])
    return jax.jit(function).lower(*arguments).compile()


def timed(function, *arguments):
    """Processor seconds of a call, and what it returns."""
    start = time.process_time()
    found = jax.block_until_ready(function(*arguments))
    return time.process_time() - start, found


def fastest(s, training, validation, orders, p):
    """The fastest way to write it at this batch size."""
    few = orders[:TRIAL]
    seconds = {}
    for way in itertools.product(FORWARD, GRADIENT):
        function = compiled(s, *way, training, validation, few, p)
        seconds[way] = min(timed(function, training, validation, few, p)[0] for _ in range(4))
    return min(seconds, key=seconds.get)


def main():
    """Say when it is compiled, and train and tell seconds at each line."""
    folder = Path(sys.argv[1])
    s = SimpleNamespace(**json.loads((folder / "settings.json").read_text()))
    given = {name: jnp.asarray(each) for name, each in np.load(folder / "data.npz").items()}
    training = given["inputs"].T, given["target"]
    validation = given["val_inputs"].T, given["val_target"]
    arguments = training, validation, given["orders"], given["parameters"]
    way = fastest(s, *arguments)
    function = compiled(s, *way, *arguments)
    _, (p, log) = timed(function, *arguments)
    np.savez(folder / "found.npz", parameters=p, log=log)
    about = {"jax": jax.__version__, "forward": way[0], "gradient": way[1]}
    print(json.dumps(about), flush=True)
    for _ in sys.stdin:
        print(timed(function, *arguments)[0], flush=True)


if __name__ == "__main__":
    main()
