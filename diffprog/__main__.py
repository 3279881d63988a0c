"""`python -m diffprog`: the command line."""

from diffprog.cli import main

if __name__ == "__main__":
    main()
