//! `sha256`

use std::fmt::Write as _;
use std::sync::Arc;

use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::{Fault, Op, Transform, example, no_argument, text};
use crate::mapping::kind::Kind;
use crate::model::TypeSet;

pub(super) static TRANSFORM: Transform = Transform {
    name: "sha256",
    usage: "sha256",
    summary: "SHA-256 of the text's UTF-8 bytes, as 64 hexadecimal digits.",
    takes: TypeSet::STRING,
    gives: TypeSet::STRING,
    fallible: false,
    examples: &[
        example("sha256", r#""""#, r#""e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855""#),
        example("sha256", r#""abc""#, r#""ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad""#),
    ],
    compile: |argument| {
        no_argument(argument)?;
        Ok(Arc::new(Hash))
    },
};

#[derive(Debug)]
struct Hash;

impl Op for Hash {
    fn apply(&self, input: &Value, _record: &Value) -> Result<Option<Value>, Fault> {
        let digest = Sha256::digest(text("sha256", input)?.as_bytes());
        let mut hex = String::with_capacity(64);
        for byte in digest {
            let _ = write!(hex, "{byte:02x}"); // writing to a string cannot fail
        }
        Ok(Some(Value::String(hex)))
    }

    fn flow(&self, _input: &Kind) -> Kind {
        Kind { min_length: 64, max_length: Some(64), ..Kind::of(TypeSet::STRING) }
    }
}
