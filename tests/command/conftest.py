"""Stores of a region for the operator's commands."""

import shutil

import pytest

from tests.command.stores import Stores, made


@pytest.fixture(scope="session")
def empty_stores(tmp_path_factory):
    """Made once, to be copied."""
    return made(tmp_path_factory.mktemp("stores"))


@pytest.fixture
def stores(empty_stores, tmp_path, monkeypatch):
    """Four stores with tables and nothing in them, in ``stores.folder``."""
    monkeypatch.chdir(tmp_path)
    shutil.copytree(empty_stores, tmp_path / "data")
    (tmp_path / "data").chmod(0o700)
    found = Stores(tmp_path / "data")
    yield found
    found.close()
