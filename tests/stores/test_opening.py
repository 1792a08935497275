"""Stores by their URL."""

import os

import pytest

from flowkit.errors import PolicyError, StoreError
from flowkit.stores import open_store


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_relative_path_has_three_slashes(here):
    open_store("sqlite:///runs.db").close()
    assert (here / "runs.db").is_file()


def test_an_absolute_path_has_four(here):
    store = open_store(f"sqlite:///{here}/runs.db")
    assert store.url == f"sqlite:///{here}/runs.db"
    assert (here / "runs.db").is_file()
    store.close()


@pytest.mark.parametrize(
    "name", ["with space.db", "100%.db", "a?b.db", "a#b.db", "é🏃.db", "%20.db", "a&b=c.db", "a\nb.db"]
)
def test_its_url_opens_a_store_again(here, name):
    from flowkit.stores.sqlite import SqliteStore

    store = SqliteStore(here / name)
    store.renew("me", 1000)
    store.retire("me")
    store.close()
    assert store.url.isprintable()
    again = open_store(store.url)
    assert again.url == store.url
    assert again.path == os.path.realpath(here / name)
    again.close()
    assert [file.name for file in here.iterdir()] == [name]


@pytest.mark.parametrize(
    ("url", "level"),
    [
        ("sqlite:///r.db", 2),
        ("SQLite:///r.db", 2),
        ("sqlite:///r.db?synchronous=full", 2),
        ("sqlite:///r.db?synchronous=normal", 1),
    ],
)
def test_what_a_power_cut_may_cost_is_an_option(url, level):
    store = open_store(url)
    assert store._connections._writer.pragma("synchronous") == level
    store.close()


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("runs.db", 'isn\'t a URL; write "sqlite:///runs.db"'),
        ("", "isn't a URL"),
        (None, "isn't a URL"),
        ("sqlit:///runs.db", "did you mean `sqlite`?"),
        ("sqlite3:///runs.db", "did you mean `sqlite`?"),
        ("mysql://host/db", "there is no store called `mysql`; write"),
        ("sqlite://runs.db", 'did you mean "sqlite:///runs.db"?'),
        ("sqlite:runs.db", 'did you mean "sqlite:///runs.db"?'),
        ("sqlite://", "has a file, not a host"),
        ("sqlite:///", "names no file"),
        ("sqlite:///?synchronous=full", "names no file"),
        ("sqlite:///:memory:", "leave the store out for runs that live in memory"),
        ("sqlite:///runs.db?synchronos=full", "there is no option `synchronos`; did you mean `synchronous`?"),
        ("sqlite:///runs.db?mode=ro", "there is no option `mode`; there is synchronous"),
        ("sqlite:///runs.db?synchronous=off", "write synchronous= once, with full or normal"),
        ("sqlite:///runs.db?synchronous=", "write synchronous= once"),
        ("sqlite:///runs.db?synchronous=full&synchronous=normal", "write synchronous= once"),
        ("sqlite:///a%00b.db", "names no file"),
    ],
)
def test_a_url_that_means_nothing_is_refused_with_the_way_out(here, url, says):
    with pytest.raises(PolicyError) as refused:
        open_store(url)
    assert says in str(refused.value)
    assert not list(here.iterdir())


@pytest.mark.parametrize(
    "url", ["postgres://me:hunter2@host/db", "sqlite://me:hunter2@host/runs.db", "sqlite://me:hunter2@h/r.db?mode=x"]
)
def test_a_password_is_not_repeated(url):
    with pytest.raises(PolicyError) as refused:
        open_store(url)
    assert "hunter2" not in str(refused.value)


def test_a_missing_folder_is_not_made():
    with pytest.raises(StoreError, match=r"the folder .*nowhere isn't there; make it first"):
        open_store("sqlite:///nowhere/runs.db")
