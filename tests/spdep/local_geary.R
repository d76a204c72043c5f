# Local Geary of spdep, for tests/statistics/test_local_geary.py (spdep 1.2-7).
suppressMessages(library(spdep))
x <- sapply(0:29, function(i) (i * i * 7 + 3 * i) %% 31 + i / 10)
near <- cell2nb(6, 5, type = "queen") # 6 rows of 5, the cells of a row first
values <- as.numeric(localC(x, nb2listw(near, style = "W")))
cat(format(values, digits = 16), sep = "\n")
cat(as.character(packageVersion("spdep")), "\n")
