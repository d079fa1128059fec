#!/usr/bin/env python3
"""The cases about cgroups where the machine shows no hierarchy but those of cgroup v1."""
from test_conformance_cases import main

if __name__ == "__main__":
    main(view="v1", part="cgroups.")
