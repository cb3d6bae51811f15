"""Which of PyTorch's modules a converter for microcontrollers fuses; see `paramcalc.layers.fusion`."""

from paramcalc.layers.fusion import Roles

ROLES: Roles = {
    **dict.fromkeys(("Linear", "Conv1d", "Conv2d", "Conv3d", "ConvTranspose2d"), "product"),
    **dict.fromkeys(("Add", "Mul", "Cat", "MaxPool2d", "AvgPool2d"), "operation"),
    **dict.fromkeys(("BatchNorm1d", "BatchNorm2d", "BatchNorm3d"), "normalisation"),
    **dict.fromkeys(("ReLU", "ReLU6"), "activation"),
    **dict.fromkeys(("Dropout", "Dropout1d", "Dropout2d", "Dropout3d", "AlphaDropout", "Identity"), "nothing"),
}
