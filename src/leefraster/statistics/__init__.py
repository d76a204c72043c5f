"""Statistics of spatial autocorrelation: labelled functions, DataArray in, Dataset out; one file each."""
