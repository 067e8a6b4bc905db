//! The connector against a scripted world.
