"""Arrays that kernels only read, as one kind: kernels are compiled apart for those that can be written.

Some come that cannot, as the ids of an index, and some that can.
"""

from __future__ import annotations


def read_only(array):
    """Return an array seen as one that is not written."""
    view = array.view()
    view.flags.writeable = False
    return view
