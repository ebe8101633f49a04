# Made the answers in calibration_r.json. Run once: Rscript calibration_reference.R   (R 4.2, rms 6.5-0, MASS)
suppressMessages(library(rms)); library(MASS); library(jsonlite)
# Pima: model fitted in Pima.tr, used in Pima.te (external); birthwt: apparent (development)
fit <- glm(type == "Yes" ~ npreg + glu + bmi + ped, binomial, Pima.tr, control = glm.control(epsilon = 1e-14))
pima <- data.frame(y = as.integer(Pima.te$type == "Yes"), p = as.numeric(predict(fit, Pima.te, type = "response")))
fit_b <- glm(low ~ age + lwt + factor(race) + smoke + ptl + ht + ui, binomial, birthwt, control = glm.control(epsilon = 1e-14))
bw <- data.frame(y = birthwt$low, p = as.numeric(fitted(fit_b)))
tied <- data.frame(y = pima$y, p = round(pima$p, 1) * 0.9 + 0.05)   # eleven risks: ties everywhere
write.csv(rbind(cbind(set = "pima", pima), cbind(set = "birthwt", bw), cbind(set = "tied", tied)),
          "calibration_data.csv", row.names = FALSE)
one <- function(d, df) {
  y <- d$y; p <- d$p; l <- qlogis(p); ctl <- glm.control(epsilon = 1e-14, maxit = 100)
  a <- glm(y ~ 1 + offset(l), family = binomial, control = ctl); b <- glm(y ~ l, family = binomial, control = ctl)
  s <- lowess(p, y, f = 2/3, iter = 0, delta = 0.01 * diff(range(p))); o <- order(p)
  gap <- abs(p[o] - s$y)
  v <- val.prob(p, y, pl = FALSE)
  g <- cut(p, unique(c(-Inf, quantile(p, 1:9 / 10), Inf)))
  n <- tapply(y, g, length); O <- tapply(y, g, sum); E <- tapply(p, g, sum)
  h <- sum((O - E)^2 / (E * (1 - E / n)))
  list(intercept = unname(coef(a)), intercept_se = sqrt(vcov(a)[1, 1]), slope = unname(coef(b)[2]),
       slope_se = sqrt(vcov(b)[2, 2]), joint_intercept = unname(coef(b)[1]), brier = mean((p - y)^2),
       scaled_brier = 1 - mean((p - y)^2) / (mean(y) * (1 - mean(y))), expected_observed = mean(p) / mean(y),
       ici = mean(gap), e50 = median(gap), e90 = unname(quantile(gap, 0.9)), e_max = max(gap),
       val_prob = as.list(v), lowess_x = s$x, lowess_y = s$y,
       hl = h, hl_n = as.numeric(n), hl_observed = as.numeric(O), hl_expected = as.numeric(E),
       hl_p_development = pchisq(h, length(n) - 2, lower.tail = FALSE), hl_p_external = pchisq(h, length(n), lower.tail = FALSE))
}
heavy_x <- c(rep(0.02, 80), seq(0.1, 0.9, length.out = 20)); heavy_y <- c(rep(c(1, 0, 0, 0, 0), 16), rep(0:1, each = 10))
s <- lowess(heavy_x, heavy_y, f = 2/3, iter = 0, delta = 0.01 * diff(range(heavy_x)))
answers <- list(pima = one(pima), birthwt = one(bw), tied = one(tied), heavy = list(x = heavy_x, y = heavy_y, lowess = s$y))
write_json(answers, "calibration_r.json", digits = NA, auto_unbox = TRUE, pretty = FALSE)
