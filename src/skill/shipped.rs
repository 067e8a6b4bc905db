//! Our own skill as this program was built with it: what an installed binary serves without a checkout.

/// Its files: path below the skill's directory, with `/`, and content; by path. `SKILL.md`, `references` and `evals` as
/// they lie in the skill's directory; `examples`, `resources` and `tests` as they lie beside it. Written by `build.rs`.
pub const SHIPPED: &[(&str, &[u8])] = include!(concat!(env!("OUT_DIR"), "/shipped.rs"));

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_a_skill_and_its_paths_are_in_order() {
        assert!(SHIPPED.iter().any(|(path, _)| *path == super::super::MAIN));
        assert!(SHIPPED.is_sorted_by(|a, b| a.0 < b.0));
    }
}
