"""HDF5 files, as far as Keras' need it: groups, the texts of attributes, shapes and types of datasets. Never data.

The library that everybody else reads them with is native code which a few kilobytes can make loop for ever, and
nothing in the process can stop it. This reader follows the HDF Group's "File Format Specification Version 3.0", and
takes time and memory in proportion to the file, whatever it says.
"""

from paramcalc.formats.hdf5.objects import Dataset, Object, open_hdf5
from paramcalc.formats.hdf5.superblock import SIGNATURE

__all__ = ["SIGNATURE", "Dataset", "Object", "open_hdf5"]
