"""What the tests of faults compare with."""

import pytest

from conftest import Workspace, made_once


@pytest.fixture(scope="session")
def undisturbed(tmp_path_factory):
    """The folder of a workflow in which nothing failed; not to be changed."""
    return made_once(
        tmp_path_factory, "undisturbed", lambda path: Workspace(path).snakemake("small", "other")
    )
