# Made the answers in roc_asah.json. Run once: Rscript roc_reference.R   (R 4.2, pROC 1.18.0)
suppressMessages(library(pROC)); library(jsonlite)
data(aSAH)
d <- data.frame(outcome = as.integer(aSAH$outcome == "Poor"), s100b = aSAH$s100b, ndka = aSAH$ndka,
                wfns = as.integer(aSAH$wfns))
write.csv(d, "roc_asah.csv", row.names = FALSE)
make <- function(x, level = 0.95) roc(d$outcome, x, levels = 0:1, direction = "<", quiet = TRUE)
one <- function(x) {
  r <- make(x); b <- coords(r, "best", ret = c("threshold", "sensitivity", "specificity"), transpose = FALSE)
  list(auc = as.numeric(auc(r)), ci = as.numeric(ci.auc(r)), ci90 = as.numeric(ci.auc(r, conf.level = 0.9)),
       best = b, n_points = length(r$thresholds), thresholds = r$thresholds[is.finite(r$thresholds)],
       sensitivities = r$sensitivities, specificities = r$specificities)
}
pair <- function(a, b) {
  t <- roc.test(make(a), make(b), method = "delong", paired = TRUE)
  list(p = t$p.value, z = as.numeric(t$statistic), difference = as.numeric(diff(rev(t$estimate))), ci = as.numeric(t$conf.int))
}
wils <- function(k, n) as.numeric(suppressWarnings(prop.test(k, n, correct = FALSE))$conf.int)
newcombe <- function(a, m, n) {
  z <- qnorm(0.975); k <- (m + n) / 2 - 1
  f <- function(x) (a - x)^2 - z^2 * x * (1 - x) * (1 + k * (1 - x) / (2 - x) + k * x / (1 + x)) / (m * n)
  c(if (a > 0) uniroot(f, c(0, a - 1e-9), tol = 1e-14)$root else 0, if (a < 1) uniroot(f, c(a + 1e-9, 1), tol = 1e-14)$root else 1)
}
set.seed(1)
answers <- list(
  s100b = one(d$s100b), ndka = one(d$ndka), wfns = one(d$wfns), minus_s100b = one(-d$s100b),
  s100b_ndka = pair(d$s100b, d$ndka), wfns_s100b = pair(d$wfns, d$s100b),
  bootstrap_ci_s100b = as.numeric(ci.auc(make(d$s100b), method = "bootstrap", boot.n = 20000, progress = "none")),
  bootstrap_ci_s100b_unstratified = as.numeric(ci.auc(make(d$s100b), method = "bootstrap", boot.n = 20000, boot.stratified = FALSE, progress = "none")),
  wilson = list("8_10" = wils(8, 10), "0_7" = wils(0, 7), "7_7" = wils(7, 7), "90_321" = wils(90, 321), "1_1" = wils(1, 1)),
  newcombe = list(perfect_12_9 = newcombe(1, 12, 9), half_5_8 = newcombe(0.5, 5, 8), zero_3_4 = newcombe(0, 3, 4))
)
write_json(answers, "roc_asah.json", digits = NA, auto_unbox = TRUE, pretty = TRUE)
