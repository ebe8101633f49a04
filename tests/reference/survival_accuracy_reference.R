# Makes survival_gbsg.csv, survival_colon.csv, survival_pbc.csv and survival_accuracy_reference.csv: answers of R for
# tests/stats/test_survival_accuracy.py, test_cox.py, test_landmark.py and test_survival.py.
# Run here: Rscript survival_accuracy_reference.R
# R 4.2.2, survival 3.5-3 (data gbsg, colon, pbc, lung, veteran), riskRegression 2022.11.28, cmprsk 2.2-11.
suppressMessages({library(survival); library(riskRegression); library(cmprsk); library(prodlim)})
out <- data.frame()
put <- function(case, quantity, x) {
  out <<- rbind(out, data.frame(case = case, term = if (is.null(names(x))) "" else names(x), quantity = quantity, value = as.numeric(x)))
}
tight <- coxph.control(eps = 1e-14, iter.max = 100)
# gbsg in coarse months, so that events and losses share times; risks predicted from the other half
g <- with(gbsg, data.frame(months = ceiling(rfstime / 30.4375), event = status, age, nodes, hormon, pgr = log(1 + pgr)))
g$half <- rep(c("development", "validation"), length.out = nrow(g))
dev <- g[g$half == "development", ]; val <- g[g$half == "validation", ]
m <- coxph(Surv(months, event) ~ age + nodes + hormon + pgr, dev, control = tight, x = TRUE)
for (t in c(12, 24, 36, 60)) g[[paste0("risk_", t)]] <- round(1 - summary(survfit(m, newdata = g), times = t)$surv[1, ], 6)
write.csv(g, "survival_gbsg.csv", row.names = FALSE); val <- g[g$half == "validation", ]
put("gbsg", "coefficient", coef(m))
for (t in c(24, 60)) {
  s <- Score(list(model = as.matrix(val[[paste0("risk_", t)]])), Surv(months, event) ~ 1, val, times = t, metrics = c("auc", "brier"),
             cens.model = "km", se.fit = TRUE, summary = "ipa")
  a <- s$AUC$score; b <- s$Brier$score
  put(paste0("gbsg_", t), "auc", c(a$AUC, a$se)); put(paste0("gbsg_", t), "brier", unlist(b[b$model == "model", c("Brier", "se")]))
  put(paste0("gbsg_", t), "brier_null", b[b$model == "Null model", ]$Brier); put(paste0("gbsg_", t), "scaled_brier", b[b$model == "model", ]$IPA)
  s <- Score(list(model = as.matrix(val$nodes / 100)), Surv(months, event) ~ 1, val, times = t, metrics = "auc", cens.model = "km", se.fit = FALSE)
  put(paste0("gbsg_", t), "auc_nodes", s$AUC$score$AUC)
}
# Brier score over time, for the trapezoid
s <- Score(list(model = as.matrix(val[, paste0("risk_", c(12, 24, 36, 60))])), Surv(months, event) ~ 1, val, times = c(12, 24, 36, 60),
           metrics = "brier", cens.model = "km", se.fit = FALSE, null.model = FALSE)
put("gbsg", "brier_path", setNames(s$Brier$score$Brier, s$Brier$score$times))
# Uno's C of the validation half: until 24 and 60 months, and without a horizon; its infinitesimal jackknife holds G fixed
for (t in c(24, 60, 1e6)) {
  k <- concordance(Surv(months, event) ~ risk_60, val, timewt = "n/G2", reverse = TRUE, ymax = t)
  put(paste0("gbsg_", format(t, scientific = FALSE)), "uno", c(k$concordance, sqrt(k$var)))
}
k <- concordance(Surv(months, event) ~ risk_60, val, reverse = TRUE); put("gbsg", "harrell", c(k$concordance, sqrt(k$var)))
# predicted survival and baseline under heavy ties; lung in coarse months, complete patients
l <- with(lung, data.frame(months = floor(time / 30.4375) + 1, event = status - 1, female = sex - 1, age, ph_ecog = ph.ecog))
l <- l[complete.cases(l), ]
for (ties in c("efron", "breslow")) {
  m <- coxph(Surv(months, event) ~ female + age + ph_ecog, l, ties = ties, control = tight)
  b <- basehaz(m, centered = FALSE); b <- b[b$time %in% c(3, 6, 12, 24), ]
  put(ties, "baseline", setNames(b$hazard, b$time))
  s <- summary(survfit(m, newdata = l[1:3, ]), times = c(6, 12.5, 20))$surv
  put(ties, "predicted", setNames(as.vector(s), rep(c(6, 12.5, 20), 3)))
}
# colon, first row of each patient's death: coefficients at full precision, medians, and a verdict of cox.zph
d <- colon[colon$etype == 2, ]
d <- with(d, data.frame(days = time, event = status, rx, obstruct, adhere, nodes, node4, lev = as.numeric(rx == "Lev"), lev5fu = as.numeric(rx == "Lev+5FU")))
write.csv(d[complete.cases(d), ], "survival_colon.csv", row.names = FALSE); d <- d[complete.cases(d), ]
m <- coxph(Surv(days, event) ~ lev + lev5fu + obstruct + adhere + node4, d, control = tight)
put("colon", "coefficient", coef(m)); put("colon", "se", sqrt(diag(vcov(m)))); put("colon", "loglik", m$loglik)
m0 <- coxph(Surv(days, event) ~ lev + lev5fu, d, control = tight); a <- anova(m0, m)
put("colon", "likelihood_ratio", c(a$Chisq[2], a$Df[2], a[2, 4]))
for (tr in c("km", "rank", "identity")) { z <- cox.zph(m, transform = tr)$table; put(paste0("colon_", tr), "p", z[, 3]); put(paste0("colon_", tr), "chisq", z[, 1]) }
for (type in c("log", "log-log")) {
  f <- survfit(Surv(days, event) ~ 1, d, subset = rx == "Obs", conf.type = type)
  put(paste0("colon_", type), "median", unlist(quantile(f, 0.5)))
}
# weighted log-rank: rho = 1 is Peto and Peto's in R
for (rho in 0:1) { x <- survdiff(Surv(days, event) ~ obstruct, d, rho = rho); put("colon", paste0("rho_", rho), x$chisq) }
x <- survdiff(Surv(time, status) ~ sex, lung, rho = 1); put("lung", "rho_1", x$chisq)
# difference of restricted means, women less men, at 700 days
t <- survival:::survmean(survfit(Surv(time, status) ~ sex, lung), rmean = 700)$matrix
put("lung", "rmean_difference", c(diff(t[, "rmean"]), sqrt(sum(t[, "se(rmean)"]^2))))
# landmark at 180 days: who is still followed, counted from there
a <- lung[lung$time > 180, ]; a$time <- a$time - 180
x <- survdiff(Surv(time, status) ~ sex, a); put("landmark", "n", sum(x$n)); put("landmark", "chisq", x$chisq)
f <- survfit(Surv(time, status) ~ 1, a, conf.type = "log-log"); put("landmark", "median", unlist(quantile(f, 0.5)))
# competing risks: pbc, 1 transplant, 2 death; cuminc (Aalen's variance), prodlim (Greenwood-type)
p <- with(pbc, data.frame(days = time, cause = status, stage, female = as.numeric(sex == "f")))
write.csv(p, "survival_pbc.csv", row.names = FALSE)
k <- timepoints(cuminc(p$days, p$cause), c(1000, 2000, 3000, 4000))
for (i in 1:2) { put(paste0("pbc_", i), "incidence", k$est[i, ]); put(paste0("pbc_", i), "error", sqrt(k$var[i, ])) }
f <- prodlim(Hist(days, cause) ~ 1, p)
for (i in 1:2) {
  s <- predict(f, times = c(1000, 2000, 3000, 4000), cause = i)
  put(paste0("prodlim_", i), "incidence", as.vector(s))
  j <- sindex(f$time, c(1000, 2000, 3000, 4000)); put(paste0("prodlim_", i), "error", f$se.cuminc[[i]][j])
}
f <- survfit(Surv(days, factor(cause)) ~ 1, p, conf.type = "log-log"); s <- summary(f, times = c(1000, 2000, 3000, 4000))
for (i in 1:2) { put(paste0("survfit_", i), "incidence", s$pstate[, i + 1]); put(paste0("survfit_", i), "error", s$std.err[, i + 1])
  put(paste0("survfit_", i), "low", s$lower[, i + 1]); put(paste0("survfit_", i), "high", s$upper[, i + 1]) }
k <- cuminc(p$days, p$cause, p$female); put("pbc", "gray", as.vector(k$Tests[, 1]))
write.csv(format(out, digits = 15, trim = TRUE), "survival_accuracy_reference.csv", row.names = FALSE, quote = FALSE)
