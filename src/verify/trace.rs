//! Recorded traces (`*.trace.jsonl`): calls with the results they had, to be held against what a server answers today.
//! The format is `resources/schemas/trace.schema.json`, version 1.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::base::pointer;

/// A captured text that is shorter, such as `1`, may stand for many things, and is not looked for in others.
const SHORT: usize = 4;

/// What a trace's file name ends in.
pub const SUFFIX: &str = ".trace.jsonl";

/// A trace as recorded.
#[derive(Debug, Clone, PartialEq)]
pub struct Trace {
    /// The first line, as it was.
    pub head: Value,
    /// Key of the server that was called.
    pub server: String,
    /// Pointers into results whose values vary; `*` is any one step, `**` any number of steps.
    pub masks: Vec<String>,
    /// Names, and the pointer whose first value each takes.
    pub captures: Vec<(String, String)>,
    /// The calls, in order.
    pub calls: Vec<Call>,
}

/// One call as recorded.
#[derive(Debug, Clone, PartialEq)]
pub struct Call {
    /// Its line, from 1.
    pub line: u32,
    /// The tool.
    pub tool: String,
    /// Its arguments; `${NAME}` stands for what was captured.
    pub arguments: Value,
    /// Structured content, else text.
    pub result: Value,
    /// Whether the tool said that it failed.
    pub is_error: bool,
}

/// Why a file is no trace: a line, and what is wrong with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoTrace {
    /// The line, from 1.
    pub line: u32,
    /// Why, as a fragment.
    pub because: String,
}

/// Reads a trace.
///
/// # Errors
/// [`NoTrace`]
pub fn parse(text: &str) -> Result<Trace, NoTrace> {
    let no = |line: usize, because: &str| NoTrace {
        line: u32::try_from(line + 1).unwrap_or(u32::MAX),
        because: because.to_owned(),
    };
    let mut lines = text.lines().enumerate().filter(|(_, l)| !l.trim().is_empty());
    let (first, head) = lines.next().ok_or_else(|| no(0, "it is empty"))?;
    let head: Value = serde_json::from_str(head).map_err(|e| no(first, &format!("its head is no JSON: {e}")))?;
    if head.get("trace").and_then(Value::as_u64) != Some(1) {
        return Err(no(first, "its first line must be a head with \"trace\": 1"));
    }
    let texts = |v: &Value| v.as_array().map(|a| a.iter().filter_map(Value::as_str).map(str::to_owned).collect());
    let captures = head.get("captures").and_then(Value::as_object);
    let mut trace = Trace {
        server: head.get("server").and_then(Value::as_str).unwrap_or_default().to_owned(),
        masks: head.get("masks").and_then(texts).unwrap_or_default(),
        captures: captures
            .map(|c| c.iter().filter_map(|(k, v)| Some((k.clone(), v.as_str()?.to_owned()))).collect())
            .unwrap_or_default(),
        head,
        calls: Vec::new(),
    };
    for (number, line) in lines {
        let value: Value = serde_json::from_str(line).map_err(|e| no(number, &format!("it is no JSON: {e}")))?;
        let Some(tool) = value.get("tool").and_then(Value::as_str) else {
            return Err(no(number, "it names no tool"));
        };
        let Some(result) = value.get("result") else {
            return Err(no(number, "it holds no result"));
        };
        trace.calls.push(Call {
            line: u32::try_from(number + 1).unwrap_or(u32::MAX),
            tool: tool.to_owned(),
            arguments: value.get("arguments").cloned().unwrap_or_else(|| json!({})),
            result: result.clone(),
            is_error: value.get("is_error").and_then(Value::as_bool).unwrap_or(false),
        });
    }
    if trace.calls.is_empty() {
        return Err(no(first, "it holds no call"));
    }
    Ok(trace)
}

/// What was captured so far.
#[derive(Debug, Clone, Default)]
pub struct Captured(BTreeMap<String, String>);

impl Captured {
    /// Takes from a result what is not captured yet.
    pub fn take(&mut self, trace: &Trace, result: &Value) {
        for (name, pointer) in &trace.captures {
            if !self.0.contains_key(name)
                && let Some(value) = pointer::resolve(result, pointer)
            {
                let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
                self.0.insert(name.clone(), text);
            }
        }
    }

    /// `value` with each `${NAME}` replaced by what was captured.
    #[must_use]
    pub fn fill(&self, value: &Value) -> Value {
        self.map(value, &|text, name, captured| text.replace(&format!("${{{name}}}"), captured))
    }

    /// `value` with each captured text replaced by its `${NAME}`, so that two runs compare.
    #[must_use]
    pub fn name(&self, value: &Value) -> Value {
        self.map(value, &|text, name, captured| {
            if captured.len() < SHORT { text } else { text.replace(captured, &format!("${{{name}}}")) }
        })
    }

    fn map(&self, value: &Value, with: &dyn Fn(String, &str, &str) -> String) -> Value {
        match value {
            Value::String(text) => {
                Value::String(self.0.iter().fold(text.clone(), |text, (name, captured)| with(text, name, captured)))
            }
            Value::Array(items) => Value::Array(items.iter().map(|v| self.map(v, with)).collect()),
            Value::Object(map) => {
                Value::Object(map.iter().map(|(k, v)| (k.clone(), self.map(v, with))).collect::<Map<_, _>>())
            }
            other => other.clone(),
        }
    }
}

/// Whether these results are those of the trace, captured and masked places apart.
#[must_use]
pub fn same(trace: &Trace, results: &[(Value, bool)]) -> bool {
    let (mut was, mut is) = (Captured::default(), Captured::default());
    trace.calls.len() == results.len()
        && trace.calls.iter().zip(results).all(|(call, (result, is_error))| {
            was.take(trace, &call.result);
            is.take(trace, result);
            call.is_error == *is_error
                && differences(&was.name(&call.result), &is.name(result), &trace.masks).is_empty()
        })
}

/// One place where two results differ.
#[derive(Debug, Clone, PartialEq)]
pub struct Difference {
    /// JSON pointer into the result.
    pub pointer: String,
    /// What was recorded; nothing where nothing was.
    pub was: Option<Value>,
    /// What it is now.
    pub is: Option<Value>,
}

/// Where two results differ, masked places apart, in the order of the recorded one.
#[must_use]
pub fn differences(was: &Value, is: &Value, masks: &[String]) -> Vec<Difference> {
    let masks: Vec<Vec<String>> = masks.iter().map(|m| m.split('/').skip(1).map(pointer::unescape).collect()).collect();
    let mut out = Vec::new();
    compare(Some(was), Some(is), &mut Vec::new(), &masks, &mut out);
    out
}

fn compare(
    was: Option<&Value>,
    is: Option<&Value>,
    path: &mut Vec<String>,
    masks: &[Vec<String>],
    out: &mut Vec<Difference>,
) {
    if was == is || masks.iter().any(|mask| matches(mask, path)) {
        return;
    }
    match (was, is) {
        (Some(Value::Object(a)), Some(Value::Object(b))) => {
            for key in a.keys().chain(b.keys().filter(|k| !a.contains_key(*k))) {
                path.push(key.clone());
                compare(a.get(key), b.get(key), path, masks, out);
                path.pop();
            }
        }
        (Some(Value::Array(a)), Some(Value::Array(b))) => {
            for i in 0..a.len().max(b.len()) {
                path.push(i.to_string());
                compare(a.get(i), b.get(i), path, masks, out);
                path.pop();
            }
        }
        _ => out.push(Difference {
            pointer: path.iter().fold(String::new(), |at, step| pointer::join(&at, step)),
            was: was.cloned(),
            is: is.cloned(),
        }),
    }
}

/// Whether a mask covers a path: itself, or what it lies in.
fn matches(mask: &[String], path: &[String]) -> bool {
    match mask.split_first() {
        None => true,
        Some((first, rest)) if first == "**" => {
            (0..=path.len()).any(|n| matches(rest, path.get(n..).unwrap_or_default()))
        }
        Some((first, rest)) => {
            path.split_first().is_some_and(|(step, below)| (first == "*" || first == step) && matches(rest, below))
        }
    }
}

/// The text of a trace whose results are these. What was captured is written as its name, so that two recordings of the
/// same calls are the same text.
#[must_use]
pub fn rewritten(trace: &Trace, results: &[(Value, bool)]) -> String {
    let mut out = trace.head.to_string();
    out.push('\n');
    let mut captured = Captured::default();
    for (call, (result, is_error)) in trace.calls.iter().zip(results) {
        captured.take(trace, result);
        let result = captured.map(result, &|text, name, captured| {
            if captured.len() < SHORT { text } else { text.replace(captured, name) }
        });
        let line = json!({"tool": call.tool, "arguments": call.arguments, "result": result, "is_error": is_error});
        out.push_str(&line.to_string());
        out.push('\n');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    const TRACE: &str = r#"{"trace": 1, "server": "demo", "masks": ["/at", "/**/digest", "/rows/*/ms"], "captures": {"SESSION": "/session"}}
{"tool": "open", "arguments": {"name": "a"}, "result": {"session": "s-1234", "next": "go on with s-1234"}, "is_error": false}
{"tool": "put", "arguments": {"session": "${SESSION}"}, "result": {"n": 1}}
"#;

    #[test]
    fn what_was_captured_is_filled_in_and_compares() {
        let trace = parse(TRACE).expect("a trace");
        let (mut was, mut is) = (Captured::default(), Captured::default());
        let today = json!({"session": "s-9876", "next": "go on with s-9876"});
        was.take(&trace, &trace.calls[0].result);
        is.take(&trace, &today);
        assert_eq!(is.fill(&trace.calls[1].arguments), json!({"session": "s-9876"}));
        assert_eq!(differences(&was.name(&trace.calls[0].result), &is.name(&today), &trace.masks), []);
        assert_eq!(
            parse(&rewritten(&trace, &[(today, false), (json!({"n": 1}), false)])).map(|t| t.calls.len()),
            Ok(2)
        );
    }

    #[test]
    fn masks_hide_what_varies_and_nothing_else() {
        let masks: Vec<String> = ["/at", "/**/digest", "/rows/*/ms"].map(str::to_owned).to_vec();
        let was = json!({"at": 1, "a": {"b": {"digest": "x"}}, "rows": [{"ms": 1, "n": 1}], "gone": true});
        let is = json!({"at": 2, "a": {"b": {"digest": "y"}}, "rows": [{"ms": 2, "n": 2}, 5]});
        let found: Vec<String> = differences(&was, &is, &masks).into_iter().map(|d| d.pointer).collect();
        assert_eq!(found, ["/rows/0/n", "/rows/1", "/gone"]);
    }

    #[test]
    fn what_is_no_trace_says_where() {
        for (text, line, because) in [
            ("", 1, "it is empty"),
            ("{}\n", 1, "its first line must be a head with \"trace\": 1"),
            ("{\"trace\": 1}\n", 1, "it holds no call"),
            ("{\"trace\": 1}\n\n{\"tool\": \"a\"}\n", 3, "it holds no result"),
        ] {
            assert_eq!(parse(text), Err(NoTrace { line, because: because.to_owned() }), "{text}");
        }
    }
}
