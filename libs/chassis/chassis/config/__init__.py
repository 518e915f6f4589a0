"""Configuration: typed settings from defaults, then a YAML file, then the environment; read once, at start.

A service declares what it needs beyond the common settings as a list of :class:`Setting`, which also makes
its part of ``docs/configuration.md``. All that is wrong is reported at once, by key, by
:class:`ConfigurationFaults`; a secret's value is in none of it.
"""

from chassis.config.common import COMMON
from chassis.config.declared import Declared, Setting, Settings, declared_services, settings_for
from chassis.config.loading import ConfigurationFaults, Fault, load_settings
from chassis.config.page import configuration_page
from chassis.config.rules import Address, Amount, Choice, Host, Listed, Location, Switch, Text, Url, Whole

__all__ = [
    "COMMON",
    "Address",
    "Amount",
    "Choice",
    "ConfigurationFaults",
    "Declared",
    "Fault",
    "Host",
    "Listed",
    "Location",
    "Setting",
    "Settings",
    "Switch",
    "Text",
    "Url",
    "Whole",
    "configuration_page",
    "declared_services",
    "load_settings",
    "settings_for",
]
