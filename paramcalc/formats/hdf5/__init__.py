"""HDF5 files, as far as Keras' need it: groups, string attributes, shapes and types of datasets. Never their data.

The usual library is native code that a file of a few kilobytes can send into an endless loop, which nothing in the
process can stop. This reader follows the HDF Group's "File Format Specification Version 3.0" and needs time and memory
in proportion to the file's size, whatever the file contains.
"""

from paramcalc.formats.hdf5.objects import Dataset, Object, open_hdf5
from paramcalc.formats.hdf5.superblock import SIGNATURE

__all__ = ["SIGNATURE", "Dataset", "Object", "open_hdf5"]
