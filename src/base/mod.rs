//! Row 9: words without a domain. Clock, seeded randomness, digests, compression, pointers, files, YAML with positions, trees
//! that borrow, text care, addresses, trace contexts.

pub mod address;
pub mod both;
pub mod clock;
pub mod csv;
pub mod digest;
pub mod exact;
pub mod fs;
pub mod ids;
pub mod name;
pub mod pack;
pub mod phrase;
pub mod pointer;
pub mod redact;
pub mod rng;
pub mod secret;
pub mod ssh;
pub mod ssh_sign;
pub mod stop;
pub mod text;
pub mod trace;
pub mod tree;
pub mod yaml;
