"""HTTP for services: the decorator ``http``, who may call, what a method is given and gives back.

A method answers at ``/<service name><path>``, whether its service has a port of its own or shares one.
"""

from chassis.correlation import current_correlation_id
from chassis.http.access import INTERNAL, PUBLIC, Access, bearer, public_and
from chassis.http.entrypoint import address_of, http, routes
from chassis.http.messages import Answer, Call, Content
from chassis.http.problems import status_of
from chassis.http.routing import Route

__all__ = [
    "INTERNAL",
    "PUBLIC",
    "Access",
    "Answer",
    "Call",
    "Content",
    "Route",
    "address_of",
    "bearer",
    "current_correlation_id",
    "http",
    "public_and",
    "routes",
    "status_of",
]
