"""A refusal in the words of the command line."""

import typer

from submeter.core.problem import Problem

__all__ = ["tell"]


def tell(problem: Problem) -> None:
    """Say on stderr what is wrong and what to do next."""
    detail = f": {problem.detail}" if problem.detail else ""
    typer.echo(f"error {problem.code}: {problem.title}{detail}", err=True)
    if problem.hint:
        typer.echo(f"hint: {problem.hint}", err=True)
