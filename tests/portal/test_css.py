"""The stylesheet is built by a program from a wheel, into the data folder."""

import pytest
from django.conf import settings

from portal import css


def test_the_stylesheet_is_built_into_the_data_folder(tmp_path):
    built = css.build(settings.BASE_DIR, tmp_path)
    assert built == tmp_path / "static" / "app.css"
    assert ":root" in built.read_text()


def test_a_fault_in_the_source_is_told(tmp_path):
    source = tmp_path / "static" / "css" / "app.css"
    source.parent.mkdir(parents=True)
    source.write_text('@import "./missing.css";')
    with pytest.raises(RuntimeError, match=r"missing\.css"):
        css.build(tmp_path, tmp_path)
