# What spdep makes of the fields that make_spdep_values.py writes into a folder.
#   Rscript spdep_values.R FOLDER
# reads NAME.values.csv (x, y, high) and NAME.pairs.csv (i, j from 0), writes NAME.json and versions.json.
suppressMessages({
  library(spdep)
  library(jsonlite)
})
folder <- commandArgs(trailingOnly = TRUE)[1]
put <- function(value, name) write(toJSON(value, digits = I(17), auto_unbox = TRUE), file.path(folder, name))
of_test <- function(test) list(
  statistic = unname(test$estimate[1]), expected = unname(test$estimate[2]), variance = unname(test$estimate[3]),
  z = as.numeric(test$statistic), p = as.numeric(test$p.value))

neighbours_of <- function(pairs, n) {
  nb <- lapply(seq_len(n), function(i) sort(as.integer(pairs$j[pairs$i == i - 1] + 1)))
  class(nb) <- "nb"
  attr(nb, "region.id") <- as.character(seq_len(n))
  attr(nb, "type") <- "given"
  attr(nb, "sym") <- is.symmetric.nb(nb, verbose = FALSE)
  nb
}

results <- function(x, y, high, nb, style) {
  lw <- nb2listw(nb, style = style)
  star <- nb2listw(include.self(nb), style = style)
  colours <- factor(high)
  joins <- joincount.test(colours, lw, alternative = "two.sided")
  moran_part <- function(conditional) {
    m <- localmoran(x, lw, conditional = conditional, alternative = "two.sided")
    list(I = m[, 1], expected = m[, 2], variance = m[, 3], z = m[, 4], p = m[, 5])
  }
  g_part <- function(weights) {
    g <- localG(x, weights, return_internals = TRUE)
    list(z = as.numeric(g), G = attr(g, "internals")[, 1])
  }
  same <- joincount.multi(colours, lw)
  list(
    moran_randomisation = of_test(moran.test(x, lw, randomisation = TRUE, alternative = "two.sided")),
    moran_normality = of_test(moran.test(x, lw, randomisation = FALSE, alternative = "two.sided")),
    geary_randomisation = of_test(geary.test(x, lw, randomisation = TRUE, alternative = "two.sided")),
    geary_normality = of_test(geary.test(x, lw, randomisation = FALSE, alternative = "two.sided")),
    general_g = of_test(globalG.test(x, lw, alternative = "two.sided")),
    join_count = list(WW = of_test(joins[[1]]), BB = of_test(joins[[2]]), BW = list(
      statistic = same["1:0", 1], expected = same["1:0", 2], variance = same["1:0", 3], z = same["1:0", 4])),
    bivariate_moran = suppressWarnings(moran_bv(x, y, lw, nsim = 2)$t0),
    bivariate_local_moran = localmoran_bv(x, y, lw, nsim = 19)[, 1],
    local_moran_conditional = moran_part(TRUE),
    local_moran_total = moran_part(FALSE),
    getis_ord = g_part(lw),
    getis_ord_star = g_part(star),
    local_geary = as.numeric(localC(x, lw))
  )
}

for (path in list.files(folder, pattern = "values.csv$", full.names = TRUE)) {
  name <- sub(".values.csv$", "", basename(path))
  values <- read.csv(path)
  nb <- neighbours_of(read.csv(file.path(folder, paste0(name, ".pairs.csv"))), nrow(values))
  put(list(
    W = results(values$x, values$y, values$high, nb, "W"),
    B = results(values$x, values$y, values$high, nb, "B")), paste0(name, ".json"))
}
put(list(R = R.version.string, spdep = as.character(packageVersion("spdep"))), "versions.json")
