//! Whether a text is a `.proto` file, by how it starts.

use super::lex::{Kind, Lexer};

/// Most lines that are looked through for a definition.
const MOST_LINES: usize = 5_000;

/// A text that says so (`syntax = "proto3";`), or starts as such files do and defines a message, a service or an enumeration.
pub(in crate::readers) fn sniff(text: &str) -> bool {
    let mut lexer = Lexer::new(text);
    let [first, second, third] = [lexer.next(), lexer.next(), lexer.next()];
    if first.kind != Kind::Word {
        return false;
    }
    match first.text {
        "syntax" => second.is(b'=') && third.kind == Kind::Text && third.text.contains("proto"),
        "edition" => second.is(b'=') && third.kind == Kind::Text && third.text.contains("20"),
        "message" | "service" => second.kind == Kind::Word && third.is(b'{'),
        // Other languages have these too.
        "package" => second.kind == Kind::Word && defines(text),
        "import" => (second.kind == Kind::Text || third.kind == Kind::Text) && defines(text),
        "option" | "extend" | "enum" => matches!(second.kind, Kind::Word | Kind::Mark(b'(')) && defines(text),
        _ => false,
    }
}

fn defines(text: &str) -> bool {
    text.lines().take(MOST_LINES).any(|line| {
        let mut words = line.split_whitespace();
        let known = matches!(words.next(), Some("message" | "service"));
        known && !line.contains(':') && words.next().is_some() && line.trim_end().ends_with(['{', '}'])
            || line.starts_with("syntax = \"proto")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_told_from_other_texts() {
        for text in [
            "// Licence\n\nsyntax = \"proto3\";",
            "edition = '2023';",
            "message A {}",
            "package a.b;\nimport \"x.proto\";\nmessage A {\n}\n",
            "enum A { B = 0; }\nmessage C {\n}\n",
        ] {
            assert!(sniff(text), "{text}");
        }
        for text in [
            "",
            "syntax: proto3",
            "package main\n\nimport \"fmt\"\n",
            "package a.b;\n\npublic enum X {\n}\n",
            "import x from \"y\";\ntype A = { b: string };\n",
            "enum A { B C }\ntype Query { a: A }\n",
            "extend type Query { message: String }\n",
            "message: {a: 1}",
            "# x\nmessage A {",
        ] {
            assert!(!sniff(text), "{text}");
        }
    }
}
