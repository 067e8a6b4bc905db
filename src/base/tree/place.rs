//! Places in a document: kept as the steps that lead there, written out only where somebody asks. A reader passes
//! hundreds of thousands of places, and keeps few.

use super::Arena;
use crate::base::pointer;

/// A place in a document. Copied for nothing; [`std::fmt::Display`] writes its pointer (RFC 6901), with the leading `#`
/// and before that the file's name where it is not the description itself.
#[derive(Clone, Copy)]
pub struct Place<'d>(&'d Step<'d>);

struct Step<'d> {
    parent: Option<Place<'d>>,
    token: Token<'d>,
}

enum Token<'d> {
    /// A whole pointer.
    Start(&'d str),
    Key(&'d str),
    Index(usize),
}

impl<'d> Place<'d> {
    /// The place that a whole pointer names.
    #[must_use]
    pub fn start(arena: &'d Arena, pointer: &'d str) -> Self {
        Self(arena.0.alloc(Step { parent: None, token: Token::Start(pointer) }))
    }

    /// The place of a key below this one.
    #[must_use]
    pub fn key(self, arena: &'d Arena, key: &'d str) -> Self {
        Self(arena.0.alloc(Step { parent: Some(self), token: Token::Key(key) }))
    }

    /// The place of an item below this one.
    #[must_use]
    pub fn index(self, arena: &'d Arena, index: usize) -> Self {
        Self(arena.0.alloc(Step { parent: Some(self), token: Token::Index(index) }))
    }

    /// How many steps lead here from the top of the document.
    #[must_use]
    pub fn depth(self) -> usize {
        let mut here = self.0;
        let mut depth = 0;
        while let Some(Place(parent)) = here.parent {
            depth += 1;
            here = parent;
        }
        let Token::Start(text) = here.token else { return depth };
        depth + text.split_once('#').map_or(text, |(_, inside)| inside).matches('/').count()
    }

    /// The file it is in: empty for the description itself.
    #[must_use]
    pub fn file(self) -> &'d str {
        let mut here = self.0;
        while let Some(Place(parent)) = here.parent {
            here = parent;
        }
        if let Token::Start(text) = here.token { text.split('#').next().unwrap_or_default() } else { "" }
    }

    fn length(self) -> usize {
        let own = match self.0.token {
            Token::Start(text) => text.len(),
            Token::Key(key) => key.len() + 1,
            Token::Index(_) => 3,
        };
        own + self.0.parent.map_or(0, Self::length)
    }

    fn write(self, out: &mut String) {
        if let Some(parent) = self.0.parent {
            parent.write(out);
        }
        match self.0.token {
            Token::Start(text) => out.push_str(text),
            Token::Key(key) => pointer::push(out, key),
            Token::Index(index) => {
                use std::fmt::Write as _;
                // Writing to a String does not fail.
                let _ = write!(out, "/{index}");
            }
        }
    }

    /// Its pointer.
    #[must_use]
    pub fn pointer(self) -> String {
        let mut out = String::with_capacity(self.length() + 4);
        self.write(&mut out);
        out
    }
}

impl std::fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.pointer())
    }
}

impl std::fmt::Debug for Place<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.pointer())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_writes_the_pointer_that_leads_to_it() {
        let arena = Arena::default();
        let at = Place::start(&arena, "a.yaml#").key(&arena, "paths").key(&arena, "/a~b").index(&arena, 12);
        assert_eq!(at.to_string(), "a.yaml#/paths/~1a~0b/12");
        assert_eq!((at.depth(), at.file()), (3, "a.yaml"));
        assert_eq!(Place::start(&arena, "#/components/schemas/X").depth(), 3);
    }
}
