"""``piaojue region``: what a region needs before its first start, made once, in one folder."""
