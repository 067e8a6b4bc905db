//! Row 2: the use cases as MCP tools; the only room that names `rmcp`. One handler speaks both protocol eras.
//! stdout carries the protocol and nothing else (law 11).

mod http;
mod human;
mod prompts;
mod resources;
mod schema;
mod server;
mod skills;
mod spans;
mod tool;

pub use http::{HttpOptions, Limits, Listening, PATH, Principals, Tls, serve_handler, serve_http};
pub use server::{Server, serve_stdio};
pub use tool::names;
