//! `pseudonym`

use std::fmt::Write as _;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::Value;
use sha2::Sha256;

use super::{Fault, Op, Transform, example, text};
use crate::base::secret::{Secret, SecretRef};
use crate::base::yaml::Node;
use crate::mapping::kind::Kind;
use crate::model::TypeSet;

/// What pseudonyms are made with where there is no key: in `check`, on samples and in the lab. It is written in the
/// documentation, so what is made with it hides nothing; a run never uses it.
pub const TEST_KEY: &str = "platform-integration test key, not a secret";

/// Fewest bytes of a key: as long as what SHA-256 gives (RFC 2104 section 3).
pub const SHORTEST_KEY: usize = 32;

pub(super) static TRANSFORM: Transform = Transform {
    name: "pseudonym",
    usage: r#"{pseudonym: {key: env:NAME}}; beside it as: base64url (hex where nothing is said) and length: 32, the characters to keep"#,
    summary: "HMAC-SHA-256 (RFC 2104) of the text under a secret key of at least 32 bytes: the same text gives the same pseudonym, and without \
              the key nobody finds the text by trying. Cut to no fewer than 80 bits (20 characters of hex, 14 of base64url): of a million \
              texts two are then alike once in 2 million million times. Another key gives other pseudonyms. Checks, samples and the lab use a \
              test key; a run refuses to start without the real one.",
    takes: TypeSet::STRING,
    gives: TypeSet::STRING,
    fallible: false,
    examples: &[
        example(
            "{pseudonym: {key: env:PSEUDONYM_KEY}}",
            r#""ada@example.com""#,
            r#""5ea15689f633caaefb8e8e700e21cc0f548fddf59d6a2606447b8e7b9a52d7ad""#,
        ),
        example(
            "{pseudonym: {key: env:PSEUDONYM_KEY, as: base64url, length: 22}}",
            r#""ada@example.com""#,
            r#""XqFWifYzyq77jo5wDiHMD1""#,
        ),
    ],
    compile: |argument| Ok(Arc::new(Pseudonym::read(argument)?)),
};

const NEEDS: &str = "needs its key by reference, as in {key: env:NAME} or {key: file:PATH}";

/// How the 256 bits are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Hex,
    Base64Url,
}

impl Form {
    /// Characters of 80 bits, and of all.
    const fn lengths(self) -> (usize, usize) {
        match self {
            Self::Hex => (20, 64),
            Self::Base64Url => (14, 43),
        }
    }
}

#[derive(Clone)]
struct Pseudonym {
    reference: SecretRef,
    form: Form,
    length: usize,
    /// Ready to work: the key is put in once.
    mac: Hmac<Sha256>,
}

impl std::fmt::Debug for Pseudonym {
    /// Without what was made of the key.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Pseudonym")
            .field("key", &self.reference)
            .field("form", &self.form)
            .field("length", &self.length)
            .finish_non_exhaustive()
    }
}

impl Pseudonym {
    /// Of what is wrong nothing is repeated: it may be a key.
    fn read(argument: Option<&Node>) -> Result<Self, String> {
        let argument = argument.ok_or_else(|| NEEDS.to_owned())?;
        if argument.entries().unwrap_or_default().iter().any(|e| !["key", "as", "length"].contains(&e.key.as_str())) {
            return Err("has no keys but key, as and length".to_owned());
        }
        let key = argument.get("key").and_then(Node::as_str);
        let reference = key.and_then(SecretRef::parse).ok_or_else(|| NEEDS.to_owned())?;
        let form = match argument.get("as").map(Node::as_str) {
            None | Some(Some("hex")) => Form::Hex,
            Some(Some("base64url")) => Form::Base64Url,
            Some(_) => return Err("is written as hex or as base64url".to_owned()),
        };
        let (least, all) = form.lengths();
        let length = match argument.get("length") {
            None => all,
            Some(node) => {
                let length = node.to_value().as_u64().and_then(|n| usize::try_from(n).ok());
                length.filter(|n| (least..=all).contains(n)).ok_or_else(|| {
                    format!(
                        "has a length from {least} to {all} characters: fewer than 80 bits would make two people one"
                    )
                })?
            }
        };
        Ok(Self { reference, form, length, mac: under(TEST_KEY) })
    }
}

fn under(key: &str) -> Hmac<Sha256> {
    Hmac::<Sha256>::new_from_slice(key.as_bytes()).expect("HMAC takes a key of any length (RFC 2104)")
}

impl Op for Pseudonym {
    fn apply(&self, input: &Value, _record: &Value) -> Result<Option<Value>, Fault> {
        let mut mac = self.mac.clone();
        mac.update(text("pseudonym", input)?.as_bytes());
        let code = mac.finalize().into_bytes();
        let mut out = match self.form {
            Form::Base64Url => URL_SAFE_NO_PAD.encode(code),
            Form::Hex => {
                let mut hex = String::with_capacity(64);
                for byte in code {
                    let _ = write!(hex, "{byte:02x}"); // writing to a string cannot fail
                }
                hex
            }
        };
        out.truncate(self.length);
        Ok(Some(Value::String(out)))
    }

    fn flow(&self, _input: &Kind) -> Kind {
        let length = self.length as u64;
        Kind { min_length: length, max_length: Some(length), ..Kind::of(TypeSet::STRING) }
    }

    fn key(&self) -> Option<&SecretRef> {
        Some(&self.reference)
    }

    fn keyed(&self, key: &Secret) -> Result<Option<Arc<dyn Op>>, String> {
        let length = key.expose().len();
        if length < SHORTEST_KEY {
            return Err(format!("is {length} bytes long: a key of pseudonyms has at least {SHORTEST_KEY}"));
        }
        Ok(Some(Arc::new(Self { mac: under(key.expose()), ..self.clone() })))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::yaml::{Limits, parse};

    fn of(argument: &str) -> Result<Pseudonym, String> {
        Pseudonym::read(Some(&parse(argument, Limits::default()).expect("yaml")))
    }

    fn made(op: &dyn Op, input: &str) -> Option<Value> {
        op.apply(&Value::from(input), &Value::Null).expect("a text")
    }

    #[test]
    fn it_is_the_hmac_of_rfc_4231() {
        // Test case 2, with a key that is shorter than a contract may have.
        let pseudonym = Pseudonym { mac: under("Jefe"), ..of("{key: env:K}").expect("read") };
        let want = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";
        assert_eq!(made(&pseudonym, "what do ya want for nothing?"), Some(want.into()));
    }

    #[test]
    fn a_key_is_a_reference_and_what_was_written_instead_is_not_repeated() {
        for bad in ["{key: hunter2hunter2hunter2hunter2}", "{key: [x]}", "hunter2", "{}", "{as: hex}"] {
            assert_eq!(of(bad).map(|_| ()), Err(NEEDS.to_owned()), "{bad}");
        }
        assert_eq!(of("{key: env:K, salt: hunter2}").map(|_| ()), Err("has no keys but key, as and length".to_owned()));
        assert!(of("{key: env:K, as: base32}").is_err());
        for (bad, good) in [("length: 19", "length: 20"), ("length: 65", "length: 64"), ("length: x", "as: hex")] {
            assert!(of(&format!("{{key: env:K, {bad}}}")).is_err(), "{bad}");
            assert!(of(&format!("{{key: env:K, {good}}}")).is_ok(), "{good}");
        }
    }

    #[test]
    fn another_key_gives_another_pseudonym_and_a_weak_one_is_refused() {
        let test = of("{key: env:K}").expect("read");
        let with = |key: &str| test.keyed(&Secret::new(key.to_owned())).map(|op| op.and_then(|op| made(&*op, "a")));
        let (one, other) = (with(&"1".repeat(32)), with(&"2".repeat(32)));
        assert!(one.is_ok() && one != other && one != Ok(made(&test, "a")));
        assert_eq!(with("short"), Err("is 5 bytes long: a key of pseudonyms has at least 32".to_owned()));
        assert_eq!(with(TEST_KEY), Ok(made(&test, "a")));
        assert!(!format!("{test:?}").contains("mac"));
    }
}
