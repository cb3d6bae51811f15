"""Why paramcalc may differ from an older loader: reason → a pattern that every difference of such a case matches."""

MEANT = {
    "an operation that is refused by its name": r"is not known, so its output shape is not",
    "the loader cannot read what it wrote itself": r"accepted, Keras refuses",
    "nothing is left": r"leaves nothing of",
    "a product that no input can run through": r"cannot contract|rgb_to_yiq|outputs: .*3, 9, 3\]\], para",
    "Keras 1 took an Embedding's input_length for the length of any input": r"^keras1 .*rank 3 \(batch, length, chann",
    "Keras 1 did not write where some layers have the channels: these were made with others than all the rest": (
        r"^keras1 (15|51|82|106|121|138|139):"
    ),
    "Keras 1 did not keep the name of a Sequential in a functional model": r"^keras1 .*no row: Sequential",
    "an unknown size merged with a known one is unknown, as in Keras 3": r"^tf2\.9_models 102:",
    "TensorFlow 2.3 to 2.9 did not freeze a Bidirectional whose layer is not frozen": r"^tf2\.[39]_models .*trainable",
    "TensorFlow.js' shapes of Resizing, CenterCrop and too large windows are not what comes out": (
        r"^tfjs .*(Keras \[|is larger than its input|expects an input of rank)"
    ),
}
