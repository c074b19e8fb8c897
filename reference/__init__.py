"""The courseworks, one folder of data each, and the two scripts that lay them out."""
