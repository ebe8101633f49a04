"""A model card names its file by hash and its metrics as the results have them."""

from pathlib import Path

import pytest
import yaml

from mvi_core.manifest import sha256
from mvi_core.report.model_card import CARD, WEIGHTS, network_card, nomogram_card, write_cards
from mvi_core.results import read_result, result_path

ROOT = Path(__file__).parents[2]
SECTIONS = [  # Mitchell et al. 2019, figure 1
    "Model details", "Intended use", "Factors", "Metrics", "Evaluation data", "Training data",
    "Quantitative analyses", "Ethical considerations", "Caveats and recommendations",
]  # fmt: skip


def test_both_cards_have_the_nine_sections_in_their_order():
    cards = yaml.safe_load((ROOT / "data_manifest/checklists/model_cards.yaml").read_text())
    assert [[section for section, _ in cards[model]] for model in ("network", "nomogram")] == [SECTIONS, SECTIONS]
    assert all("esearch only" in dict(map(tuple, cards[model]))["Intended use"] for model in cards)


def test_no_card_is_written_where_no_network_was_trained(project):
    assert write_cards() == []


@pytest.fixture
def trained(project):
    """Results of a training, in numbers that can be found again."""
    import shutil

    import pandas as pd

    from mvi_core.results import atomic_write, write_result

    for name in ("phantom", "paper"):
        shutil.copy(ROOT / f"data_manifest/cohorts/{name}.yaml", project / "data_manifest/cohorts")
    shutil.copytree(ROOT / "data_manifest/checklists", project / "data_manifest/checklists")
    settings = project / "config/study.yaml"
    settings.write_text(settings.read_text().replace("[ward, clinic]", "[phantom]"))
    metrics = pd.DataFrame(
        {"metric": ["accuracy", "auc"], "value": [0.61, 0.62], "ci_low": 0.5, "ci_high": 0.7, "n": 172, "method": "W"}
    )
    shift = pd.DataFrame({"images": ["as scanned", "drawn without drift"], "domain_auc": [0.99, 0.53], "ci_low": 0.4})
    shift = shift.assign(group="M0", block="T1", ci_high=1.0)
    inner = metrics.drop(columns=["n", "value"]).assign(apparent=0.6, optimism=0.01, corrected=0.59)
    for name, frame in (
        ("external.csv", metrics), ("operating.csv", metrics.assign(series="network, 2015")), ("shift.csv", shift),
        ("performance.csv", metrics), ("optimism.csv", inner), ("nomogram.json", {"coefficients": {"afp_gt_20": 1.5}}),
    ):  # fmt: skip
        write_result("phantom", name, frame)
    write_result("phantom", "patients.csv", pd.DataFrame({"enrolment": ["2015", "2018"]}))
    atomic_write(result_path("phantom", WEIGHTS), "weights")
    atomic_write(
        result_path("phantom", WEIGHTS).with_suffix(".json"),
        '{"network": {"width": 16}, "sequences": ["T1"], "roi_px": 48}',
    )
    return project


def test_the_card_names_the_weights_by_hash_and_the_metrics_with_interval(trained):
    card = dict(network_card("phantom"))
    assert sha256(result_path("phantom", WEIGHTS)) in card["Model details"] and "width 16" in card["Model details"]
    assert "accuracy 0.61 (0.50–0.70), n = 172" in card["Quantitative analyses"]
    assert card["Quantitative analyses"].endswith(": M0 T1 0.99 (0.40–1.00).")  # once, of the images as scanned
    assert "T1, T1D" in card["Factors"]  # what was planted as drift


def test_the_card_of_the_nomogram_reports_what_is_left_of_the_optimism(trained):
    card = dict(nomogram_card("phantom"))
    assert card["Quantitative analyses"].startswith("Apparent: accuracy 0.61")
    assert "Corrected for optimism: accuracy 0.59" in card["Quantitative analyses"]
    assert "AFP" in card["Model details"]


def test_the_card_lies_beside_the_weights_without_an_open_brace(trained):
    (path,) = write_cards()
    assert path == result_path("phantom", CARD) and path.parent == result_path("phantom", WEIGHTS).parent
    text = path.read_text()
    assert text.count("\n### ") == 18 and "{" not in text
    assert read_result("phantom", "external.csv")["value"].tolist() == [0.61, 0.62]
