# Makes optimism_reference.csv: answers of rms::validate and calibrate for tests/stats/test_optimism.py. Run: Rscript optimism_reference.R
# R 4.2.2, rms 6.5-0; data logistic_birthwt.csv. 20 seeds give the Monte-Carlo error of one run.
suppressMessages(library(rms))
d <- read.csv("logistic_birthwt.csv"); m <- lrm(low ~ age + lwt + smoke + ht + ui, d, x = TRUE, y = TRUE, eps = 1e-9)
out <- data.frame()
runs <- sapply(1:20, function(s) { set.seed(s); v <- suppressWarnings(validate(m, B = 200)); c(v["Dxy", 5] / 2 + .5, v["B", 5], v["Intercept", 5], v["Slope", 5]) })
out <- data.frame(metric = c("auc", "brier", "intercept_joint", "slope"), corrected = rowMeans(runs), sd_200 = apply(runs, 1, sd))
write.csv(format(out, digits = 10, trim = TRUE), "optimism_reference.csv", row.names = FALSE, quote = FALSE)
grid <- seq(0.12, 0.6, length = 7)
runs <- sapply(1:10, function(s) { set.seed(s); k <- suppressWarnings(calibrate(m, B = 200, predy = grid)); k[, "calibrated.corrected"] })
set.seed(1); k <- calibrate(m, B = 40, predy = grid)
write.csv(format(data.frame(risk = grid, apparent = k[, "calibrated.orig"], corrected = rowMeans(runs), sd_200 = apply(runs, 1, sd)), digits = 10, trim = TRUE),
  "optimism_calibration.csv", row.names = FALSE, quote = FALSE)
