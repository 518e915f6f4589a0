"""Verifies the record of a poll (票决), offline: recounts its papers, and checks every hash and signature.

Written from the rules of the poll alone. It shares nothing with the service that counted, so that the two do
not err together; it needs the standard library and ``cryptography``.
"""

from piaojue_verify.keys import UnusableKey
from piaojue_verify.report import Check, Report
from piaojue_verify.strict import NotARecord, read
from piaojue_verify.verifying import verify, verify_bytes

__all__ = ["Check", "NotARecord", "Report", "UnusableKey", "read", "verify", "verify_bytes"]
