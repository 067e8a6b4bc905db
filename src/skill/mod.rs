//! Row 7: a skill artifact as read (agentskills.io): its files, front matter, sections, links, code, and the project
//! around it. What is wrong with it is for `verify` to say.

mod document;
mod frontmatter;
mod mark;
mod markdown;
mod places;
mod project;
mod shipped;
mod tree;

pub use document::{Block, Cell, Comment, ConfidenceLine, Document, Link, LinkKind, Section, Span, Table};
pub use frontmatter::{FrontMatter, KEYS, NoFrontMatter, byte_at, parse as parse_front_matter};
pub use mark::Mark;
pub use project::{LoadError, Project, Skill, load, looks_like_home, nearest};
pub use shipped::SHIPPED;
pub use tree::{Content, File, Leads, MAX_FILE, Tree, resolve};

/// The document that makes a directory a skill.
pub const MAIN: &str = "SKILL.md";
