"""All that is wrong with a recipe, in one error: whoever mends it need not come back for each."""

from collections.abc import Callable, Iterable

from pipelines.core.errors import InputError


class RecipeErrors(InputError):
    """Several faults of one recipe, a line each; `faults` are the errors that each would be alone."""

    def __init__(self, where: str, faults: Iterable[InputError]) -> None:
        self.faults = tuple(faults)
        count = f"{len(self.faults)} faults"
        super().__init__(where, count, "a recipe without", "mend them all; graftline check RECIPE looks again")
        lines = [f"{n}. {fault}" for n, fault in enumerate(self.faults, 1)]
        self.args = ("\n".join([f"{where}: found {count}; each with what to do:", *lines]),)


def require_faultless(where: str, faults: Iterable[InputError]) -> None:
    """Raise the fault that there is, or RecipeErrors with all of them."""
    every = [single for fault in faults for single in (fault.faults if isinstance(fault, RecipeErrors) else (fault,))]
    if every:
        raise every[0] if len(every) == 1 else RecipeErrors(where, every)


def faults_of(*checks: Callable[[], object]) -> list[InputError]:
    """Return the InputErrors that these checks raise, in order."""
    faults = []
    for check in checks:
        try:
            check()
        except InputError as error:
            faults.append(error)
    return faults
