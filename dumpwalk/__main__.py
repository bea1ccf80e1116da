"""``python -m dumpwalk``."""

import sys

from dumpwalk.cli import main

sys.exit(main())
