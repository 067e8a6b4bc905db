//! `jq:` rules, the escape hatch of the mapping language: programs of the `jaq` crates, held to what a mapping may do.
//!
//! A program reads the record and nothing else: no files, no environment, no clock, no further input. It ends: what
//! repeats without a bound is refused when it is compiled ([`guard`]), and every value that a step produces is paid for
//! out of a budget ([`library`]), so that a program that multiplies values stops with `jq-too-costly`. It gives one value
//! for a record, or none; more are an error, since nobody would know which was meant.

mod guard;
mod library;
mod value;

use std::fmt;
use std::ops::Range;

use jaq_core::data::JustLut;
use jaq_core::load::parse::Def;
use jaq_core::load::{Arena, File, Lexer, Loader, Parser, span};
use jaq_core::{Compiler, Ctx, Vars};
use serde_json::Value;

use self::library::{Data, metered};
use super::path::Path;
use super::transforms::Fault;

/// Longest program, in bytes: more is a program of its own and belongs into one.
pub const LONGEST: usize = 2_000;
/// Deepest nesting of brackets in the text.
const DEEPEST: usize = 32;
/// Stack of the thread that compiles: parsing recurses with the text. Only what is used of it costs memory.
const STACK: usize = 128 << 20;

/// A compiled program.
pub struct Program {
    text: String,
    filter: jaq_core::Filter<Data>,
    reads: Vec<Path>,
    whole: bool,
}

impl fmt::Debug for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Program").field(&self.text).finish()
    }
}

/// Why a text is no program that a mapping runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// Bytes of the text that are meant.
    pub at: Range<usize>,
    /// A fragment: what is wrong there.
    pub because: String,
    /// What to do, as an imperative.
    pub fix: String,
}

impl Refusal {
    fn new(at: Range<usize>, because: impl Into<String>, fix: impl Into<String>) -> Self {
        Self { at, because: because.into(), fix: fix.into() }
    }
}

impl Program {
    /// Reads and compiles a program.
    ///
    /// # Errors
    /// The first thing that is wrong with it, with its place in the text.
    pub fn compile(text: &str) -> Result<Self, Refusal> {
        if text.len() > LONGEST {
            let because = format!("has {} bytes, more than {LONGEST}", text.len());
            return Err(Refusal::new(
                0..text.len(),
                because,
                "split it over several rules, or prepare the value at the source",
            ));
        }
        if let Some(at) = too_deep(text) {
            let because = format!("nests brackets deeper than {DEEPEST}");
            return Err(Refusal::new(at..at + 1, because, "take it apart into several rules"));
        }
        // A thread of its own: the parser recurses as deep as the text wants, and a small stack would end the process.
        let compiled = std::thread::scope(|scope| {
            let spawned = std::thread::Builder::new().stack_size(STACK).spawn_scoped(scope, || compile(text));
            spawned.ok().and_then(|thread| thread.join().ok())
        });
        compiled.unwrap_or_else(|| Err(Refusal::new(0..text.len(), "could not be compiled", "write it more simply")))
    }

    /// The program as written.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The fields of the record that it names at its root, as far as they can be told from the text.
    #[must_use]
    pub fn reads(&self) -> &[Path] {
        &self.reads
    }

    /// It takes the record as a whole somewhere, so that any field may be read.
    #[must_use]
    pub const fn reads_all(&self) -> bool {
        self.whole
    }

    /// The value for one record; nothing where the program gives none.
    ///
    /// # Errors
    /// `jq-failed`, `jq-many-values`, `jq-too-costly`; never with a value of the record in the text.
    pub fn run(&self, record: &Value) -> Result<Option<Value>, Fault> {
        let input = value::from_json(record);
        let outcome = metered(|| {
            let ctx = Ctx::<JustLut<jaq_json::Val>>::new(&self.filter.lut, Vars::new([]));
            let mut outputs = self.filter.id.run((ctx, input));
            let first = outputs.next();
            let more = first.as_ref().is_some_and(Result::is_ok) && outputs.next().is_some();
            (first, more)
        });
        let Some((first, more)) = outcome else {
            return Err(Fault::new("jq-too-costly", "makes the jq program exceed its budget of steps and memory"));
        };
        match first {
            None => Ok(None),
            Some(Err(_)) => Err(Fault::new("jq-failed", "makes the jq program end with an error")),
            Some(Ok(_)) if more => {
                Err(Fault::new("jq-many-values", "makes the jq program give more than one value; collect them in [ ]"))
            }
            Some(Ok(value)) => value::to_json(&value)
                .map(Some)
                .ok_or_else(|| Fault::new("jq-failed", "makes the jq program give a value that JSON does not have")),
        }
    }
}

/// Where brackets nest too deep. Brackets in texts count: more than this in one text is as odd.
fn too_deep(text: &str) -> Option<usize> {
    let mut depth = 0usize;
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'(' | b'[' | b'{' => depth += 1,
            b')' | b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > DEEPEST {
            return Some(at);
        }
    }
    None
}

fn compile(text: &str) -> Result<Program, Refusal> {
    if let Some(word) = ["include", "import"].into_iter().find(|w| text.trim_start().starts_with(w)) {
        let at = text.len() - text.trim_start().len();
        let because = format!("begins with {word}, but a mapping reads no other file");
        return Err(Refusal::new(at..at + word.len(), because, "write what it needs into the rule"));
    }
    let tokens = Lexer::new(text).lex().map_err(|errors| {
        let (expected, rest) = errors.into_iter().next().map_or(("token", ""), |(e, rest)| (lexed(&e), rest));
        let at = offset(text, rest);
        Refusal::new(at..text.len(), format!("expected a {expected}"), "mend the syntax; jq's manual has it")
    })?;
    let term = Parser::new(&tokens).parse(Parser::term).map_err(|errors| {
        let Some((expected, found)) = errors.into_iter().next() else {
            return Refusal::new(0..text.len(), "is no jq program", "mend the syntax");
        };
        let at = found.map_or(text.len(), |t| offset(text, t.0));
        let found =
            found.map_or_else(|| "the end".to_owned(), |t| format!("\"{}\"", crate::base::text::quoted(t.0, 20)));
        Refusal::new(
            at..text.len(),
            format!("expected {} and found {found}", expected.as_str()),
            "mend the syntax; jq's manual has it",
        )
    })?;
    guard::refuse(&term).map_err(|no| {
        let at = no.at.map_or(0..text.len(), |part| span(text, part));
        Refusal::new(at, no.because, no.fix)
    })?;
    let (reads, whole) = guard::reads(&term);
    let main = Def { name: MAIN, args: Vec::new(), body: guard::meter(term) };
    let arena = Arena::default();
    let loader = Loader::new(library::defs().chain([main]));
    let modules = loader
        .load(&arena, File { code: MAIN, path: () })
        .map_err(|_| Refusal::new(0..text.len(), "could not be loaded", "write it more simply"))?;
    let filter = Compiler::<_, Data>::default().with_funs(library::funs()).compile(modules).map_err(|errors| {
        let undefined = errors.into_iter().flat_map(|(_, undefined)| undefined).next();
        let Some((name, kind)) = undefined else {
            return Refusal::new(0..text.len(), "could not be compiled", "write it more simply");
        };
        let at = if inside(text, name) { span(text, name) } else { 0..text.len() };
        let because = format!(
            "uses \"{}\", which is no {} of a mapping's jq",
            crate::base::text::quoted(name, 40),
            kind.as_str()
        );
        Refusal::new(at, because, library::instead(name))
    })?;
    Ok(Program { text: text.to_owned(), filter, reads, whole })
}

const MAIN: &str = "the_rule";

fn lexed(expected: &jaq_core::load::lex::Expect<&str>) -> &'static str {
    // `Expect::as_str` panics on a delimiter that it does not know.
    match expected {
        jaq_core::load::lex::Expect::Delim(_) => "closing bracket or quote",
        other => other.as_str(),
    }
}

fn inside(whole: &str, part: &str) -> bool {
    let (start, end) = (whole.as_ptr() as usize, whole.as_ptr() as usize + whole.len());
    (start..=end).contains(&(part.as_ptr() as usize))
}

fn offset(whole: &str, part: &str) -> usize {
    if inside(whole, part) { part.as_ptr() as usize - whole.as_ptr() as usize } else { whole.len() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn run(text: &str, record: &Value) -> String {
        match Program::compile(text) {
            Err(no) => format!("{}..{}: {}; {}", no.at.start, no.at.end, no.because, no.fix),
            Ok(program) => match program.run(record) {
                Ok(Some(value)) => value.to_string(),
                Ok(None) => "missing".to_owned(),
                Err(fault) => fault.code.to_owned(),
            },
        }
    }

    #[test]
    fn programs_give_what_jq_gives() {
        let record = json!({"name": "Ada", "tags": ["A", "b", "A"], "lines": [{"sku": "x", "qty": 2}, {"sku": "y", "qty": 3}],
            "big": 12345678901234567890_u64, "price": "10.50", "none": null, "deep": {"a": {"b": 1}}});
        for (text, want) in [
            (".name", r#""Ada""#),
            ("[.tags[]? | ascii_downcase] | unique", r#"["a","b"]"#),
            ("[.lines[].qty] | add", "5"),
            ("[.lines[] | {code: .sku, amount: (.qty * 2)}]", r#"[{"code":"x","amount":4},{"code":"y","amount":6}]"#),
            (".big", "12345678901234567890"),
            (".nowhere", "null"),
            (".none // \"x\"", r#""x""#),
            ("empty", "missing"),
            (".lines | map(select(.qty > 2)) | length", "1"),
            ("if .name == \"Ada\" then \"yes\" else \"no\" end", r#""yes""#),
            ("\"\\(.name)-\\(.tags | length)\"", r#""Ada-3""#),
            (".price | tonumber", "10.50"),
            ("reduce .lines[] as $l (0; . + $l.qty)", "5"),
            (".deep.a.b as $x | {x: $x}", r#"{"x":1}"#),
            ("to_entries | map(.key) | join(\",\")", r#""name,tags,lines,big,price,none,deep""#),
            ("def twice: . * 2; .lines[0].qty | twice", "4"),
            (".name | test(\"^A\")", "true"),
            ("[.lines[].sku] | .[0:1]", r#"["x"]"#),
            (".tags[]", "jq-many-values"),
            (".name | tonumber", "jq-failed"),
            ("1 / 0", "jq-failed"),
            ("[limit(2; .tags[])]", r#"["A","b"]"#),
            ("1790812800 | todate", r#""2026-10-01T00:00:00Z""#),
        ] {
            assert_eq!(run(text, &record), want, "{text}");
        }
    }

    #[test]
    fn what_reaches_outside_or_never_ends_is_refused_by_name() {
        let record = json!({});
        let page: String = [
            "input",
            "env.HOME",
            "$ENV.HOME",
            "now",
            "halt",
            "debug",
            "repeat(.)",
            "[recurse(. + 1)]",
            "until(false; .)",
            "def f: f; f",
            "def f: def g: f; g; f",
            "include \"x\"; .",
            "import \"x\" as x; .",
            "localtime",
            "[combinations]",
            ".a |",
            "{a: ",
            "nonsense(1)",
            "\"abc",
            "$x",
            "ltrimstr",
            "input_filename",
            "get_search_list",
        ]
        .iter()
        .map(|text| format!("{text}\n    {}\n", run(text, &record)))
        .collect();
        insta::assert_snapshot!(page);
    }

    #[test]
    fn what_costs_too_much_stops() {
        let record =
            json!({"list": (0..200).collect::<Vec<_>>(), "text": "x".repeat(1000), "nest": "[".repeat(100_000)});
        for text in [
            "[range(1e15)]",
            "last(range(1e15))",
            "reduce range(1e12) as $i (0; . + 1)",
            "[range(60)] | reduce .[] as $i (\"x\"; . + .)",
            "\"x\" * 1000000000000",
            "\"xx\" as $s | ($s * 100000) | . * 100000",
            ".text *= 1e9",
            "reduce range(1000000) as $i (null; [.])",
            "reduce range(1000000) as $i (.; .a = .)",
            "[.list[] as $a | .list[] as $b | .list[] as $c | .list[] as $d | 1] | length",
            "(.,.)|(.,.)|(.,.)|(.,.)|(.,.)|(.,.)|(.,.)|(.,.)|(.,.)|(.,.)|(.,.)|(.,.)|(.,.)|(.,.)|(.,.)|(.,.)|(.,.)|(.,.)|(.,.)|(.,.)|(.,.)|(.,.)|(.,.)|(.,.)|empty",
        ] {
            assert_eq!(run(text, &record), "jq-too-costly", "{text}");
        }
        assert_eq!(run(".nest | fromjson", &record), "jq-failed");
        assert_eq!(run(".nest | tonumber", &record), "jq-failed");
        assert!(run(&format!("{}1{}", "(".repeat(900), ")".repeat(900)), &record).contains("nests brackets"));
        assert!(run(&"-".repeat(1900), &record).contains(": "));
        assert!(run(&vec!["."; 900].join("|"), &record).contains("steps deep"));
        assert!(run(&"try ".repeat(400), &record).contains(": "));
    }

    #[test]
    fn what_a_program_reads_is_told_from_its_text() {
        let reads = |text: &str| {
            let program = Program::compile(text).expect(text);
            let paths: Vec<String> = program.reads().iter().map(ToString::to_string).collect();
            format!("{}{}", paths.join(" "), if program.reads_all() { " *" } else { "" })
        };
        assert_eq!(reads(".a.b"), "a.b");
        assert_eq!(reads("[.a[]? | .x] + .b"), "a b");
        assert_eq!(reads("{x: .a, y: .b.c, z: \"\\(.d)\"}"), "a b.c d");
        assert_eq!(reads("to_entries"), " *");
        assert_eq!(reads("if .a then .b else .c end"), "a b c");
        assert_eq!(reads(".a as $x | .b + $x"), "a b");
        assert_eq!(reads(".lines | map(.sku)"), "lines");
        assert_eq!(reads(".[\"odd name\"]"), "\"odd name\"");
    }
}
