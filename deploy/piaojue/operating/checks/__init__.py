"""What ``piaojue doctor`` checks; each check is a function that yields findings, and changes nothing."""
