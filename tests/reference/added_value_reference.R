# Makes added_value_*.csv: answers of R for tests/stats/test_added_value.py. Run in this folder: Rscript added_value_reference.R
# R 4.2.2, Hmisc 4.8-0 (improveProb), pROC 1.18.0 (data aSAH, roc.test).
suppressMessages({library(pROC); library(Hmisc)})
data(aSAH); d <- data.frame(y = as.integer(aSAH$outcome == "Poor"), wfns = as.integer(aSAH$wfns), s100b = aSAH$s100b)
tight <- glm.control(epsilon = 1e-14, maxit = 100)
m1 <- glm(y ~ wfns, binomial, d, control = tight); m2 <- glm(y ~ wfns + s100b, binomial, d, control = tight)
d$without <- round(fitted(m1), 4); d$with <- round(fitted(m2), 4)
write.csv(d, "added_value_patients.csv", row.names = FALSE)
out <- data.frame(); put <- function(quantity, x) out <<- rbind(out, data.frame(quantity = quantity, value = as.numeric(x)))
i <- improveProb(d$without, d$with, d$y)
put("nri", i$nri); put("nri_present", i$nri.ev); put("nri_absent", i$nri.ne); put("idi", i$idi)
put("se_nri", i$se.nri); put("se_idi", i$se.idi); put("idi_present", i$improveSens); put("idi_absent", i$improveSpec)
for (t in c(.3, .5)) {  # two categories, by their definition (Pencina 2008)
  up <- d$without < t & d$with >= t; down <- d$without >= t & d$with < t
  ev <- mean(up[d$y == 1]) - mean(down[d$y == 1]); ne <- mean(down[d$y == 0]) - mean(up[d$y == 0])
  put(paste0("nri_at_", t), ev + ne); put(paste0("nri_at_", t, "_present"), ev); put(paste0("nri_at_", t, "_absent"), ne)
  nb <- function(p) mean(p >= t & d$y == 1) - mean(p >= t & d$y == 0) * t / (1 - t)
  put(paste0("net_benefit_at_", t), nb(d$with) - nb(d$without))
}
r <- roc.test(roc(d$y, d$without, levels = 0:1, direction = "<"), roc(d$y, d$with, levels = 0:1, direction = "<"))
put("auc_difference", diff(r$estimate)); put("auc_p", r$p.value)
put("lr_p", anova(m1, m2, test = "LRT")[2, 5])
# what chance adds: the new predictor dealt to other patients 4,000 times, both measures of the refitted model
set.seed(1); p1 <- fitted(m1)
g <- t(replicate(4000, { p <- fitted(glm(y ~ wfns + sample(s100b), binomial, d)); e <- d$y == 1
  c(mean(sign(p - p1)[e]) - mean(sign(p - p1)[!e]), mean((p - p1)[e]) - mean((p - p1)[!e])) }))
put("shuffled_nri_mean", mean(g[, 1])); put("shuffled_nri_sd", sd(g[, 1])); put("shuffled_nri_high", quantile(g[, 1], .95))
put("shuffled_idi_mean", mean(g[, 2])); put("shuffled_idi_sd", sd(g[, 2])); put("shuffled_above", mean(g[, 1] > 1e-12))
# subgroups: interaction by the likelihood ratio, odds ratio and AUC inside each
a <- data.frame(y = d$y, marker = as.numeric(d$wfns >= 4), score = d$s100b, female = as.numeric(aSAH$gender == "Female"), age = cut(aSAH$age, c(0, 45, 60, 99), labels = FALSE))
write.csv(a, "subgroups_patients.csv", row.names = FALSE)
for (v in c("female", "age")) for (x in c("marker", "score")) {
  f <- function(s) glm(as.formula(s), binomial, transform(a, g = factor(a[[v]]), x = a[[x]]), control = tight)
  put(paste("interaction", v, x, sep = "_"), anova(f("y ~ g + x"), f("y ~ g * x"), test = "LRT")[2, 5])
  for (l in sort(unique(a[[v]]))) { s <- a[a[[v]] == l, ]; s$x <- s[[x]]; m <- glm(y ~ x, binomial, s, control = tight)
    put(paste("or", v, l, x, sep = "_"), exp(coef(m)[2])); put(paste("low", v, l, x, sep = "_"), exp(confint.default(m)[2, 1]))
    r <- ci.auc(roc(s$y, s$x, levels = 0:1, direction = "<")); put(paste("auc", v, l, x, sep = "_"), r[2]); put(paste("auc_low", v, l, x, sep = "_"), max(0, r[1])) }
}
write.csv(format(out, digits = 15, trim = TRUE), "added_value_reference.csv", row.names = FALSE, quote = FALSE)
