"""Adapters of PEFT: adds what `--lora` or an adapter_config.json describes to a model.

config.py   `--lora 16:q_proj`, or an adapter_config.json → which layers are adapted, frozen, or copied
regex.py    the patterns in it, matched in time that grows with the names alone
apply.py    a model → the adapted model
folder.py   an adapter with its base
"""
