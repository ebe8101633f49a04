import pytest

from mvi_core.cohort.predictors import MODEL_TERMS
from mvi_core.cohort.spec import cohort_ids, load_spec, table_path, unavailable
from mvi_core.errors import CohortError
from mvi_core.names import CohortKind

KNOWN = ("clca-2024", "paper", "phantom", "tcga-lihc")


def fault_of(project, text):
    project("clinic.yaml", text)
    with pytest.raises(CohortError) as caught:
        load_spec("clinic")
    return str(caught.value)


@pytest.mark.parametrize("cohort", KNOWN)
def test_a_known_cohort_says_what_it_is_and_what_it_supports(cohort):
    spec = load_spec(cohort)
    assert spec.id == cohort
    assert spec.kind in tuple(CohortKind)
    assert spec.summary.endswith(".")
    assert "\n" not in spec.summary
    assert spec.citation and spec.licence and spec.notes
    assert set(spec.predictors + spec.multivariable) <= set(MODEL_TERMS)


def test_cohorts_are_listed_by_name():
    assert set(KNOWN) <= set(cohort_ids())
    assert list(cohort_ids()) == sorted(cohort_ids())


def test_only_clca_and_the_paper_cohorts_have_grades_and_clca_has_no_survival():
    grades = {cohort: load_spec(cohort).analyses["mvi_grade"] for cohort in KNOWN}
    assert grades == {"clca-2024": True, "paper": True, "phantom": True, "tcga-lihc": False}
    clca = load_spec("clca-2024")
    assert clca.analyses["survival"] is False
    assert any("No survival analysis" in note for note in clca.notes)


def test_dl_mvi_comes_last_in_the_multivariable_model():
    assert load_spec("paper").multivariable == ("alt_gt_40", "ast_gt_40", "ggt_gt_50", "afp_gt_20", "dl_mvi")
    assert load_spec("phantom").multivariable[-1] == "dl_mvi"


def test_reconstructed_cohorts_need_no_file():
    assert unavailable(load_spec("paper")) is None
    assert unavailable(load_spec("phantom")) is None


@pytest.mark.parametrize("cohort", ["paper2", "../paper", "", "PAPER", "a" * 300, "x\ny"])
def test_an_unknown_cohort_gives_one_sentence_that_lists_the_known_ones(cohort):
    with pytest.raises(CohortError) as caught:
        load_spec(cohort)
    assert "is unknown. The known cohorts are clca-2024, liverhccseg, paper, phantom, tcga-lihc" in str(caught.value)


def test_a_description_cannot_be_changed_after_reading():
    spec = load_spec("paper")
    with pytest.raises(TypeError):
        spec.analyses["survival"] = False


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("licence: none", "licens: none", ["key 'licence' is missing", "did you mean licence?"]),
        ("title: Our clinic", "title: no", ["'title' must be text, got False"]),
        ("id: clinic", "id: other", ["'id' must be the file name, 'clinic'"]),
        ("kind: own", "kind: mine", ["'kind' must be one of reconstructed, phantom, real, own"]),
        ("kind: own", "kind: [own]", ["'kind' must be text"]),
        ("reader: table", "reader: sql", ["'source' must hold `reader:`"]),
        ("survival: false", "survival: 0", ["analyses.survival must be one of true, false, got 0"]),
        ("survival: false", "surviv: false", ["analyses.surviv is unknown; did you mean survival?"]),
        ("dl_mvi: false", "dl_mvi: true", ["analyses.dl_mvi must be one of column, network, false"]),
        ("predictors: [afp_gt_20]", "predictors: [afp_gt_40]", ["predictors: 'afp_gt_40' is unknown; did you mean"]),
        ("predictors: [afp_gt_20]", "predictors: [bclc]", ["'bclc' is refused", "already contains the label"]),
        ("predictors: [afp_gt_20]", "predictors: [sex_female, sex_female]", ["stands twice"]),
        ("predictors: [afp_gt_20]", "predictors: afp_gt_20", ["'predictors' must be a list"]),
        ("title: Our clinic", "title: Our clinic\ntitle: Twice", ["key 'title' stands twice"]),
        ("title: Our clinic", "title: 2015-02-30", ["not readable as plain YAML"]),
        ("title: Our clinic", "title: !!int x", ["not readable as plain YAML"]),
        ("title: Our clinic", "title: [Quux", ["line"]),
        ("title: Our clinic", "title: &a Our clinic\nnotes: [*a]", ["alias at line"]),
        ("title: Our clinic", "title: !!python/object/apply:os.getcwd []", ["not readable as plain YAML"]),
        ("title: Our clinic", "title:\tOur\n\tclinic", ["not readable as plain YAML"]),
        ("title: Our clinic", "title: " + "[" * 5000, ["not readable as plain YAML"]),
        ("title: Our clinic", "? [a, b]\n: 1\ntitle: x", ["not readable as plain YAML"]),
    ],
)
def test_a_faulty_description_is_refused_with_its_place(project, description, old, new, words):
    assert old in description
    message = fault_of(project, description.replace(old, new))
    assert all(word in message for word in words), message


def test_all_faults_of_a_description_are_listed_at_once(project, description):
    text = description.replace("kind: own", "kind: mine").replace("licence: none", "licens: none")
    message = fault_of(project, text)
    assert "in 3 place(s)" in message
    assert "\n3. " in message


@pytest.mark.parametrize("text", ["", "- a\n- b\n", "hello", b"\xff\xfe\x00"])
def test_a_file_without_keys_is_refused(project, text):
    assert "clinic.yaml" in fault_of(project, text)


def test_a_byte_order_mark_is_accepted(project, description):
    project("clinic.yaml", b"\xef\xbb\xbf" + description.encode())
    assert load_spec("clinic").title == "Our clinic"


@pytest.mark.parametrize(
    "path",
    ["../patients.csv", "/etc/passwd", "sub/../../patients.csv", "https://example.org/patients.csv", "''", "link.csv"],
)
def test_a_table_outside_the_folder_of_its_description_is_never_opened(project, description, path, tmp_path):
    (tmp_path / "data_manifest" / "patients.csv").write_text("patient_id,mvi_present\nP1,0\n")
    (tmp_path / "data_manifest" / "cohorts" / "link.csv").symlink_to(tmp_path / "data_manifest" / "patients.csv")
    project("clinic.yaml", description.replace("path: patients.csv", f"path: {path}"))
    spec = load_spec("clinic")
    with pytest.raises(CohortError, match="outside of it"):
        table_path(spec)
    assert "outside of it" in unavailable(spec)


def test_a_missing_table_makes_the_cohort_unavailable_with_a_remedy(project):
    assert "patients.csv is not a file" in unavailable(load_spec("clinic"))
    project("patients.csv", "patient_id,mvi_present\nP1,0\n")
    assert unavailable(load_spec("clinic")) is None


def test_a_folder_or_pipe_is_no_table(project, tmp_path):
    (tmp_path / "data_manifest" / "cohorts" / "patients.csv").mkdir()
    with pytest.raises(CohortError, match="not a file"):
        table_path(load_spec("clinic"))
