"""What the rules speak of: frozen dataclasses and enums, without I/O."""
