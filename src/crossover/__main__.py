"""`python -m crossover` is the command `crossover`, and so is the script of that name."""

import sys

try:
    from crossover.cli.main import main
except KeyboardInterrupt:  # before there is anything that could be kept
    sys.exit(130)

if __name__ == "__main__":
    main()
