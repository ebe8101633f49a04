"""The reference of the code holds every module, and every statistic shows an example that is executed."""

import importlib
import inspect
import pkgutil

import pytest

from mvi_core.contents import api_page
from mvi_core.finish import API_PACKAGES

# Functions of mvi_core.stats whose docstring has no example yet; the list only grows shorter.
WITHOUT_EXAMPLE = set(
    """
    stats.audit.chance.repetition_check
    stats.audit.chance.baseline_check
    stats.audit.confusion.confusion_check
    stats.audit.counts.proportion_check
    stats.audit.counts.fraction_check
    stats.audit.feasibility.joint_checks
    stats.audit.follow_up.median_check
    stats.audit.odds.univariable_checks
    stats.audit.polytope.hidden_model
    stats.audit.polytope.feasible_ranges
    stats.audit.polytope.intercept_boxes
    stats.audit.polytope.whole_range
    stats.audit.region.error_region
    stats.audit.regression.row_check
    stats.audit.regression.formula_check
    stats.audit.regression.nomogram_check
    stats.audit.sample_size.sample_size_check
    stats.audit.sun2022.run_audit
    stats.audit.sun2022.describe
    stats.audit.two_by_two.formula_fit_check
    stats.audit.verdict.verdict_table
    stats.batched.fit_many
    stats.batched.auc_many
    stats.calibration.calibration_curve
    stats.calibration.hosmer_lemeshow
    stats.confusion.shares
    stats.confusion.compound
    stats.confusion.quadratic_kappa
    stats.confusion.one_against_rest
    stats.cox.complete_follow_up
    stats.cox.likelihood_terms
    stats.delong.placements
    stats.delong.auc_variance
    stats.delong.auc_interval
    stats.design.numbers
    stats.design.complete_design
    stats.discrimination.grade_metrics
    stats.estimate.undefined
    stats.estimate.estimate_table
    stats.estimate.same_patients
    stats.instability.instability
    stats.kaplan_meier.follow_up_times
    stats.kaplan_meier.scored_times
    stats.kaplan_meier.grouped_times
    stats.likelihood.information
    stats.likelihood.log_likelihood
    stats.likelihood.maximise
    stats.likelihood.profile_test
    stats.likelihood.separation
    stats.likelihood.likelihood_ratio_test
    stats.modelling.modelling
    stats.modelling.measures
    stats.modelling.smooth_curve
    stats.nomogram.risk
    stats.nomogram_scales.nomogram_of
    stats.nomogram_scales.design_rows
    stats.optimism.optimism_bootstrap
    stats.optimism.cross_validation
    stats.optimism.corrected_calibration
    stats.resampling.percentile_interval
    stats.resampling.auc_bootstrap
    stats.selection.univariable
    stats.selection.backward
    stats.shift.domain_auc
    stats.shift.separation_table
    stats.shift.ridge_logistic
    stats.smooth.lowess
    stats.splines.spline_names
    stats.survival.median_follow_up
    stats.survival_accuracy.censoring_weights
    stats.survival_groups.survival_panels
    """.split()
)


def modules(package):
    root = importlib.import_module(f"mvi_core.{package}")
    inside = [importlib.import_module(f"{root.__name__}.{item.name}") for item in pkgutil.iter_modules(root.__path__)]
    return [module for module in inside if not hasattr(module, "__path__")]


def functions(package):
    for module in modules(package):
        for name, item in vars(module).items():
            if inspect.isfunction(item) and not name.startswith("_") and item.__module__ == module.__name__:
                yield f"{module.__name__.removeprefix('mvi_core.')}.{name}", item


@pytest.mark.parametrize("package", API_PACKAGES)
def test_a_page_holds_every_module_of_its_package(package):
    text = api_page(package)
    assert text.startswith(f"# `mvi_core.{package}`\n")
    assert text.count("automodule::") == len(modules(package))
    assert all(f".. automodule:: {module.__name__}\n" in text for module in modules(package))


def test_every_public_function_has_a_docstring():
    assert not [name for package in API_PACKAGES for name, item in functions(package) if not inspect.getdoc(item)]


def test_every_statistic_shows_an_example_that_is_executed():
    """Doctests run with the tests (`--doctest-modules`); an example without a prompt would not."""
    found = [pair for package in ("stats", "stats.audit") for pair in functions(package)]
    without = {name for name, item in found if "Examples\n" not in inspect.getdoc(item) or ">>> " not in item.__doc__}
    assert without <= WITHOUT_EXAMPLE, sorted(without - WITHOUT_EXAMPLE)


def test_no_example_is_skipped():
    found = [pair for package in API_PACKAGES for pair in functions(package)]
    assert not [name for name, item in found if "doctest: +SKIP" in (item.__doc__ or "")]
