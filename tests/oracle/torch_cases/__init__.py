"""Tables of what PyTorch is asked: a module of torch.nn, its options, and the whole shapes of its inputs."""
