"""What is wrong in a configuration, at its place in the file; InputError is made of it where the file is known."""

from paramcalc.errors import DocPath

COUNT_IT = (
    "its checkpoint can be counted all the same: give paramcalc the .safetensors file, or the folder of the model"
)


class ConfigError(Exception):
    """Something in the file is wrong, at this place of it."""

    def __init__(self, message: str, where: DocPath = ()) -> None:
        super().__init__(message)
        self.where = where


class NotBuiltError(ConfigError):
    """The file is right, as far as can be seen, but its network is not known here."""
