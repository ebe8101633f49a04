# Makes nomogram_*.csv: answers of rms::nomogram for tests/stats/test_nomogram.py. Run in this folder: Rscript nomogram_reference.R
# R 4.2.2, rms 6.5-0, survival 3.5-3 (data pbc).
suppressMessages({library(rms); library(survival)})
d <- subset(pbc, !is.na(trt)); d$died <- as.numeric(d$status == 2)
d <- d[, c("died", "hepato", "albumin", "age", "protime", "edema")]
write.csv(d, "nomogram_pbc.csv", row.names = FALSE)
out <- data.frame()
put <- function(case, axis, x, points) out <<- rbind(out, data.frame(case, axis, x = as.numeric(x), points = as.numeric(points)))
take <- function(case, form, d) {
  dd <<- datadist(d); options(datadist = "dd")
  m <- lrm(form, d, eps = 1e-13, maxit = 50); n <- nomogram(m, fun = plogis)
  for (v in setdiff(names(n), c("total.points", "lp", "Predicted Value"))) put(case, v, n[[v]][[1]], n[[v]]$points)
  put(case, "total", n$total.points$x, n$total.points$x)
  put(case, "lp", n$lp$x.real, n$lp$x)  # total points of each displayed log odds
  coef(m)
}
take("linear", died ~ hepato + albumin + age + protime, d)
d$edema <- factor(d$edema)
take("factor", died ~ edema + albumin, d)
write.csv(format(out, digits = 15, trim = TRUE), "nomogram_reference.csv", row.names = FALSE, quote = FALSE)
