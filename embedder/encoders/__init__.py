"""Encoders: texts to vectors, with torch or OpenVINO."""
