"""The lowest layer: periods, encryption, errors and clock. It knows no word of the domain."""
