"""``make bench``: what Piaojue reaches on this machine, beside what plain nameko reaches in the same run."""
