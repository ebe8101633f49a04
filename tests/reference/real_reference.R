# Outside witness of the part "Real patients": every aggregate from the raw tables, and the same methods on small public data.
# In tests/reference: Rscript real_reference.R FOLDER . > real_reference.csv     FOLDER holds hcc_clca_2024/ and lihc_tcga/
# R 4.2.2; metafor 3.8-1, MASS 7.3-58, survival 3.5-3, rms 6.5-0, mice 3.15-0. Nothing here was made by the package.
# Only aggregates leave this script: odds ratios, intervals, counts of a whole cohort; never a row.
suppressMessages({library(metafor); library(MASS); library(survival); library(rms); library(mice)})
folder <- commandArgs(TRUE)[1]; here <- commandArgs(TRUE)[2]
out <- data.frame()
put <- function(case, quantity, value) out <<- rbind(out, data.frame(case=case, quantity=quantity, value=format(value, digits=15), stringsAsFactors=FALSE))
raw <- function(path) read.delim(file.path(folder, path), comment.char="#", colClasses="character", na.strings=character(0), quote="")
num <- function(x) suppressWarnings(as.numeric(x))
z <- qnorm(.975)
woolf <- function(case, x, y) {   # 2 x 2, Woolf
  t <- table(factor(x, 0:1), factor(y, 0:1)); or <- t[1,1]*t[2,2]/(t[1,2]*t[2,1]); se <- sqrt(sum(1/t))
  put(case, "n", sum(t)); put(case, "odds_ratio", or); put(case, "ci_low", exp(log(or)-z*se)); put(case, "ci_high", exp(log(or)+z*se))
  invisible(c(log(or), se))
}
# ---- CLCA 2024
cs <- merge(raw("hcc_clca_2024/data_clinical_patient.txt"), raw("hcc_clca_2024/data_clinical_sample.txt"), by="PATIENT_ID")
cs <- cs[cs$MVI %in% c("M0","M1","M2"),]
afp <- num(sub("^>", "", cs$AFP))
numbers <- regmatches(cs$TUMOR_SIZE, gregexpr("[0-9]+(\\.[0-9]+)?", cs$TUMOR_SIZE))
clca <- data.frame(mvi=as.numeric(cs$MVI != "M0"), grade=factor(cs$MVI, ordered=TRUE), afp=afp,
  age_gt_50=as.numeric(num(cs$AGE) > 50), sex_female=as.numeric(cs$SEX == "Female"), afp_gt_20=as.numeric(afp > 20),
  hepatitis=as.numeric(cs$HBSAG == "+" | cs$HCV == "Yes"), cirrhosis=as.numeric(cs$CIRRHOSIS_OR_FIBROSIS == "Cirrhosis"),
  edmondson_3_4=as.numeric(cs$EDMONDSON %in% c("Level III", "Level IV")), size_cm=sapply(numbers, function(x) max(as.numeric(x))))
# ---- TCGA-LIHC
all <- raw("lihc_tcga/data_clinical_patient.txt")
gone <- c("", "NA", "[Not Available]", "[Not Applicable]", "[Unknown]", "[Discrepancy]")
ts <- all; for (name in names(ts)) ts[[name]][ts[[name]] %in% gone] <- NA
keep <- !is.na(ts$AGE) & ts$HISTOLOGICAL_DIAGNOSIS %in% "Hepatocellular Carcinoma" & ts$HISTORY_NEOADJUVANT_TRTYN %in% "No" &
  !grepl("Transplant", ts$DEFINITIVE_SURGICAL_PROCEDURE) & ts$VASCULAR_INVASION %in% c("None", "Micro")
ts <- ts[keep,]
yes <- function(x, pattern) ifelse(is.na(x), NA, as.numeric(grepl(pattern, x)))
inr <- num(ts$PROTHROMBIN_TIME_INR_AT_PROCUREMENT); iup <- num(ts$PROTHROMBIN_TIME_NORM_RANGE_UPPER); iup[is.na(iup)] <- inr[is.na(iup)]
inr_ok <- !is.na(inr) & inr <= 3*iup; inr_seconds <- iup > 3
alb <- num(ts$SERUM_ALBUMIN_PRERESECTION); aup <- num(ts$SERUM_ALBUMIN_NORM_RANGE_UPPER); aup[is.na(aup)] <- 5
alb_g <- ifelse(aup < 1, NA, ifelse(aup <= 10, alb*10, ifelse(aup <= 100, alb, alb/100))); alb_g[!is.na(alb_g) & (alb_g < 10 | alb_g > 65)] <- NA
tb <- num(ts$BILIRUBIN_TOTAL); tup <- num(ts$BILIRUBIN_TOTAL_NORM_RANGE_UPPER); tb_u <- ifelse(is.na(tup) | tup < 10, tb*17.104, tb)
plt <- num(ts$PLATELET_COUNT_PRERESECTION); plt_9 <- ifelse(plt >= 10000, plt/1000, plt); plt_9[!is.na(plt_9) & (plt_9 < 10 | plt_9 > 2000)] <- NA
tafp <- num(ts$AFP_AT_PROCUREMENT)
tcga <- data.frame(mvi=as.numeric(ts$VASCULAR_INVASION == "Micro"), afp=tafp, age=num(ts$AGE), age_gt_50=as.numeric(num(ts$AGE) > 50),
  sex_female=as.numeric(ts$SEX == "Female"), afp_gt_20=as.numeric(tafp > 20),
  hepatitis=yes(ts$HISTORY_HEPATO_CARCINOMA_RISK_FACTORS, "Hepatitis [BC]"), cirrhosis=yes(substr(ts$ISHAK_FIBROSIS_SCORE, 1, 1), "[56]"),
  tb_gt_19=as.numeric(tb_u > 19), alb_gt_40=as.numeric(alb_g > 40), plt_gt_100=as.numeric(plt_9 > 100),
  inr_gt_1=as.numeric(ifelse(inr_ok & !inr_seconds, inr, NA) > 1), pt_gt_12=as.numeric(ifelse(inr_ok & inr_seconds, inr, NA) > 12),
  edmondson=num(sub("G", "", ts$GRADE)))
tcga$edmondson_3_4 <- as.numeric(tcga$edmondson > 2)
cohorts <- list("clca-2024"=clca, "tcga-lihc"=tcga)
# ---- univariable, then pooled with the print
printed <- read.csv(file.path(here, "../../data_manifest/paper_values.csv"), colClasses="character")
pv <- function(id) as.numeric(printed$value[printed$id == id])
keys <- c(age_gt_50="age", sex_female="sex", afp_gt_20="afp", hepatitis="hepatitis", cirrhosis="cirrhosis", edmondson_3_4="edmondson",
          tb_gt_19="tb", alb_gt_40="alb", plt_gt_100="plt", inr_gt_1="inr", pt_gt_12="pt")
for (v in names(keys)) {
  effects <- list(c(log(pv(paste0("table1_", keys[v], "_or"))), log(pv(paste0("table1_", keys[v], "_ci_high"))/pv(paste0("table1_", keys[v], "_ci_low")))/(2*z)))
  for (name in names(cohorts)) if (v %in% names(cohorts[[name]]))
    effects[[length(effects)+1]] <- woolf(paste("univariable", name, v), cohorts[[name]][[v]], cohorts[[name]]$mvi)
  y <- sapply(effects, `[`, 1); se <- sapply(effects, `[`, 2); case <- paste("pooled", v)
  fe <- rma(yi=y, sei=se, method="FE"); pm <- rma(yi=y, sei=se, method="PM", test="adhoc", control=list(tol=1e-12, maxiter=1000))
  put(case, "fixed", exp(fe$b[1])); put(case, "fixed_low", exp(fe$ci.lb)); put(case, "fixed_high", exp(fe$ci.ub))
  put(case, "random", exp(pm$b[1])); put(case, "random_low", exp(pm$ci.lb)); put(case, "random_high", exp(pm$ci.ub))
  put(case, "q", fe$QE); put(case, "q_p", fe$QEp); put(case, "tau2", pm$tau2); put(case, "i2", max(0, (fe$QE-fe$k+1)/fe$QE))
  ends <- confint(pm, control=list(tol=1e-12, maxiter=1000, tau2.max=1e4))$random["tau^2", c("ci.lb", "ci.ub")]
  put(case, "tau2_low", ends[1]); put(case, "tau2_high", ends[2])
  z_se <- rma(yi=y, sei=se, method="PM", control=list(tol=1e-12, maxiter=1000))$se
  if (length(y) > 2) { half <- qt(.975, length(y)-2)*sqrt(pm$tau2+z_se^2); put(case, "prediction_low", exp(pm$b[1]-half)); put(case, "prediction_high", exp(pm$b[1]+half)) }
}
# ---- the printed models held fixed
models <- list("formula, DL-MVI absent"=c(pv("formula_intercept"), pv("formula_afp_coefficient")),
  "Table 1, AFP alone"=c(log(60/84), log((125/52)/(60/84))))
for (name in names(cohorts)) for (m in names(models)) {
  d <- cohorts[[name]]; d <- d[!is.na(d$afp_gt_20),]; lp <- models[[m]][1] + models[[m]][2]*d$afp_gt_20; case <- paste("fixed", name, m)
  large <- glm(mvi ~ offset(lp), binomial, d, control=glm.control(epsilon=1e-14)); ci <- coef(large) + c(-1,1)*z*sqrt(vcov(large)[1,1])
  put(case, "intercept", coef(large)); put(case, "intercept_low", ci[1]); put(case, "intercept_high", ci[2])
  put(case, "recalibrated", coef(large) + models[[m]][1])
  slope <- glm(mvi ~ lp, binomial, d, control=glm.control(epsilon=1e-14)); put(case, "slope", coef(slope)[2])
  put(case, "slope_low", coef(slope)[2]-z*sqrt(vcov(slope)[2,2])); put(case, "slope_high", coef(slope)[2]+z*sqrt(vcov(slope)[2,2]))
  put(case, "expected_observed", mean(plogis(lp))/mean(d$mvi)); put(case, "brier", mean((plogis(lp)-d$mvi)^2))
  w <- wilcox.test(lp[d$mvi == 1], lp[d$mvi == 0], exact=FALSE)$statistic; put(case, "auc", w/(sum(d$mvi)*sum(1-d$mvi)))
}
# ---- what AFP adds, and its shape
tight <- glm.control(epsilon=1e-14, maxit=100)
others <- list("clca-2024"=c("age_gt_50","sex_female","hepatitis","cirrhosis","edmondson_3_4","size_cm"), "tcga-lihc"=c("age_gt_50","sex_female","hepatitis","edmondson_3_4"))
for (name in names(cohorts)) {
  bases <- list(grade="edmondson_3_4", all=others[[name]]); if (name == "clca-2024") bases$size <- "size_cm"
  for (b in names(bases)) {
    d <- na.omit(cohorts[[name]][, c("mvi", "afp_gt_20", bases[[b]])]); case <- paste("added", name, b)
    small <- glm(reformulate(bases[[b]], "mvi"), binomial, d, control=tight); large <- glm(reformulate(c(bases[[b]], "afp_gt_20"), "mvi"), binomial, d, control=tight)
    put(case, "n", nrow(d)); put(case, "odds_ratio", exp(coef(large)["afp_gt_20"])); put(case, "chi2", deviance(small)-deviance(large))
    e <- coef(large)["afp_gt_20"] + c(-1,1)*z*sqrt(vcov(large)["afp_gt_20","afp_gt_20"]); put(case, "ci_low", exp(e[1])); put(case, "ci_high", exp(e[2]))
    area <- function(f) { p <- fitted(f); unname(wilcox.test(p[d$mvi==1], p[d$mvi==0], exact=FALSE)$statistic)/(sum(d$mvi)*sum(1-d$mvi)) }
    put(case, "auc_without", area(small)); put(case, "auc_with", area(large))
  }
  d <- cohorts[[name]]; d <- d[!is.na(d$afp) & d$afp > 0,]; d$x <- log2(pmin(d$afp, 1210)); d$above <- as.numeric(d$afp > 20)
  s <- rcspline.eval(d$x, knots=quantile(d$x, c(.05, .35, .65, .95)), inclx=TRUE, norm=2)  # Hmisc alone moves knots off tied ends
  fits <- list("cut-off"=glm(mvi ~ above, binomial, d, control=tight), line=glm(mvi ~ x, binomial, d, control=tight), curve=glm(d$mvi ~ s, family=binomial, control=tight),
               "curve and cut-off"=glm(d$mvi ~ s + d$above, family=binomial, control=tight))
  for (m in names(fits)) { case <- paste("shape", name, m); put(case, "aic", AIC(fits[[m]])); put(case, "chi2", fits[[m]]$null.deviance-deviance(fits[[m]])) }
  put(paste("shape", name, "curve"), "step_p", pchisq(deviance(fits$line)-deviance(fits$curve), 2, lower.tail=FALSE))
  put(paste("shape", name, "curve and cut-off"), "step_p", pchisq(deviance(fits$curve)-deviance(fits[[4]]), 1, lower.tail=FALSE))
}
# ---- proportional odds and Brant's test (Brant 1990, written from the paper)
brant <- function(case, x, g) {
  x <- as.matrix(x); k <- ncol(x); cuts <- levels(g)[-1]; X <- cbind(1, x)
  fits <- lapply(cuts, function(cut) glm(as.numeric(g >= cut) ~ x, family=binomial, control=tight)); P <- sapply(fits, fitted)
  A <- lapply(seq_along(cuts), function(j) solve(crossprod(X, X*(P[,j]*(1-P[,j])))))
  V <- matrix(0, k*length(cuts), k*length(cuts))
  for (j in seq_along(cuts)) for (l in seq_along(cuts)) {
    w <- P[,max(j,l)] - P[,j]*P[,l]
    V[(j-1)*k+1:k, (l-1)*k+1:k] <- (A[[j]] %*% crossprod(X, X*w) %*% A[[l]])[-1,-1]
  }
  b <- unlist(lapply(fits, function(f) coef(f)[-1]))
  wald <- function(places) { D <- NULL; for (j in 2:length(cuts)) for (p in places) { r <- rep(0, length(b)); r[p] <- 1; r[(j-1)*k+p] <- -1; D <- rbind(D, r) }
    q <- drop(t(D%*%b) %*% solve(D%*%V%*%t(D)) %*% (D%*%b)); c(q, nrow(D), pchisq(q, nrow(D), lower.tail=FALSE)) }
  r <- wald(1:k); put(case, "all", r[1]); put(case, "all df", r[2]); put(case, "all p", r[3])
  for (p in 1:k) { r <- wald(p); put(case, colnames(x)[p], r[1]); put(case, paste(colnames(x)[p], "p"), r[3]) }
}
po <- function(case, x, g) {
  f <- lrm(g ~ ., data=data.frame(x, g=g), eps=1e-11, maxit=200)
  for (v in colnames(x)) { put(case, v, coef(f)[v]); put(case, paste(v, "se"), sqrt(vcov(f)[v,v])) }
  put(case, "loglik", -f$deviance[2]/2); brant(paste(case, "brant"), x, g)
  p <- polr(g ~ ., data=data.frame(x, g=g), control=list(reltol=1e-15, maxit=1000)); put(case, "polr agrees to 1e-5", as.numeric(max(abs(coef(p) - coef(f)[names(coef(p))])) < 1e-5))
}
po("grades clca-2024 adjusted", clca[, c("age_gt_50","sex_female","afp_gt_20","hepatitis","cirrhosis","edmondson_3_4","size_cm")], clca$grade)
po("grades clca-2024 alone", clca[, "afp_gt_20", drop=FALSE], clca$grade)
pbc <- read.csv(file.path(here, "survival_pbc.csv")); pbc <- pbc[!is.na(pbc$stage),]; pbc$years <- pbc$days/365.25
po("pbc", pbc[, c("female", "years")], factor(pbc$stage, ordered=TRUE))
# ---- end points of TCGA-LIHC
osm <- num(ts$OS_MONTHS); dfm <- num(ts$DFS_MONTHS); died <- num(substr(ts$OS_STATUS,1,1)); rec <- num(substr(ts$DFS_STATUS,1,1))
first <- died == 1 & is.na(rec); em <- ifelse(first, osm, dfm); ee <- ifelse(first, 1, rec)
confirmed <- !(rec %in% 1 & ts$NEW_TUMOR_EVENT_AFTER_INITIAL_TREATMENT %in% "NO")
ends <- list("death"=list(osm, died, TRUE), "recurrence or death"=list(em, ee, TRUE), "recurrence, deaths censored"=list(em, ifelse(first, 0, rec), TRUE),
  "as the source has it"=list(dfm, rec, TRUE), "recurrence confirmed"=list(em, ee, confirmed), "recurrence or death after R0"=list(em, ee, ts$RESIDUAL_TUMOR %in% "R0"))
for (e in names(ends)) {
  d <- data.frame(tcga[, c("mvi","age_gt_50","sex_female","afp_gt_20","hepatitis","edmondson_3_4")], m=ends[[e]][[1]], e=ends[[e]][[2]])[rep(ends[[e]][[3]], length.out=nrow(tcga)),]
  d <- d[!is.na(d$m) & !is.na(d$e) & (d$m > 0 | d$e == 1),]
  put(paste("endpoint", e), "n", nrow(d)); put(paste("endpoint", e), "events", sum(d$e))
  for (m in c("alone", "adjusted")) {
    f <- coxph(if (m == "alone") Surv(m, e) ~ mvi else Surv(m, e) ~ mvi+age_gt_50+sex_female+afp_gt_20+hepatitis+edmondson_3_4, d, control=coxph.control(eps=1e-14, iter.max=100))
    case <- paste("endpoint", e, m); s <- summary(f)$conf.int[1,]; put(case, "hazard_ratio", s[1]); put(case, "ci_low", s[3]); put(case, "ci_high", s[4]); put(case, "drift_p", cox.zph(f)$table["mvi","p"])
  }
}
# ---- careless readings
wrong <- function(case, x, y) woolf(paste("misread", case), x, y)
wrong("text taken for missing", as.numeric(num(cs$AFP) > 20), clca$mvi)
a <- num(all$AFP_AT_PROCUREMENT); wrong("whatever is not 'Micro' taken for absent", as.numeric(a > 20), as.numeric(all$VASCULAR_INVASION == "Micro"))
wrong("missing taken for 0 ng/mL", as.numeric(ifelse(is.na(tafp), 0, tafp) > 20), tcga$mvi)
wrong("seconds taken for an INR", as.numeric(inr > 1), tcga$mvi); wrong("g/dL held against 40 g/L", as.numeric(alb > 40), tcga$mvi)
wrong("counts per µL held against 100 × 10⁹/L", as.numeric(plt > 100), tcga$mvi)
put("leak", "ajcc_t", { t <- prop.table(table(substr(ts$AJCC_TUMOR_PATHOLOGIC_PT,1,2), tcga$mvi), 2); sum(abs(t[,1]-t[,2]))/2 })
# ---- missing values: Rubin's rules exactly, and the imputed answer to its Monte-Carlo error
q <- c(.5, .7, .6, .9, .4); u <- c(.04, .05, .045, .05, .041); r <- pool.scalar(q, u, n=200, k=3)
for (v in c("qbar", "t", "df", "fmi")) put("rubin", v, r[[v]])
miss <- data.frame(mvi=tcga$mvi, age=tcga$age, female=tcga$sex_female, hepatitis=tcga$hepatitis, cirrhosis=tcga$cirrhosis, lafp=log(pmax(tcga$afp, .1)), grade=tcga$edmondson,
  ltb=log(tb_u), alb=alb_g, lplt=log(plt_9), linr=log(ifelse(inr_ok & !inr_seconds, inr, NA)))
m <- 200; imp <- mice(miss, m=m, method="pmm", maxit=10, printFlag=FALSE, seed=2022)
f <- with(imp, glm(mvi ~ I(age > 50) + female + I(exp(lafp) > 20) + hepatitis + I(grade > 2), family=binomial)); p <- summary(pool(f)); full <- pool(f)$pooled
names5 <- c("age_gt_50","sex_female","afp_gt_20","hepatitis","edmondson_3_4")
for (i in 1:5) { put("imputed", names5[i], p$estimate[i+1]); put("imputed", paste(names5[i], "se"), p$std.error[i+1]); put("imputed", paste(names5[i], "between"), full$b[i+1]) }
put("imputed", "m", m)
write.csv(out, stdout(), row.names=FALSE, quote=TRUE)
