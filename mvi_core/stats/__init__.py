"""Statistics on arrays and tables: no files, no figures, no network.

**The words that every function shares**

``mvi_present`` : array-like of bool or 0/1, shape (n_patients,)
    Histologic MVI, grade M1 or M2; ``outcome`` likewise, of any yes/no. Both classes must occur.
``risk`` : array-like of float, shape (n_patients,)
    Predicted probability of MVI, from 0 to 1. Where only ranks matter, any score that is higher where MVI is more
    likely; ties then count one half, and the direction is never turned round.
``months``, ``event`` : array-like of float, and of 0/1, shape (n_patients,)
    Time to event or last contact, not negative; 1 where the event happened then, 0 where the patient was censored.
``predictors`` : pandas.DataFrame, shape (n_patients, n_predictors)
    Numbers, 0/1 for binary predictors.
``level`` : float
    Confidence level, strictly between 0 and 1.
``rng``, ``n_bootstrap`` : numpy.random.Generator, int
    Source of all draws, and the number of resamples of patients; the order of the patients does not change a result.
``B`` in a shape
    Number of resamples.

A function that cannot answer, because a value is missing, a class, an event or a group has nobody, or an option is
unknown, raises an ``MviError`` of two sentences: what was expected and found, and what to do. It never returns a silent
NaN. An interval comes as an ``Estimate``, or as the columns ``value, ci_low, ci_high`` with the ``method`` beside them.
"""
