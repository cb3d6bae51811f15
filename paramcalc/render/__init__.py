"""Summary → what people and programs read. rich is imported here and nowhere else, and only for colour."""
