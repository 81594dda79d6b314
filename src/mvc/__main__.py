"""`python -m mvc` is the command `mvc`, for where its folder of programs is not on the PATH."""

from mvc.cli.main import run

if __name__ == "__main__":
    run()
