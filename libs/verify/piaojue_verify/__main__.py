"""``python -m piaojue_verify RECORD``."""

import argparse
import io
import os
import sys
from collections.abc import Sequence

from piaojue_verify.command import NOT_VERIFIED, STDIN, UNUSABLE, Unusable, run

_EPILOG = """\
examples:
  python -m piaojue_verify record.json
  python -m piaojue_verify record.json --key KID
  python -m piaojue_verify record.json --receipt 3f2a…

exit codes:
  0  everything that can be checked fits together
  1  something does not fit, and the report names it; or the report could not be written
  2  the file or the key could not be read, or the command was not understood
"""


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m piaojue_verify",
        description="Verify the record of a poll: recount it, check every hash and signature, offline.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("record", metavar="RECORD", help="the record, a JSON file; - is standard input")
    parser.add_argument("--receipt", metavar="R", help="a deputy's receipt: is its paper in the count?")
    parser.add_argument("--key", metavar="KID", help="the id of the body's key, or a file with its JWK")
    parser.add_argument(
        "--without-recount", action="store_true", help="let rules pass that are not known here, a plugin's"
    )
    parser.add_argument("--json", action="store_true", dest="as_json", help="the report as JSON")
    given = parser.parse_args(arguments)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    try:
        return _run(given)
    except Unusable as error:
        print(f"piaojue_verify: {error}", file=sys.stderr)
        return UNUSABLE
    except OSError as error:
        os._exit(_told(error))  # else Python would try once more to write what cannot be written


def _run(given: argparse.Namespace) -> int:
    if given.record == STDIN and sys.stdin is None:
        raise Unusable("standard input is closed; name a file instead of -")
    code = run(
        given.record,
        key=given.key,
        receipt=given.receipt,
        without_recount=given.without_recount,
        as_json=given.as_json,
        stdin=sys.stdin.buffer if given.record == STDIN else io.BytesIO(),
        out=sys.stdout,
    )
    sys.stdout.flush()
    return code


def _told(error: OSError) -> int:
    print(f"piaojue_verify: the report cannot be written: {error.strerror or error}", file=sys.stderr)
    sys.stderr.flush()
    return NOT_VERIFIED


if __name__ == "__main__":
    sys.exit(main())
