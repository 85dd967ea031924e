"""Errors whose message is meant for the reader: one sentence with what was given and what is accepted."""


class DlbookError(Exception):
    """Something that the reader can mend; the command line prints its sentence and exits with status 2."""


class SettingError(DlbookError, ValueError):
    """A parameter of a notebook has a value that the notebook does not accept."""


class VerificationError(AssertionError):
    """An equation and its independent reference differ."""


class ClaimError(AssertionError):
    """A measured value lies outside the band that the sentence on the page rests on."""


class MistakeError(AssertionError):
    """A mistake made on purpose did not show the symptom that the page promises."""
