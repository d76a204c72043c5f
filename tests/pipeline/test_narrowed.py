"""Values are kept in fewer bytes without any that is not 0 turning into 0."""

import numpy as np

from leefraster.pipeline.local_statistics import narrowed


def test_small_values_keep_their_sign_and_do_not_vanish():
    values = np.array([0.0, 1e-300, -1e-60, 0.05, np.nan])
    narrow = narrowed(values, np.float32)
    tiny = np.finfo(np.float32).tiny
    np.testing.assert_array_equal(narrow, np.array([0, tiny, -tiny, 0.05, np.nan], np.float32))
    assert narrowed(np.array([3, 0], np.int8), np.int8).tolist() == [3, 0]
