"""Form codes: what a rater finds on a sealed slip and hands in a form with, once."""

from chassis import one_time_codes
from chassis.one_time_codes import CodeUnknown


def normalise_code(text: str) -> str:
    """The code as printed, from however it was typed. Raises CodeUnknown for what no slip can say."""
    code = one_time_codes.normalise_code(text)
    if code is None:
        raise CodeUnknown("no form of this rating has this code: compare it with the slip", field="code")
    return code
