# Makes survival_*.csv: answers of R for tests/stats/test_survival.py and test_cox.py. Run here: Rscript survival_reference.R
# R 4.2.2, survival 3.5-3 (data lung, veteran, colon).
library(survival)
l <- with(lung, data.frame(months = floor(time / 30.4375) + 1, days = time, event = status - 1, sex, age, ph_ecog = ph.ecog))
write.csv(l, "survival_lung.csv", row.names = FALSE)
v <- with(veteran, data.frame(days = time, event = status, trt, celltype, karno, age, prior = prior / 10))
write.csv(v, "survival_veteran.csv", row.names = FALSE)
out <- data.frame()
put <- function(case, quantity, x) {
  out <<- rbind(out, data.frame(case = case, term = if (is.null(names(x))) "" else names(x), quantity = quantity, value = as.numeric(x)))
}
# Kaplan-Meier of men, three interval types
for (type in c("log-log", "log", "plain")) {
  f <- survfit(Surv(days, event) ~ 1, l, subset = sex == 1, conf.type = type)
  s <- summary(f, times = c(100, 310, 500, 800))
  put(type, "survival", setNames(s$surv, s$time)); put(type, "low", setNames(s$lower, s$time)); put(type, "high", setNames(s$upper, s$time))
  q <- quantile(f, 0.5); put(type, "median", c(q$quantile, q$lower, q$upper))
}
# a median on a flat stretch at exactly one half: R takes its middle
f <- survfit(Surv(days, event) ~ 1, v, subset = trt == 2, conf.type = "log-log")
put("veteran2", "median", unlist(quantile(f, 0.5)))
f <- survfit(Surv(c(1, 2, 3, 4), c(1, 1, 1, 1)) ~ 1, conf.type = "log-log"); put("toy", "median", unlist(quantile(f, 0.5)))
# reverse Kaplan-Meier follow-up
f <- survfit(Surv(days, 1 - event) ~ 1, l, conf.type = "log-log"); put("lung", "follow_up", unlist(quantile(f, 0.5)))
# restricted mean with its error
for (tau in c(365, 700)) {
  f <- survfit(Surv(days, event) ~ 1, l); t <- survival:::survmean(f, rmean = tau)$matrix
  put("lung", paste0("rmean_", tau), c(t["rmean"], t["se(rmean)"]))
}
# at risk T >= t, in coarse months (ties with the ticks)
f <- survfit(Surv(months, event) ~ 1, l); s <- summary(f, times = c(0, 6, 12, 18, 24), extend = TRUE)
put("lung", "at_risk", setNames(s$n.risk, s$time))
# log-rank
d <- survdiff(Surv(days, event) ~ sex, l); put("logrank_sex", "chisq", d$chisq)
d <- survdiff(Surv(days, event) ~ celltype, v); put("logrank_celltype", "chisq", d$chisq); put("logrank_celltype", "p", pchisq(d$chisq, 3, lower.tail = FALSE))
d <- survdiff(Surv(days, event) ~ trt + strata(celltype), v); put("logrank_stratified", "chisq", d$chisq)
# Cox in coarse months: many ties
l <- l[complete.cases(l), ]; l$female <- l$sex - 1
tight <- coxph.control(eps = 1e-14, iter.max = 100)
for (ties in c("efron", "breslow")) {
  m <- coxph(Surv(months, event) ~ female + age + ph_ecog, l, ties = ties, control = tight)
  put(ties, "coefficient", coef(m)); put(ties, "se", sqrt(diag(vcov(m)))); put(ties, "loglik", m$loglik[2]); put(ties, "null_loglik", m$loglik[1])
  put(ties, "p", summary(m)$coefficients[, 5]); put(ties, "low", confint(m)[, 1]); put(ties, "high", confint(m)[, 2])
  z <- cox.zph(m, transform = "km")$table; put(ties, "zph_chisq", z[, 1]); put(ties, "zph_p", z[, 3])
}
cc <- concordance(Surv(months, event) ~ predict(m), l, reverse = TRUE)
m <- coxph(Surv(months, event) ~ female + age + ph_ecog, l, control = tight)
cc <- concordance(m); put("lung", "c_index", c(cc$concordance, sqrt(cc$var)))
cc <- concordance(Surv(months, event) ~ age, l, reverse = TRUE); put("lung", "c_index_age", c(cc$concordance, sqrt(cc$var)))
# proportional hazards in the veteran trial, four transforms
v$small <- as.numeric(v$celltype == "smallcell"); v$adeno <- as.numeric(v$celltype == "adeno"); v$large <- as.numeric(v$celltype == "large")
m <- coxph(Surv(days, event) ~ trt + karno + age + small + adeno + large, v, control = tight)
put("veteran", "coefficient", coef(m))
for (tr in c("km", "rank", "identity")) {
  z <- cox.zph(m, transform = tr)$table; put(paste0("zph_", tr), "chisq", z[, 1]); put(paste0("zph_", tr), "p", z[, 3])
}
write.csv(format(out, digits = 15, trim = TRUE), "survival_reference.csv", row.names = FALSE, quote = FALSE)
