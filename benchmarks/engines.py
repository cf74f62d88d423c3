"""The fused engine against the others, processor seconds per run; the runs take turns.

    taskset -c 0 .venv/bin/python benchmarks/engines.py [--against reference tensors dataloader]
        [--batch-sizes 2400 32] [--epochs 3000] [--repeats 3] [--record]

reference   the reference engine
tensors     a plain PyTorch loop: nn.Module, autograd, optim.Adam, batches sliced from tensors
dataloader  the report's program: the same with DataLoader, from the report's stream

All but the last train the same run of the study `seeds` (seed 0) from the same parameters with the
same orders of samples. Seconds are those of the processor, so that what runs beside counts little,
over the whole run, validation included; ratios are of the medians.
"""

import dataclasses
import functools
import time

import common


def engine(name, batch_size, epochs):
    """Seconds of an engine, once compiled."""
    from jfb.engines.interface import open_engine
    from jfb.streams.interface import open_stream

    run, data = common.seed_run(batch_size, epochs)
    run = dataclasses.replace(run, engine=name)
    train = open_engine(run)
    one = dataclasses.replace(run, epochs=1)
    train(one, open_stream(one), *data, lambda row: None)
    start = time.process_time()
    train(run, open_stream(run), *data, lambda row: None)
    return time.process_time() - start


def tensors(batch_size, epochs):
    """Seconds of the plain loop on sliced tensors."""
    import torch

    import plain
    from jfb.streams.interface import open_stream

    torch.set_num_threads(1)
    # Elsewhere: here PyTorch is to compute as it does by default, which is a little faster.
    run, (training, validation) = common.alone(common.seed_run, batch_size, epochs)
    stream = open_stream(run)
    net = plain.Net()
    start_vector = torch.from_numpy(stream.initial_parameters())
    torch.nn.utils.vector_to_parameters(start_vector, net.parameters())
    optimiser = torch.optim.Adam(net.parameters(), lr=run.optimiser.learning_rate)
    mean_squared_error = torch.nn.functional.mse_loss
    inputs, target = torch.from_numpy(training.inputs), torch.from_numpy(training.target)[:, None]
    others = torch.from_numpy(validation.inputs), torch.from_numpy(validation.target)[:, None]
    start = time.process_time()
    for _ in range(epochs):
        order = torch.from_numpy(stream.orders(1)[0])
        batches = zip(inputs[order].split(batch_size), target[order].split(batch_size), strict=True)
        total, accuracies = 0.0, []
        for d, t in batches:
            prediction = net(d)
            loss = mean_squared_error(prediction, t)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            total += loss.item() * len(d)
            accuracies.append(plain.accuracy(prediction, t))
        with torch.no_grad():
            prediction = net(others[0])
            mean_squared_error(prediction, others[1]).item()
            plain.accuracy(prediction, others[1])
    return time.process_time() - start


def dataloader(batch_size, epochs):
    """Seconds of the report's program."""
    import torch

    import plain

    torch.set_num_threads(1)
    start = time.process_time()
    plain.train(batch_size, epochs)
    return time.process_time() - start


OTHERS = {
    "reference": functools.partial(engine, "reference"),
    "tensors": tensors,
    "dataloader": dataloader,
}


def main():
    """Compare, a line per batch size and contender."""
    parser = common.parser(repeats=3)
    parser.add_argument("--against", nargs="+", choices=OTHERS, default=["reference"])
    options = common.parse(parser)
    load, rows = common.load(), []
    print("batch size  against     seconds  fused (s)  ratio", flush=True)
    for size in options.batch_sizes:
        functions = {"fused": functools.partial(engine, "fused")} | {
            name: OTHERS[name] for name in options.against
        }
        contenders = {
            name: functools.partial(common.alone, function, size, options.epochs)
            for name, function in functions.items()
        }
        seconds = common.medians(contenders, options.repeats)
        for name in options.against:
            print(
                f"{size:10}  {name:10}  {seconds[name]:7.2f}  {seconds['fused']:9.3f}  "
                f"{seconds[name] / seconds['fused']:4.0f}x",
                flush=True,
            )
            row = {"batch_size": size, "against": name}
            rows.append(row | {"seconds": seconds[name], "fused_seconds": seconds["fused"]})
    if options.record:
        common.record("engines", load, rows, epochs=options.epochs, repeats=options.repeats)


if __name__ == "__main__":
    main()
