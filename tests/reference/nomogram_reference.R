# Makes nomogram_*.csv: answers of rms::nomogram for tests/stats/test_nomogram.py. Run in this folder: Rscript nomogram_reference.R
# R 4.2.2, rms 6.5-0, survival 3.5-3 (data pbc).
suppressMessages({library(rms); library(survival)})
write.csv(pbc["bili"], "nomogram_bili.csv", row.names = FALSE)
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
take("spline", died ~ rcs(age, 4) + rcs(albumin, 3) + hepato, d)
spline <- lrm(died ~ rcs(age, 4) + rcs(albumin, 3) + hepato, d, eps = 1e-13, maxit = 50)
new <- data.frame(age = c(35, 50.5, 71), albumin = c(2.5, 3.4, 4.1), hepato = c(0, 1, 1))
p <- predict(spline, new, se.fit = TRUE)
for (i in 1:3) put("spline", c("risk", "se")[1], plogis(p$linear.predictors[i]), p$se.fit[i])  # x: risk, points: SE of the log odds
for (k in 3:7) put(paste0("knots", k), "bili_knots", attr(rcspline.eval(pbc$bili, nk = k, norm = 2), "knots"), NA)
put("few", "knots", rcspline.eval(pbc$bili[1:60], nk = 4, knots.only = TRUE), NA)
b <- rcspline.eval(c(0.5, 1, 3, 8, 20), knots = c(0.6, 1.1, 2.4, 9), norm = 2)
for (j in 1:2) put(paste0("basis", j), "bili", c(0.5, 1, 3, 8, 20), b[, j])
d$edema <- factor(d$edema)
take("factor", died ~ edema + albumin, d)
write.csv(format(out, digits = 15, trim = TRUE), "nomogram_reference.csv", row.names = FALSE, quote = FALSE)
