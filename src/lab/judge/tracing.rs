//! Correlation: every request carries a valid `traceparent` (W3C Trace Context), and a retry keeps its trace.

use super::Evidence;
use crate::lab::bench::Purpose;
use crate::lab::trace::Exchanged;

pub(super) fn judge(e: &Evidence<'_>, out: &mut Vec<String>) {
    let ours = |x: &&Exchanged| !matches!(x.purpose, Purpose::Token | Purpose::Elsewhere);
    let all: Vec<&Exchanged> = e.trace.exchanges.iter().filter(ours).collect();
    for x in &all {
        match x.request.header("traceparent") {
            None => {
                out.push(format!("trace: request {} ({}) carries no traceparent", x.nth, x.purpose.as_str()));
                return;
            }
            Some(value) if trace_id(value).is_none() => {
                out.push(format!("trace: request {} carries the invalid traceparent {value:?}", x.nth));
                return;
            }
            Some(_) => {}
        }
    }
    for (i, x) in all.iter().enumerate() {
        // A look-up and a list may ask the same twice for reasons of their own; a write that failed is a retry.
        let failed = x.purpose.writes() && x.status().is_none_or(|s| s >= 400);
        let again = all[i + 1..].iter().find(|n| n.run == x.run && n.asks_as(x)).filter(|_| failed);
        if let Some(again) = again
            && id_of(again) != id_of(x)
        {
            out.push(format!("trace: request {} is a retry of request {} under another trace id", again.nth, x.nth));
            return;
        }
    }
}

fn id_of(x: &Exchanged) -> Option<&str> {
    x.request.header("traceparent").and_then(trace_id)
}

/// The trace id of a valid version-00 value.
pub(super) fn trace_id(value: &str) -> Option<&str> {
    let parts: Vec<&str> = value.split('-').collect();
    let [version, trace, span, flags] = parts.as_slice() else { return None };
    let hex = |text: &str, len: usize| {
        text.len() == len && text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
    };
    let set = |text: &str| text.bytes().any(|b| b != b'0');
    let valid = *version == "00" && hex(trace, 32) && hex(span, 16) && hex(flags, 2) && set(trace) && set(span);
    valid.then_some(*trace)
}

#[cfg(test)]
mod tests {
    use super::trace_id;

    #[test]
    fn only_valid_trace_parents_are_taken() {
        let id = "4bf92f3577b34da6a3ce929d0e0e4736";
        assert_eq!(trace_id(&format!("00-{id}-00f067aa0ba902b7-01")), Some(id));
        for bad in [
            "",
            "00-0-0-0",
            &format!("00-{}-00f067aa0ba902b7-01", "0".repeat(32)),
            &format!("00-{id}-00f067aa0ba902b7"),
        ] {
            assert_eq!(trace_id(bad), None, "{bad}");
        }
    }
}
