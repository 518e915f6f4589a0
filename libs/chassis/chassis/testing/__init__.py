"""For tests, of this project and of others: fakes of the ports, and for each port one suite of tests, a
class to inherit from, that runs on the fake and on the real thing alike.

``from chassis.testing.bus import BusContract, FakeBus`` and so on. The tests of a suite ask for fixtures by
name; the class that inherits says which.
"""
