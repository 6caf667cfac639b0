"""`fcos-mm detect --shards`: many pictures on many workers, by Ray."""
