"""Problems in a configuration, with their places; they become an InputError where the file is known."""

from paramcalc.errors import DocPath

COUNT_IT = (
    "its checkpoint can be counted all the same: give paramcalc the .safetensors file, or the folder of the model"
)


class ConfigError(Exception):
    """Something at this place in the file is wrong."""

    def __init__(self, message: str, where: DocPath = ()) -> None:
        super().__init__(message)
        self.where = where


class NotBuiltError(ConfigError):
    """The file seems right, but its network is not supported."""
