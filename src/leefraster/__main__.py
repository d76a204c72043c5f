"""``python -m leefraster``."""

import sys

from leefraster.cli import main

if __name__ == "__main__":
    sys.exit(main())
