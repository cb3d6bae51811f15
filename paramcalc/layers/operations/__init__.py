"""Shape rules of bare operations: functions of Keras and TensorFlow that stand in a graph as layers do."""
