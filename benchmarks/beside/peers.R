# Rscript peers.R JOB PERMUTATIONS PROCESSORS, in a folder with the inputs; prints seconds and bytes, writes *.out.
# Reading the inputs, making weights and loading packages is not measured.
told <- commandArgs(trailingOnly = TRUE)
job <- told[1]
permutations <- as.integer(told[2])

numbers <- function(name) readBin(name, "double", file.size(name) / 8, size = 8)
integers <- function(name) readBin(name, "integer", file.size(name) / 4, size = 4)
keep <- function(values, name) writeBin(as.double(values), paste0(name, ".out"))

memory <- function(entry) {
  status <- "/proc/self/status"
  if (!file.exists(status)) return(0)
  line <- grep(entry, readLines(status), value = TRUE)
  1024 * as.numeric(gsub("[^0-9]", "", line))
}

forget_peak <- function() {
  invisible(gc(full = TRUE))
  try(cat("5", file = "/proc/self/clear_refs"), silent = TRUE)
}

measured <- function(work) {
  forget_peak()
  before <- memory("VmRSS")
  seconds <- system.time(result <- work())[["elapsed"]]
  cat(sprintf("seconds=%.6f bytes=%.0f\n", seconds, max(memory("VmHWM") - before, 0)))
  result
}

neighbours <- function() {
  counts <- integers("counts.in")
  nb <- split(integers("neighbours.in"), rep(seq_along(counts), counts))
  names(nb) <- NULL
  structure(nb, class = "nb", region.id = as.character(seq_along(counts)), sym = TRUE)
}

if (startsWith(job, "terra")) {
  suppressPackageStartupMessages(library(terra))
  shape <- integers("shape.in")
  raster <- rast(matrix(numbers("raster.in"), shape[1], shape[2], byrow = TRUE))
  square <- matrix(c(1, 1, 1, 1, 0, 1, 1, 1, 1), 3)
  local <- job == "terra_local"
  result <- measured(function() autocor(raster, square, "moran", global = !local))
  keep(if (local) values(result)[, 1] else result, "I")
} else {
  suppressPackageStartupMessages(library(spdep))
  x <- numbers("values.in")
  if (job == "spdep_local") {
    listw <- nb2listw(neighbours(), style = "W")
    result <- measured(function() localmoran_perm(x, listw, nsim = permutations, alternative = "two.sided"))
    keep(result[, "Ii"], "I")
    keep(result[, "Pr(folded) Sim"], "tail")
  } else if (job == "spdep_spots") {
    listw <- nb2listw(include.self(neighbours()), style = "B")
    keep(measured(function() localG(x, listw)), "z")
  } else {
    listw <- nb2listw(neighbours(), style = "W")
    result <- measured(function() moran.test(x, listw))
    keep(result$estimate[[1]], "I")
    keep(result$statistic[[1]], "z")
  }
}
