# Makes logistic_*.csv: answers of R for tests/stats/test_logistic.py. Run in this folder: Rscript logistic_reference.R
# R 4.2.2, MASS 7.3-58.2 (data birthwt), brglm2 (data endometrial), rms 6.5-0, car.
suppressMessages({library(MASS); library(brglm2); library(car); library(rms)})
b <- with(birthwt, data.frame(low, age, lwt, smoke, ht, ui))
write.csv(b, "logistic_birthwt.csv", row.names = FALSE)
data(endometrial)
write.csv(endometrial, "logistic_endometrial.csv", row.names = FALSE)
out <- data.frame()
put <- function(case, quantity, x) {
  out <<- rbind(out, data.frame(case = case, term = if (is.null(names(x))) "" else names(x), quantity = quantity, value = as.numeric(x)))
}
tight <- glm.control(epsilon = 1e-14, maxit = 100)

# 1. birthwt by maximum likelihood
form <- low ~ age + lwt + smoke + ht + ui
m <- glm(form, binomial, b, control = tight)
put("birthwt", "coefficient", coef(m)); put("birthwt", "se", sqrt(diag(vcov(m))))
put("birthwt", "p_wald", summary(m)$coefficients[, 4])
put("birthwt", "wald_low", confint.default(m)[, 1]); put("birthwt", "wald_high", confint.default(m)[, 2])
put("birthwt", "loglik", logLik(m)); put("birthwt", "aic", AIC(m)); put("birthwt", "null_loglik", -m$null.deviance / 2)
d1 <- drop1(m, test = "LRT"); put("birthwt", "p_lr", setNames(d1[-1, 5], rownames(d1)[-1]))
put("birthwt", "vif", vif(lm(form, b))); put("birthwt", "vif_model", rms::vif(lrm(form, b, x = TRUE, y = TRUE, eps = 1e-12)))
se <- predict(m, se.fit = TRUE); put("birthwt", "lp_first", se$fit[1:3]); put("birthwt", "lp_se_first", se$se.fit[1:3])
m0 <- glm(low ~ age + lwt, binomial, b, control = tight)
put("birthwt", "lr_chisq", anova(m0, m, test = "LRT")[2, 4]); put("birthwt", "lr_p", anova(m0, m, test = "LRT")[2, 5])

# Exact profile ends (MASS::confint interpolates and is 3e-4 off): root of the profiled deviance.
profile_end <- function(m, j, side, dev) {
  X <- model.matrix(m); y <- m$y; start <- coef(m)[j]; s <- sqrt(diag(vcov(m)))[j]
  f <- function(v) dev(X[, -j, drop = FALSE], y, X[, j] * v) - dev0(m, dev) - qchisq(.95, 1)
  uniroot(f, sort(start + side * s * c(0.2, 8)), tol = 1e-11)$root
}
ml_dev <- function(X, y, o) glm.fit(X, y, family = binomial(), offset = o, control = tight)$deviance
dev0 <- function(m, dev) dev(model.matrix(m), m$y, rep(0, length(m$y)))
k <- seq_along(coef(m))
put("birthwt", "profile_low", setNames(sapply(k, function(j) profile_end(m, j, -1, ml_dev)), names(coef(m))))
put("birthwt", "profile_high", setNames(sapply(k, function(j) profile_end(m, j, 1, ml_dev)), names(coef(m))))
mass <- suppressMessages(confint(m)); put("birthwt", "mass_low", mass[, 1]); put("birthwt", "mass_high", mass[, 2])

# 2. endometrial (NV separates): ML likelihood ratio and Firth (AS_mean) with its penalised likelihood
e <- endometrial
f <- glm(HG ~ NV + PI + EH, binomial, e, method = "brglmFit", type = "AS_mean", epsilon = 1e-13, maxit = 1000)
put("endometrial", "firth_coefficient", coef(f)); put("endometrial", "firth_se", sqrt(diag(vcov(f))))
# penalised deviance with column j held: the penalty uses the full information matrix (Heinze and Schemper 2002)
pen_loglik <- function(beta, X, y) {
  eta <- drop(X %*% beta); p <- plogis(eta)
  sum(y * eta - log1p(exp(eta))) + 0.5 * determinant(crossprod(X * sqrt(p * (1 - p))))$modulus[1]
}
X <- model.matrix(f); y <- e$HG
held <- function(j, v) {  # maximum over the other coefficients
  g <- function(b) { beta <- numeric(4); beta[j] <- v; beta[-j] <- b; -pen_loglik(beta, X, y) }
  o <- optim(coef(f)[-j], g, method = "BFGS", control = list(reltol = 1e-15, maxit = 5000))
  o <- optim(o$par, g, method = "BFGS", control = list(reltol = 1e-16, maxit = 5000)); -o$value
}
top <- pen_loglik(coef(f), X, y)
put("endometrial", "firth_penalised_loglik", top)
put("endometrial", "firth_p_lr", setNames(sapply(1:4, function(j) pchisq(2 * (top - held(j, 0)), 1, lower.tail = FALSE)), names(coef(f))))
end <- function(j, side) uniroot(function(v) 2 * (top - held(j, v)) - qchisq(.95, 1),
  sort(coef(f)[j] + side * sqrt(diag(vcov(f)))[j] * c(0.2, 8)), tol = 1e-9)$root
put("endometrial", "firth_low", setNames(sapply(1:4, end, -1), names(coef(f))))
put("endometrial", "firth_high", setNames(sapply(1:4, end, 1), names(coef(f))))
ml <- suppressWarnings(glm(HG ~ NV + PI + EH, binomial, e, control = tight))
no <- glm(HG ~ PI + EH, binomial, e, control = tight)
put("endometrial", "ml_loglik", logLik(ml)); put("endometrial", "ml_p_lr_NV", pchisq(no$deviance - ml$deviance, 1, lower.tail = FALSE))
put("endometrial", "ml_coefficient_PI", coef(ml)["PI"]); put("endometrial", "ml_coefficient_EH", coef(ml)["EH"])
low <- function(v) suppressWarnings(glm.fit(X[, -2], y, family = binomial(), offset = X[, 2] * v, control = tight))$deviance - ml$deviance - qchisq(.95, 1)
put("endometrial", "ml_profile_low_NV", uniroot(low, c(-5, 10), tol = 1e-10)$root)
write.csv(format(out, digits = 15, trim = TRUE), "logistic_reference.csv", row.names = FALSE, quote = FALSE)
