#!/usr/bin/env python3
"""The tests of cgroups where the machine shows nothing but the unified hierarchy."""
from harness import main
from test_cgroups import Limits, Membership, Places, Removal  # noqa: F401
from test_control import Ends, Freezing, Updates  # noqa: F401

if __name__ == "__main__":
    main(view="v2")
