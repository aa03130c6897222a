"""More than one machine: hosts with addresses of their own on this one.  Run by `make scale-test`, not by `make test`."""
