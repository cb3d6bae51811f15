"""The layers of torch.nn, with PyTorch's fields, defaults, weight names and layouts."""
