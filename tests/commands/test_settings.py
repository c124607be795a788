"""Layers, origins and helpful errors of the configuration."""

from __future__ import annotations

from pathlib import Path

import pytest

from envfactory.commands.config import as_toml
from envfactory.errors import UsageError
from envfactory.settings import Settings, keys, load, meanings


def test_the_later_layer_wins_and_origins_are_told(tmp_path: Path) -> None:
    (tmp_path / "envfactory.toml").write_text(
        "runs = 4\nbuild_timeout = 60\n[limits]\ncpus = 1\npids = 100\n"
    )
    environ = {"ENVFACTORY_RUNS": "5", "ENVFACTORY_LIMITS__CPUS": "3", "OTHER": "1"}
    loaded = load({"jobs": 7, "workspace": None}, directory=tmp_path, environ=environ)
    assert (loaded.settings.runs, loaded.settings.jobs, loaded.settings.build_timeout) == (5, 7, 60)
    assert (loaded.settings.limits.cpus, loaded.settings.limits.pids) == (3, 100)
    file = str(tmp_path / "envfactory.toml")
    wanted = {"runs": "ENVFACTORY_RUNS", "jobs": "command line", "build_timeout": file, "limits.pids": file}
    wanted |= {"limits.cpus": "ENVFACTORY_LIMITS__CPUS", "offline": "default"}
    assert {key: loaded.origins[key] for key in wanted} == wanted
    assert set(loaded.origins) == set(keys())


def test_pyproject_counts_when_there_is_no_file_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("[project]\nname = 'x'\n[tool.envfactory]\nruns = 9\n")
    assert load(directory=tmp_path, environ={}).settings.runs == 9
    (tmp_path / "envfactory.toml").write_text("")
    assert load(directory=tmp_path, environ={}).settings.runs == 3


def test_a_named_file_replaces_the_usual_ones(tmp_path: Path) -> None:
    (tmp_path / "envfactory.toml").write_text("runs = 4")
    other = tmp_path / "other.toml"
    other.write_text("jobs = 2")
    loaded = load(config=other, directory=tmp_path, environ={})
    assert (loaded.settings.runs, loaded.settings.jobs) == (3, 2)


@pytest.mark.parametrize(
    ("text", "key", "nearest"),
    [
        ("run = 3", "'run'", "'runs'"),
        ("[limits]\nmemory = 3", "'limits.memory'", "'limits.memory_mb'"),
        ("memory_mb = 3", "'memory_mb'", "'limits.memory_mb'"),
        ("[limit]\ncpus = 3", "'limit.cpus'", "'limits.cpus'"),
        ("qqqq = 3", "'qqqq'", "config show"),
    ],
)
def test_did_you_mean(tmp_path: Path, text: str, key: str, nearest: str) -> None:
    (tmp_path / "envfactory.toml").write_text(text)
    with pytest.raises(UsageError) as caught:
        load(directory=tmp_path, environ={})
    assert str(tmp_path / "envfactory.toml") in str(caught.value)
    assert key in str(caught.value)
    assert nearest in caught.value.hint


def test_did_you_mean_for_variables(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="ENVFACTORY_JOB:") as caught:
        load(directory=tmp_path, environ={"ENVFACTORY_JOB": "3"})
    assert "'jobs'" in caught.value.hint


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("runs = 'many'", "runs = 'many'"),
        ("runs = 0", "greater than or equal to 1"),
        ("limits = 3", "limits = 3"),
        ("[limits]\ncpus = 'x'", r"limits\.cpus = 'x'"),
        ("sources = 'a'", "sources = 'a'"),
        ("runs = ", "not valid TOML"),
    ],
)
def test_wrong_values_name_their_place(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "envfactory.toml").write_text(text)
    with pytest.raises(UsageError, match=message) as caught:
        load(directory=tmp_path, environ={})
    assert "envfactory.toml" in str(caught.value)


def test_missing_file(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="No such file"):
        load(config=tmp_path / "none.toml", environ={})


def test_bad_list_in_the_environment(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        load(directory=tmp_path, environ={"ENVFACTORY_SOURCES": "a b"})
    assert "JSON" in caught.value.hint
    environ = {"ENVFACTORY_SOURCES": '["a", "b"]'}
    assert load(directory=tmp_path, environ=environ).settings.sources == ("a", "b")


def test_workers() -> None:
    assert Settings(jobs=5).workers == 5
    assert Settings().workers >= 1
    assert Settings.model_validate({"limits": {"memory_mb": 1 << 40}}).workers == 1


def test_constructing_settings_reads_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ENVFACTORY_RUNS", "77")
    assert Settings().runs == 3


def test_every_setting_has_a_meaning() -> None:
    assert all(meanings().values())


def test_what_is_shown_can_be_read_again(tmp_path: Path) -> None:
    loaded = load({"jobs": 3}, directory=tmp_path, environ={"ENVFACTORY_SOURCES": '["a \\" # b"]'})
    (tmp_path / "envfactory.toml").write_text(as_toml(loaded))
    assert load(directory=tmp_path, environ={}).settings == loaded.settings


MODEL = {
    "model": "m",
    "model_url": "http://localhost:1/v1",
    "model_input_price_usd": 0,
    "model_output_price_usd": 0,
}


def test_a_model_needs_address_and_prices() -> None:
    assert load(MODEL, environ={}).settings.model == "m"
    for name in MODEL:
        if name != "model":
            with pytest.raises(UsageError, match=name):
                load({key: value for key, value in MODEL.items() if key != name}, environ={})


@pytest.mark.parametrize("url", ["ftp://x/v1", "localhost:8000", "https://user:secret@host/v1"])
def test_addresses_that_are_none_or_hold_a_password(url: str) -> None:
    with pytest.raises(UsageError, match="model_url") as caught:
        load(MODEL | {"model_url": url}, environ={})
    assert "secret" not in str(caught.value)


def test_a_model_for_statements_alone() -> None:
    chosen = load(MODEL | {"model_tries": 0, "model_statements": "both"}, environ={}).settings
    assert (chosen.model_tries, chosen.model_statements) == (0, "both")
    assert load(MODEL, environ={}).settings.model_statements == "off"
    with pytest.raises(UsageError, match="needs a model"):
        load({"model_statements": "judge"}, environ={})


def test_the_key_of_the_model_is_no_setting(tmp_path: Path) -> None:
    environ = {"ENVFACTORY_MODEL_API_KEY": "sk-secret", "OPENAI_API_KEY": "sk-other"}
    loaded = load(MODEL, directory=tmp_path, environ=environ)
    assert "sk-" not in as_toml(loaded) + repr(loaded)
    with pytest.raises(UsageError, match="ENVFACTORY_MODEL_KEY"):
        load(directory=tmp_path, environ={"ENVFACTORY_MODEL_KEY": "x"})
    (tmp_path / "envfactory.toml").write_text("model_api_key = 'sk-secret'")
    with pytest.raises(UsageError) as caught:
        load(directory=tmp_path, environ={})
    assert "sk-" not in str(caught.value)
