"""What a service is made of: its base class, what it is provided with, how it is run."""

from chassis.service.base import Service, release_of
from chassis.service.observing import Observed
from chassis.service.provided import Configured, Made, Plugged, Secret
from chassis.service.running import Running
from chassis.service.timing import timer

__all__ = ["Configured", "Made", "Observed", "Plugged", "Running", "Secret", "Service", "release_of", "timer"]
