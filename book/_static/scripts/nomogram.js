// Nomogram calculator: the probability of one patient from the coefficients that stand in the page itself.
"use strict";
(() => {
  const logistic = (x) => (x < 0 ? Math.exp(x) / (1 + Math.exp(x)) : 1 / (1 + Math.exp(-x)));
  const percent = (share) => `${(100 * share).toFixed(1)} %`;
  const round = (x) => Number(x.toPrecision(6)).toString();

  // Columns that a restricted cubic spline makes of a value (Harrell 2015); as mvi_core.stats.splines.
  const splineRow = (x, t) => {
    const k = t.length, cube = (u) => Math.max(u, 0) ** 3, width = t[k - 1] - t[k - 2];
    const curved = t.slice(0, k - 2).map((knot) =>
      (cube(x - knot) - (cube(x - t[k - 2]) * (t[k - 1] - knot) - cube(x - t[k - 1]) * (t[k - 2] - knot)) / width)
        / (t[k - 1] - t[0]) ** 2);
    return [x, ...curved];
  };

  const readField = (axis, field, label) => {
    if (field.value.trim() === "") return { missing: field.validity.badInput ? `a number for ${label}` : label };
    if (field.tagName === "SELECT") return { row: axis.rows[Number(field.value)] };
    const value = Number(field.value), [low, high] = axis.limits;
    if (!(low <= value && value <= high))
      return { refused: `${label} must lie from ${round(low)} to ${round(high)}: the model has seen no other patients.` };
    return { row: axis.kind === "spline" ? splineRow(value, axis.knots) : [value] };
  };

  const risk = (model, row) => {
    const beta = [model.intercept, ...model.covariance_order.slice(1).map((name) => model.coefficients[name])];
    const logOdds = beta.reduce((sum, b, i) => sum + b * row[i], 0);
    const answer = { probability: logistic(logOdds), points: (logOdds - model.log_odds_at_zero) * model.points_per_unit };
    if (!model.covariance) return answer;
    const variance = row.reduce((sum, a, i) => sum + a * row.reduce((s, b, j) => s + b * model.covariance[i][j], 0), 0);
    const margin = model.z * Math.sqrt(variance);
    return { ...answer, low: logistic(logOdds - margin), high: logistic(logOdds + margin) };
  };

  const answerText = (model, answer) => {
    const interval = answer.low === undefined ? "no interval: the formula was printed without one"
      : `${Math.round(100 * model.level)} % CI ${percent(answer.low)} to ${percent(answer.high)}`;
    return `Probability of ${model.outcome}: ${percent(answer.probability)} (${interval}); `
      + `${answer.points.toFixed(1)} points. Research use only.`;
  };

  const start = (form) => {
    const model = JSON.parse(form.querySelector("script[type='application/json']").textContent);
    const fields = [...form.querySelectorAll("select, input")], output = form.querySelector("output");
    const update = () => {
      const found = model.axes.map((axis, i) => readField(axis, fields[i], model.labels[axis.variable]));
      const refused = found.filter((part) => part.refused), missing = found.filter((part) => part.missing);
      found.forEach((part, i) => fields[i].setAttribute("aria-invalid", String(Boolean(part.refused))));
      Object.keys(output.dataset).forEach((key) => delete output.dataset[key]);
      output.classList.toggle("refused", refused.length > 0);
      if (refused.length) output.textContent = refused.map((part) => part.refused).join(" ");
      else if (missing.length) output.textContent = `Still to give: ${missing.map((part) => part.missing).join(", ")}.`;
      else {
        const answer = risk(model, [1, ...found.flatMap((part) => part.row)]);
        Object.assign(output.dataset, answer);
        output.textContent = answerText(model, answer);
      }
    };
    form.addEventListener("input", update);
    form.addEventListener("submit", (event) => event.preventDefault());
    form.hidden = false;
    update();
  };

  const startAll = () => document.querySelectorAll("form.nomogram-calculator").forEach(start);
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", startAll);
  else startAll();
})();
