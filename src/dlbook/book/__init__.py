"""What makes a page verifiable: `settings`, `verify`, `claim`, `say`, `mistake` and `check`."""

from .claims import SilentMistake, claim, mistake, say
from .equations import verify
from .exercises import check
from .settings import between, flag, one_of, settings

__all__ = ["SilentMistake", "between", "check", "claim", "flag", "mistake", "one_of", "say", "settings", "verify"]
