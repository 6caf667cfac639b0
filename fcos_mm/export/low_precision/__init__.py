"""Fewer bits: float16 and 8-bit integers, and which layers keep float32."""
