"""How much of a plan is done, and when the rest is: with jobs whose seconds are made up."""

import os

import pytest

from jfb.scheduler.work import OTHER, Job, Running, Work


def training(study="small", runs=1, epochs=3000, **rest):
    return Job(rule="train", study=study, runs=runs, epochs=epochs, **rest)


def other(**rest):
    return Job(rule="draw", **rest)


def since(now, log=None, started=900.0):
    return Running("Figure", log, now, started)


def carried_out(jobs, cores, seconds):
    """Carries out jobs in their order on some cores; the estimates as it goes, and the end.

    `seconds` says how long a job takes. The estimates are pairs of a time and what is left then.
    """
    work, now, estimates = Work(dict(enumerate(jobs)), 0.0), 0.0, []
    waiting, running = list(enumerate(jobs)), {}
    while waiting or running:
        while waiting and len(running) < cores:
            number, job = waiting.pop(0)
            work.start(number, since(now))
            running[number] = now + seconds(job)
        number = min(running, key=running.get)
        now = running.pop(number)
        work.end(number, now)
        estimates.append((now, work.measure(now)[1]))
    return estimates, now


@pytest.mark.parametrize("cores", [1, 2, 7])
def test_jobs_of_one_kind_end_when_it_says(cores):
    estimates, end = carried_out([training()] * 70, cores, lambda job: 8.0)
    told = [(now, left) for now, left in estimates if left is not None]
    assert len(told) > 50
    # Where cores start together, those that run are half of what is being done.
    for now, left in told:
        assert now + left == pytest.approx(end, rel=0.15)


def test_jobs_of_other_lengths_are_foreseen_by_their_epochs():
    """By the number of jobs it would say half after a tenth."""
    short, long = [training(epochs=10_000)] * 30, [training(epochs=200_000)] * 30
    estimates, end = carried_out([*short, *long], 1, lambda job: 2 + 3e-4 * job.epochs)
    now, left = estimates[29]
    assert now < end / 9
    assert now + left == pytest.approx(end, rel=0.15)


def test_a_kind_of_which_none_has_ended_takes_as_long_as_others_of_its_rule():
    jobs = {0: training("one"), 1: training("two"), 2: other()}
    work = Work(jobs, 0.0)
    work.start(0, since(0.0))
    work.end(0, 100.0)
    _, left = work.measure(100.0)
    assert left == pytest.approx(100.0 + OTHER)


def test_a_job_on_several_cores_is_as_much_work():
    work = Work({0: other(), 1: other(cores=4), 2: training(), 3: training()}, 0.0)
    share, _ = work.measure(0.0)
    assert share == 0
    work.start(0, since(0.0))
    work.end(0, 10.0)
    # 10 core seconds in 10 s, and four times as many are left besides training.
    assert work.measure(10.0)[1] == pytest.approx(40 + 2 * 1.45)
    work.start(1, since(10.0))
    work.end(1, 20.0)
    # 50 core seconds in 20 s, and twice 1 s and 3,000 epochs are left.
    _, left = work.measure(20.0)
    assert left == pytest.approx(2 * 1.45 * 20 / 50)


@pytest.fixture
def log(tmp_path):
    """A log, and a function that has a job write lines there at a time."""
    path = tmp_path / "job.log"

    def write(*lines, at=1000.0):
        path.write_text("".join(f"{line}\n" for line in lines))
        os.utime(path, (at, at))

    write.path = path
    return write


def test_the_log_of_a_job_that_runs_tells_how_long_it_takes(log):
    jobs = {0: training("one", runs=40, epochs=40 * 3000), 1: training("one")}
    work = Work(jobs, 0.0)
    work.start(0, since(0.0, log.path))
    assert work.measure(20.0)[1] is None
    log("2026-01-01 10:00:00,000  40 seeds", "2026-01-01 10:00:05,000  run 10/40  15 s left")
    share, left = work.measure(20.0)
    # A quarter in 20 s; the second job has 1.45 of the 19 s that the first was expected to take.
    assert left == pytest.approx(60 + 80 * 1.45 / 19)
    assert share == pytest.approx(20 / (20 + left))
    assert work.doing() == "training one 10/41 runs"


@pytest.mark.parametrize("line", ["epoch 27/3000  loss 1  9 s left", "40/40 seeds", ""])
def test_a_log_that_tells_too_little_is_left_aside(line, log):
    """Below a twentieth, what starting takes is most of it."""
    work = Work({0: training(), 1: training()}, 0.0)
    work.start(0, since(0.0, log.path))
    log(line)
    assert work.measure(20.0)[1] is None


def test_the_log_of_an_earlier_try_is_left_aside(log):
    work = Work({0: training(runs=4)}, 0.0)
    log("run 3/4  1 s left", at=899.0)
    work.start(0, since(0.0, log.path))
    assert work.doing() == "training small 0/4 runs"


def test_nothing_is_said_early():
    work = Work({0: other(), 1: other()}, 0.0)
    work.start(0, since(0.0))
    work.end(0, 0.1)
    assert work.measure(9.0)[1] is None
    assert work.measure(11.0)[1] is not None


def test_a_job_that_fails_and_is_tried_again_is_counted_once():
    work = Work({0: training(), 1: training()}, 0.0)
    for _ in range(2):
        work.start(0, since(0.0))
        work.fail(0, 0.0)
    assert (work.ended, work.failed, work.total) == (0, {0}, 2)
    work.start(0, since(50.0))
    assert not work.failed
    work.end(0, 60.0)
    assert (work.ended, work.failed) == (1, set())
    work.start(1, since(60.0))
    work.end(1, 70.0)
    assert work.measure(70.0) == (1.0, 0.0)


def test_a_job_that_has_failed_is_no_more_to_be_done():
    """Its seconds went by all the same: 60 of one core, and ten are left."""
    work = Work({number: training() for number in range(3)}, 0.0)
    work.start(0, since(0.0))
    work.fail(0, 50.0)
    work.start(1, since(50.0))
    work.end(1, 60.0)
    assert work.measure(60.0) == (pytest.approx(6 / 7), pytest.approx(10.0))


def test_jobs_that_are_not_in_the_plan_are_none_of_it():
    work = Work({0: training()}, 0.0)
    work.start(7, since(0.0))
    work.end(7, 1.0)
    work.end(0, 1.0)
    work.fail(8, 1.0)
    assert (work.ended, work.failed) == (0, set())


def test_what_is_being_done_is_the_training_before_the_rest():
    work = Work({0: other(), 1: training("long", epochs=9000), 2: training("short")}, 0.0)
    assert work.doing() == ""
    work.start(0, since(0.0))
    assert work.doing() == "Figure"
    work.start(2, since(1.0))
    assert work.doing() == "training short 0/1 runs"
    work.start(1, since(2.0))
    assert work.doing() == "training long 0/1 runs"
