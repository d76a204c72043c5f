"""The store of record: every finished run, versioned and checksummed; readers never see half a run."""

from leefraster.store.field_store import FieldStore
from leefraster.store.run_id import new_run_id
from leefraster.store.store import Freed, Store
from leefraster.store.unfinished import UnfinishedRunWarning

__all__ = ["FieldStore", "Freed", "Store", "UnfinishedRunWarning", "new_run_id"]
