"""Room 1: HL7 bytes in, an acknowledgment out."""
