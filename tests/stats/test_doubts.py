"""What would spoil an analysis is told before it runs, and a sound cohort is left in peace."""

import numpy as np
import pandas as pd
import pytest

from mvi_core.errors import MviError
from mvi_core.stats.doubts import doubts

RNG = np.random.default_rng(3)
OUTCOME = np.repeat([0, 1], 40)
SOUND = pd.DataFrame({"afp": RNG.normal(size=80), "alt": RNG.normal(size=80)})
RISK = RNG.uniform(size=80)


def test_a_sound_cohort_has_no_doubt():
    assert doubts(SOUND, OUTCOME, RISK) == []


@pytest.mark.parametrize(
    ("predictors", "outcome", "risk", "words"),
    [
        (SOUND, np.repeat([0, 1], [79, 1]), RISK, "has 1 patient.s.: too few events"),
        (SOUND.assign(afp=SOUND["afp"].where(SOUND.index % 3 > 0)), OUTCOME, RISK, "afp is missing in 27 of 80"),
        (SOUND, OUTCOME, np.full(80, 0.5), "constant"),
        (SOUND, OUTCOME, OUTCOME, "the risk separates .* as the outcome itself"),
        (SOUND, OUTCOME, 0.9 - 0.5 * OUTCOME + 0.1 * RISK, "the risk separates"),
        (SOUND.assign(ast=2 * SOUND["alt"]), OUTCOME, RISK, "ast is a linear combination .*collinear"),
        (SOUND.assign(ast=1.0), OUTCOME, RISK, "ast is constant"),
        (SOUND.assign(ast=OUTCOME + 0.1 * RISK), OUTCOME, RISK, "ast separates the patients"),
        (SOUND.assign(afp=SOUND["afp"].where(OUTCOME == 1)), OUTCOME, RISK, "complete predictors are of one class"),
    ],
)
def test_each_doubt_is_told_with_a_remedy(predictors, outcome, risk, words):
    found = doubts(predictors, outcome, risk)
    assert any(pd.Series(sentence).str.contains(words)[0] for sentence, _ in found), found
    assert all(sentence.endswith(".") and remedy.endswith(".") for sentence, remedy in found)


def test_an_endpoint_with_few_events_is_told_and_one_with_many_is_not():
    events = pd.DataFrame({"rfs_event": OUTCOME, "os_event": [0.0] * 77 + [1.0] * 2 + [float("nan")]})
    assert [words for words, _ in doubts(SOUND, OUTCOME, RISK, events=events)] == [
        "os_event has 2 event(s): too few for a survival model."
    ]


def test_one_missing_value_is_told():
    one = SOUND.assign(afp=SOUND["afp"].where(SOUND.index != 3))
    assert "afp is missing in 1 of 80 patients" in str(doubts(one, OUTCOME, RISK))


def test_one_class_and_logits_stop_the_analysis():
    with pytest.raises(MviError, match="one class only"):
        doubts(SOUND, np.zeros(80), RISK)
    with pytest.raises(MviError, match="logits"):
        doubts(SOUND, OUTCOME, RISK * 4 - 2)
