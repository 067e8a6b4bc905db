//! Who calls: bearer tokens and the names they stand for.

use subtle::{Choice, ConditionallySelectable as _, ConstantTimeEq as _};

use crate::base::digest::Digest;

/// An authenticated caller, as a request carries it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::mcp) struct Principal(pub(in crate::mcp) String);

/// Tokens, by digest, and the principal each stands for. A principal may have several, so that one can be replaced
/// while both are good. The tokens themselves are not kept.
#[derive(Clone, Default)]
pub struct Principals(Vec<(String, [u8; 64])>);

impl Principals {
    /// Adds a token of `name` by its digest.
    pub fn add(&mut self, name: impl Into<String>, token: &Digest) {
        self.0.push((name.into(), hex(token)));
    }

    /// Whether nobody can be let in.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The names, each once, in the order they were added.
    #[must_use]
    pub fn names(&self) -> Vec<&str> {
        let mut names: Vec<&str> = Vec::new();
        for (name, _) in &self.0 {
            if !names.contains(&name.as_str()) {
                names.push(name);
            }
        }
        names
    }

    /// The principal of a token. Takes the same time for every token, right or wrong, and tells nothing of how much of
    /// it was right: digests are compared, all of them, each to its end.
    #[must_use]
    pub fn of(&self, token: &str) -> Option<&str> {
        let given = hex(&Digest::of_bytes(token.as_bytes()));
        // Counted from one; zero is nobody.
        let mut found = 0_u64;
        for (place, (_, digest)) in (1_u64..).zip(&self.0) {
            let same: Choice = given.as_slice().ct_eq(digest.as_slice());
            found.conditional_assign(&place, same);
        }
        let at = usize::try_from(found).ok()?.checked_sub(1)?;
        self.0.get(at).map(|(name, _)| name.as_str())
    }
}

impl std::fmt::Debug for Principals {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Principals").field(&self.names()).finish()
    }
}

/// The 64 hexadecimal digits of a digest.
fn hex(digest: &Digest) -> [u8; 64] {
    let mut out = [0; 64];
    let text = digest.as_str();
    let digits = text.strip_prefix("sha256:").unwrap_or(text).as_bytes();
    for (to, from) in out.iter_mut().zip(digits) {
        *to = *from;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(token: &str) -> Digest {
        Digest::of_bytes(token.as_bytes())
    }

    #[test]
    fn a_token_names_its_principal_and_nothing_else_does() {
        let mut all = Principals::default();
        all.add("ada", &of("token-of-ada"));
        all.add("grace", &of("token-of-grace"));
        all.add("ada", &of("the-next-token-of-ada"));
        assert_eq!(all.of("token-of-ada"), Some("ada"));
        assert_eq!(all.of("the-next-token-of-ada"), Some("ada"));
        assert_eq!(all.of("token-of-grace"), Some("grace"));
        for wrong in ["", "token-of-ad", "token-of-adaa", "Token-of-ada", "sha256:"] {
            assert_eq!(all.of(wrong), None, "{wrong}");
        }
        // The digest is no token: who reads the file of tokens cannot call.
        assert_eq!(all.of(of("token-of-ada").as_str()), None);
        assert_eq!(all.names(), ["ada", "grace"]);
        assert_eq!(Principals::default().of("x"), None);
    }

    #[test]
    fn tokens_do_not_print() {
        let mut all = Principals::default();
        all.add("ada", &of("token-of-ada"));
        assert_eq!(format!("{all:?}"), "Principals([\"ada\"])");
    }
}
