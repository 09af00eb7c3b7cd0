//! What the engine may rely on.
