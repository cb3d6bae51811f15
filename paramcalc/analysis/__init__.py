"""From a Model to what people ask of it: shapes, counts, memory, explanations, differences."""
