//! JSON pointers (RFC 6901).

use serde_json::Value;

/// `token` with `~` and `/` escaped.
#[must_use]
pub fn escape(token: &str) -> String {
    token.replace('~', "~0").replace('/', "~1")
}

/// `token` with `~1` and `~0` read back.
#[must_use]
pub fn unescape(token: &str) -> String {
    token.replace("~1", "/").replace("~0", "~")
}

/// `base` with one more token.
#[must_use]
pub fn join(base: &str, token: &str) -> String {
    let mut out = String::with_capacity(base.len() + token.len() + 3);
    out.push_str(base);
    push(&mut out, token);
    out
}

/// Adds one more token to a pointer.
pub fn push(pointer: &mut String, token: &str) {
    pointer.push('/');
    let mut rest = token;
    while let Some(at) = memchr::memchr2(b'~', b'/', rest.as_bytes()) {
        pointer.push_str(rest.get(..at).unwrap_or_default());
        pointer.push_str(if rest.as_bytes().get(at) == Some(&b'~') { "~0" } else { "~1" });
        rest = rest.get(at + 1..).unwrap_or_default();
    }
    pointer.push_str(rest);
}

/// The value a pointer leads to. A fragment's `#` and percent-encoding are accepted.
#[must_use]
pub fn resolve<'v>(root: &'v Value, pointer: &str) -> Option<&'v Value> {
    let pointer = pointer.strip_prefix('#').unwrap_or(pointer);
    if !pointer.contains('%') {
        return root.pointer(pointer);
    }
    let decoded = percent_encoding::percent_decode_str(pointer).decode_utf8().ok()?;
    root.pointer(&decoded)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_path_template_survives_escaping() {
        let doc = json!({"paths": {"/v1/a~b": {"get": 1}}});
        let at = join(&join("#/paths", "/v1/a~b"), "get");
        assert_eq!(at, "#/paths/~1v1~1a~0b/get");
        assert_eq!(resolve(&doc, &at), Some(&json!(1)));
        assert_eq!(resolve(&doc, "#/paths/%2Fv1"), None);
        assert_eq!(unescape("~1v1~1a~0b"), "/v1/a~b");
    }
}
