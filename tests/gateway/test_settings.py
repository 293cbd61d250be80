"""What a key opens."""

from __future__ import annotations

import pytest

from gateway.config import load
from gateway.config.schema import Key
from gateway.errors import ApiError
from gateway.settings import Settings

KEY = Key(id="k", hash="sha256:" + "0" * 64, models=("default", "demo/*"))


@pytest.fixture
def settings(tmp_path) -> Settings:
    file = tmp_path / "gateway.yaml"
    file.write_text("backends: {demo: {kind: script}, more: {kind: echo}}", "utf-8")
    return Settings(load(str(file), {}))


@pytest.mark.parametrize("model", ["default", "demo/one", "demo/two"])
def test_a_key_opens_the_models_it_names_and_all_of_a_backend_by_a_star(settings, model):
    settings.check_model(model, KEY)


@pytest.mark.parametrize("model", ["more", "more/one", "demo", "demox/one", "nothing"])
def test_what_it_does_not_name_stays_shut(settings, model):
    with pytest.raises(ApiError) as caught:
        settings.check_model(model, KEY)

    assert "default" in caught.value.detail
