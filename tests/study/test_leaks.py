"""A patient's identity is found in every kind of output, however wrapped, and never repeated in the message."""

import base64
import gzip
import io
import json
import shutil
import zipfile
import zlib

import docx
import nbformat
import numpy as np
import pandas as pd
import pytest
from matplotlib import pyplot as plt
from safetensors.numpy import save_file

from mvi_core.cohort.spec import load_spec
from mvi_core.dataset.identity import identifying_values, words
from mvi_core.errors import MviError
from mvi_core.report.leaks import refuse_leaks
from tests.scanned import PERSON, make_scanned

NAME, HOSPITAL, NUMBER = PERSON["PatientName"], PERSON["InstitutionName"], "HN-4724"


@pytest.fixture(scope="module")
def ward(tmp_path_factory):
    """Three patients with identifying headers, and their cohort's identifier."""
    folder = tmp_path_factory.mktemp("cohorts")
    make_scanned(folder / "ward", 3, matrix=32)
    return folder


@pytest.fixture
def outputs(ward, tmp_path, monkeypatch):
    monkeypatch.setenv("MVI_COHORTS", str(ward))
    site = tmp_path / "html"
    site.mkdir()
    (site / "index.html").write_text("<p>Ada Lovelace, HN-47, 2015 and 4724 patients; ascites, Cox, Firth</p>")
    return site


def png(path, **texts):
    figure = plt.figure(figsize=(1, 1))
    figure.savefig(path, metadata=texts)
    plt.close(figure)


def chunk(name, content):
    return len(content).to_bytes(4, "big") + name + content + zlib.crc32(name + content).to_bytes(4, "big")


def with_chunk(path, name, content):
    png(path)
    raw = path.read_bytes()
    path.write_bytes(raw[:33] + chunk(name, content) + raw[33:])


def notebook(path, text):
    cell = nbformat.v4.new_code_cell(outputs=[nbformat.v4.new_output("stream", text=text)])
    nbformat.write(nbformat.v4.new_notebook(cells=[cell]), path)


def notebook_image(path, text):
    png(path.with_suffix(".png"), Comment=text)
    data = {"image/png": base64.b64encode(path.with_suffix(".png").read_bytes()).decode()}
    path.with_suffix(".png").unlink()
    cell = nbformat.v4.new_code_cell(outputs=[nbformat.v4.new_output("display_data", data)])
    nbformat.write(nbformat.v4.new_notebook(cells=[cell]), path)


def word_file(path, text):
    document = docx.Document()
    document.add_paragraph(text)
    document.save(path)


def in_zip(path, text):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.csv", text)


def nested(path, text):
    inner = io.BytesIO()
    in_zip(inner, text)
    path.write_text(f"<img src='data:x;base64,{base64.b64encode(gzip.compress(inner.getvalue())).decode()}'>")


PLANTED = {
    "page.html": lambda path: path.write_text(f"<td>{NAME}</td>"),
    "entity.html": lambda path: path.write_text(f"<td>{HOSPITAL.replace('Z', '&#90;')}</td>"),
    "percent.html": lambda path: path.write_text(f"<a href='?q={HOSPITAL.replace(' ', '%20')}'>"),
    "turned.html": lambda path: path.write_text("seen by Ada Quillfeather"),
    "date.html": lambda path: path.write_text("born 17.05.1943"),
    "run.ipynb": lambda path: notebook(path, f"reading {NUMBER}"),
    "figure.ipynb": lambda path: notebook_image(path, HOSPITAL),
    "text.png": lambda path: png(path, Comment=NUMBER),
    "ztxt.png": lambda path: with_chunk(path, b"zTXt", b"Comment\0\0" + zlib.compress(NAME.encode())),
    "itxt.png": lambda path: with_chunk(path, b"iTXt", b"Comment\0\1\0en\0\0" + zlib.compress(NAME.encode())),
    "figure.svg": lambda path: path.write_text(f"<svg><title>{NUMBER}</title></svg>"),
    "table.docx": lambda path: word_file(path, HOSPITAL),
    "table.tex": lambda path: path.write_text("Zephyr\\ Infirmary"),
    "rows.zip": lambda path: in_zip(path, f"a,{NUMBER}\n"),
    "nested.html": lambda path: nested(path, NAME),
    "log.gz": lambda path: path.write_bytes(gzip.compress(NAME.encode())),
    "arrays.npz": lambda path: np.savez(path, names=np.array([NUMBER])),
    "model.safetensors": lambda path: save_file({"a": np.zeros(2)}, path, metadata={"patients": NUMBER}),
    "record.json": lambda path: path.write_text(json.dumps({"a": "\u017b\u00e9", "b": NAME})),
    "escaped.json": lambda path: path.write_text('{"a": "Quillf\\u0065ather"}'),
    "rows.csv": lambda path: pd.DataFrame({"x": [NUMBER.lower()]}).to_csv(path),
    "utf16.txt": lambda path: path.write_bytes(NAME.encode("utf-16-le")),
    "accession.txt": lambda path: path.write_text(f"x/{PERSON['AccessionNumber']}/y"),
    f"{NUMBER}.png": lambda path: png(path),
    "ward/patients.csv": lambda path: path.write_text("patient_id,x\n0042,1\n"),
    "ward/slice.bin": lambda path: path.write_bytes(bytes(128) + b"DICM"),
}  # fmt: skip


@pytest.mark.parametrize("name", PLANTED)
def test_a_planted_identity_is_found_and_not_repeated(outputs, name):
    path = outputs / name
    path.parent.mkdir(exist_ok=True)
    PLANTED[name](path)
    with pytest.raises(MviError, match="would give a patient's identity away") as told:
        refuse_leaks(["ward"], [outputs])
    said = str(told.value)
    assert "Quillfeather" not in said and "Zephyr" not in said and "ACC77" not in said
    assert (NUMBER in said) == (NUMBER in name)


def test_outputs_without_an_identity_pass_and_every_file_is_searched(outputs):
    (outputs / "ward").mkdir()
    (outputs / "ward/patients.csv").write_text("patient_id,x\nP3f48b720a8,1\n")
    assert refuse_leaks(["ward", "paper"], [outputs]) == 2
    assert refuse_leaks(["paper"], [outputs]) == 0


def test_the_digits_of_a_measured_number_are_nobodys(ward, outputs, tmp_path, monkeypatch):
    shutil.copytree(ward / "ward", tmp_path / "cohorts/ward")
    monkeypatch.setenv("MVI_COHORTS", str(tmp_path / "cohorts"))
    table = tmp_path / "cohorts/ward/patients.csv"
    table.write_text(table.read_text().replace(NUMBER, "000069"))
    (outputs / "scores.csv").write_text("risk\n0.000069\n")
    assert refuse_leaks(["ward"], [outputs]) == 2
    (outputs / "scores.csv").write_text("id,risk\n000069,0.5\n")
    with pytest.raises(MviError, match="patient_id of the table"):
        refuse_leaks(["ward"], [outputs])


def test_a_name_that_is_a_word_of_the_theme_is_found_only_as_a_whole_name(outputs, tmp_path):
    (tmp_path / "_static").mkdir()
    (tmp_path / "_static/theme.css").write_text("a.quillfeather { color: white }")
    (outputs / "word.html").write_text("a quillfeather")
    assert refuse_leaks(["ward"], [outputs, tmp_path / "_static"], foreign=[tmp_path / "_static"]) == 2
    (outputs / "word.html").write_text("ada quillfeather")
    with pytest.raises(MviError, match="PatientName"):
        refuse_leaks(["ward"], [outputs], foreign=[tmp_path / "_static"])


def test_what_identifies_is_read_again_from_table_and_headers(ward, monkeypatch):
    monkeypatch.setenv("MVI_COHORTS", str(ward))
    values, n_unsearched = identifying_values(load_spec("ward"))
    for value, keyword in (*((text, key) for key, text in PERSON.items()), (NUMBER, "patient_id of the table")):
        assert values[tuple(words(value))] == keyword
    assert "SOPInstanceUID" in values.values() and "PatientBirthDate" in values.values()
    assert n_unsearched > 0
    assert not {("phantom",), ("m0",)} & values.keys()
