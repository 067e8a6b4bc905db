//! Secrets are references, never values (law 8).

use std::path::PathBuf;

/// Where a secret lies: `env:NAME` or `file:PATH`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, serde::Serialize)]
#[serde(into = "String")]
pub enum SecretRef {
    /// An environment variable.
    Env(String),
    /// A file whose content, without the last line break, is the secret.
    File(PathBuf),
}

impl From<SecretRef> for String {
    fn from(r: SecretRef) -> Self {
        r.to_string()
    }
}

impl std::fmt::Display for SecretRef {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Env(name) => write!(f, "env:{name}"),
            Self::File(path) => write!(f, "file:{}", path.display()),
        }
    }
}

impl SecretRef {
    /// Reads a reference; anything else is taken for a value and refused by the caller.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        if let Some(name) = text.strip_prefix("env:") {
            let valid = !name.is_empty()
                && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
                && !name.as_bytes()[0].is_ascii_digit();
            return valid.then(|| Self::Env(name.to_owned()));
        }
        let path = text.strip_prefix("file:")?;
        (!path.is_empty()).then(|| Self::File(PathBuf::from(path)))
    }
}

/// A secret's value. It does not print.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Takes the value.
    #[must_use]
    pub const fn new(value: String) -> Self {
        Self(value)
    }

    /// The value, for the one place that puts it on the wire.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret(***)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_references_are_taken() {
        assert_eq!(SecretRef::parse("env:A_1"), Some(SecretRef::Env("A_1".into())));
        assert_eq!(SecretRef::parse("file:/run/x"), Some(SecretRef::File("/run/x".into())));
        for value in ["sk_live_1", "env:", "env:1A", "env:A B", "file:", ""] {
            assert_eq!(SecretRef::parse(value), None, "{value}");
        }
        assert_eq!(format!("{:?}", Secret::new("x".into())), "Secret(***)");
    }
}
