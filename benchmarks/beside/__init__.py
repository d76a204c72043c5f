"""leefraster beside its peers: the same cells, one run, a child process for each program."""
