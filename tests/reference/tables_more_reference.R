# Makes tables_more.csv and stepwise_pima.csv: answers of R for tests/stats/test_tables.py, test_measurements.py,
# test_logistic.py and test_stepwise.py. Run in this folder: Rscript tables_more_reference.R
# R 4.2.2, pROC 1.18.0 (data aSAH), survival 3.5-3 (data pbc), MASS 7.3-58.2 (data Pima.tr, Pima.te), car 3.1-1, rms 6.5-0, glmnet 4.1-6.
suppressMessages({library(pROC); library(survival); library(MASS); library(car); library(rms); library(glmnet)})
out <- data.frame()
put <- function(case, quantity, x) out <<- rbind(out, data.frame(case = case, term = if (is.null(names(x))) "" else names(x), quantity = quantity, value = as.numeric(x)))
tight <- glm.control(epsilon = 1e-14, maxit = 100)

# 1. A skewed measurement: every test of two groups (data as in roc_asah.csv)
data(aSAH); d <- data.frame(y = as.integer(aSAH$outcome == "Poor"), x = aSAH$ndka)
put("ndka", "mann_whitney", wilcox.test(x ~ y, d, exact = FALSE, correct = FALSE)$p.value)
put("ndka", "mann_whitney_corrected", wilcox.test(x ~ y, d, exact = FALSE, correct = TRUE)$p.value)
put("ndka", "welch", t.test(x ~ y, d)$p.value); put("ndka", "pooled", t.test(x ~ y, d, var.equal = TRUE)$p.value)
put("ndka", "t_welch", -t.test(x ~ y, d)$statistic)
put("ndka", "levene", leveneTest(x ~ factor(y), d, center = mean)[1, 3])
put("ndka", "brown_forsythe", leveneTest(x ~ factor(y), d, center = median)[1, 3])
for (g in 0:1) for (type in 6:7) put(paste0("ndka_", g), paste0("q_type", type), quantile(d$x[d$y == g], c(.25, .5, .75), type = type, names = FALSE))
for (type in 6:7) put("ndka_all", paste0("q_type", type), quantile(d$x, c(.25, .5, .75), type = type, names = FALSE))
put("ndka", "smd", (mean(d$x[d$y == 1]) - mean(d$x[d$y == 0])) / sqrt((var(d$x[d$y == 1]) + var(d$x[d$y == 0])) / 2))
m <- glm(y ~ x, binomial, d, control = tight)
put("ndka", "wald", summary(m)$coefficients[2, 4]); put("ndka", "likelihood_ratio", anova(m, test = "LRT")[2, 5])

# 2. Wald and profile ends of one odds ratio (data as in tables_pbc.csv); BIC; both inflations of five laboratory values
p <- subset(pbc, !is.na(trt)); p$died <- as.numeric(p$status == 2)
m <- glm(died ~ ascites, binomial, p, control = tight)
put("ascites", "wald", exp(confint.default(m)[2, ])); put("ascites", "mass", exp(suppressMessages(confint(m))[2, ]))
root <- function(side) { dev <- function(v) glm.fit(rep(1, nrow(p)), p$died, family = binomial(), offset = p$ascites * v, control = tight)$deviance - m$deviance - qchisq(.95, 1)
  uniroot(dev, sort(coef(m)[2] + side * sqrt(vcov(m)[2, 2]) * c(.2, 6)), tol = 1e-11)$root }
put("ascites", "profile", exp(c(root(-1), root(1))))
lab <- data.frame(died = p$died, p[c("bili", "albumin", "protime", "age", "edema")])
write.csv(lab, "logistic_pbc.csv", row.names = FALSE)
m <- glm(died ~ ., binomial, lab, control = tight)
put("pbc", "bic", BIC(m)); put("pbc", "aic", AIC(m)); put("pbc", "lr", m$null.deviance - m$deviance)
put("pbc", "cox_snell", 1 - exp(-(m$null.deviance - m$deviance) / nrow(lab)))
put("pbc", "vif", car::vif(lm(died ~ ., lab))); put("pbc", "vif_model", rms::vif(lrm(died ~ ., lab, x = TRUE, y = TRUE, eps = 1e-12)))

# 3. SPSS's stepwise methods by R's own tests: add1 (Rao) below .05 enters, drop1 (LRT) above .10 leaves, leaving first
pima <- rbind(Pima.tr, Pima.te); pima$y <- as.numeric(pima$type == "Yes"); pima$type <- NULL
write.csv(pima, "stepwise_pima.csv", row.names = FALSE)
# A made-up case in which the forward method takes a predictor back: c is nearly a + b
set.seed(3); n <- 300; a <- round(rnorm(n), 3); b <- round(rnorm(n), 3); cc <- round(a + b + rnorm(n, sd = 1), 3)
made <- data.frame(y = as.numeric(runif(n) < plogis(2 * a + 2 * b)), a = a, b = b, c = cc, e = round(rnorm(n), 3))
write.csv(made, "stepwise_made.csv", row.names = FALSE)
steps <- function(now, all, pima) {
  log <- NULL; seen <- character()
  fit <- function(v) glm(reformulate(c("1", v), "y"), binomial, pima, control = tight)
  repeat {
    key <- paste(sort(now), collapse = "+"); if (key %in% seen) break; seen <- c(seen, key)
    m <- fit(now)
    if (length(now)) { d <- drop1(m, test = "LRT")[-1, ]; w <- which.max(d[["Pr(>Chi)"]])
      if (d[w, "Pr(>Chi)"] > .10) { log <- rbind(log, data.frame(action = "remove", variable = rownames(d)[w], statistic = d[w, "LRT"], p = d[w, "Pr(>Chi)"])); now <- setdiff(now, rownames(d)[w]); next } }
    rest <- setdiff(all, now); if (!length(rest)) break
    a <- add1(m, reformulate(c(now, rest)), test = "Rao")[-1, ]; w <- which.min(a[["Pr(>Chi)"]])
    if (a[w, "Pr(>Chi)"] >= .05) break
    log <- rbind(log, data.frame(action = "enter", variable = rownames(a)[w], statistic = a[w, "Rao score"], p = a[w, "Pr(>Chi)"])); now <- c(now, rownames(a)[w])
  }
  log
}
all <- setdiff(names(pima), "y")
forward <- steps(character(), all, pima); backward <- steps(all, all, pima); taken <- steps(character(), c("a", "b", "c", "e"), made)
write.csv(format(rbind(cbind(case = "pima", direction = "forward", forward), cbind(case = "pima", direction = "backward", backward), cbind(case = "made", direction = "forward", taken)), digits = 15, trim = TRUE), "stepwise_reference.csv", row.names = FALSE, quote = FALSE)

# 4. LASSO of glmnet (objective: mean log-likelihood / n, standardised columns, unpenalised intercept)
g <- glmnet(as.matrix(pima[all]), pima$y, family = "binomial", lambda = c(.2, .1, .05, .02), thresh = 1e-14, maxit = 1e6)
put("pima", "lasso_0.05", setNames(as.numeric(coef(g, s = .05)), rownames(coef(g)))); put("pima", "lasso_0.02", setNames(as.numeric(coef(g, s = .02)), rownames(coef(g))))
write.csv(format(out, digits = 15, trim = TRUE), "tables_more.csv", row.names = FALSE, quote = FALSE)
