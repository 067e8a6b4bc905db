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
    format!("{base}/{}", escape(token))
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
