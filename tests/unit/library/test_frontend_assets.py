"""The assets of a frontend image, published and pruned by the module."""

from __future__ import annotations

import io
import shutil
import tarfile

import docker
import frontend_assets
import pytest
from manual import results_in_manual, returned

IMAGE, FOLDER = "web:v1", "/srv/www/assets"


def stream(*names: str) -> list[bytes]:
    """Return what the engine sends for a folder with these files."""
    spool = io.BytesIO()
    with tarfile.open(fileobj=spool, mode="w") as tar:
        for name in names:
            tar.addfile(tarfile.TarInfo(f"assets/{name}"))
    return [spool.getvalue()]


@pytest.fixture
def assets(run_module, engine, tmp_path):
    """Call the module for release v1, whose image has two assets."""
    engine.images.add(IMAGE)
    engine.folders[IMAGE, FOLDER] = stream("a.js", "b.js")
    (tmp_path / "v1").mkdir()

    def call(check_mode: bool = False, **options) -> dict:
        release = {"release_dir": str(tmp_path / "v1"), "image": IMAGE, "image_path": FOLDER}
        asked = {"shared_dir": str(tmp_path / "shared")} | ({} if "state" in options else release) | options
        return run_module(frontend_assets, asked, check_mode)

    return call


def test_assets_are_published_once(assets, engine, tmp_path):
    first, second = assets(), assets()
    assert (first["changed"], first["files"]) == (True, ["a.js", "b.js"])
    assert (second["changed"], second["files"]) == (False, [])
    assert (tmp_path / "shared/a.js").samefile(tmp_path / "v1/assets/a.js")
    assert (engine.created, engine.scratch) == ([IMAGE], set())
    assert returned(first) == results_in_manual(frontend_assets)


def test_run_that_was_cut_short_is_completed(assets, tmp_path):
    assets()
    (tmp_path / "shared/a.js").unlink()
    assert assets()["files"] == ["a.js"]


@pytest.mark.parametrize("published", [False, True])
def test_check_mode_writes_nothing(assets, engine, tmp_path, published):
    if published:
        (tmp_path / "v1/assets").mkdir()
    assert assets(check_mode=True)["changed"] is not published
    assert engine.created == []
    assert not (tmp_path / "shared").exists()


def test_pruning_takes_what_no_release_holds(assets, tmp_path):
    assets()
    assert assets(state="pruned")["changed"] is False
    shutil.rmtree(tmp_path / "v1")
    assert assets(state="pruned", check_mode=True)["files"] == []
    result = assets(state="pruned")
    assert (result["changed"], result["files"]) == (True, ["a.js", "b.js"])
    assert list((tmp_path / "shared").iterdir()) == []


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        (
            {"image_path": "/nowhere"},
            "image web:v1 has no folder /nowhere; set the path of the built assets.",
        ),
        ({"image": "web:v9"}, "No such image"),
    ],
)
def test_what_cannot_be_published_fails(assets, engine, tmp_path, options, problem):
    result = assets(**options)
    assert problem in result["msg"]
    assert (engine.scratch, list((tmp_path / "v1").iterdir())) == (set(), [])


def test_release_must_be_named_to_be_published(run_module, tmp_path):
    result = run_module(frontend_assets, {"shared_dir": str(tmp_path)})
    assert "all of the following are missing: release_dir, image, image_path" in result["msg"]


def test_asset_that_leads_outside_fails_and_leaves_no_container(assets, engine, tmp_path):
    engine.folders[IMAGE, FOLDER] = stream("a.js", "../../evil")
    assert "lies outside" in assets()["msg"]
    assert (engine.scratch, list((tmp_path / "v1").iterdir())) == (set(), [])


def test_engine_that_is_down_fails(assets, monkeypatch):
    def down() -> None:
        raise docker.errors.DockerException("connection refused")

    monkeypatch.setattr(docker, "from_env", down)
    assert assets()["msg"] == "connection refused"
