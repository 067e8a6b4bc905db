//! A draft of another flow beside those of the draft before it: a draft has one flow, a contract has as many as are needed.

/// A top-level key of a draft with what stands below it.
struct Section<'t> {
    name: &'t str,
    head: String,
    entries: Vec<Entry<'t>>,
}

/// A system, a flow or a constraint, with the comments right before it.
#[derive(Clone)]
struct Entry<'t> {
    name: &'t str,
    text: String,
}

/// The draft before with the flow, the systems and the constraints that the new one has beside it; nothing where the new one has
/// every flow of it, and so takes its place. A flow that both have is the new one's. Both texts are drafts as this program writes them.
pub(super) fn beside(before: &str, fresh: &str) -> Option<String> {
    let (old, new) = (sections(before), sections(fresh));
    let of = |all: &[Section<'_>], name: &str| all.iter().position(|s| s.name == name);
    let (flows, added) = (of(&old, "flows")?, of(&new, "flows")?);
    let lacks = |entry: &Entry<'_>| !new[added].entries.iter().any(|e| e.name == entry.name);
    if !old[flows].entries.iter().any(lacks) {
        return None;
    }
    let flow = new[added].entries.first().map_or("", |e| e.name);
    let mut out = String::new();
    for section in &old {
        out.push_str(&section.head);
        let theirs = of(&new, section.name).map(|at| new[at].entries.as_slice()).unwrap_or_default();
        for entry in &section.entries {
            let same = theirs.iter().find(|e| e.name == entry.name);
            out.push_str(&match (section.name, same) {
                ("flows", Some(same)) => spaced(&same.text, &entry.text),
                ("systems", Some(same)) => with_scopes(&entry.text, &same.text),
                _ => entry.text.clone(),
            });
        }
        for entry in theirs {
            match section.entries.iter().find(|e| e.name == entry.name) {
                None => push(&mut out, &entry.text),
                // The same assumption of another flow is another constraint.
                Some(same) if section.name == "constraints" && same.text.trim() != entry.text.trim() => {
                    let (id, own) = (format!("{{id: {},", entry.name), format!("{{id: {}-{flow},", entry.name));
                    if !section.entries.iter().any(|e| own == format!("{{id: {},", e.name)) {
                        push(&mut out, &entry.text.replacen(&id, &own, 1));
                    }
                }
                Some(_) => {}
            }
        }
    }
    if of(&old, "constraints").is_none()
        && let Some(at) = of(&new, "constraints")
    {
        let block: String = new[at].entries.iter().map(|e| e.text.as_str()).collect();
        out = out.replacen("\nflows:\n", &format!("\nconstraints:\n{}\n\nflows:\n", block.trim_end()), 1);
    }
    Some(out)
}

/// Behind what is there; blank lines that end a section stay at its end.
fn push(out: &mut String, text: &str) {
    let blank = out.len() - out.trim_end_matches('\n').len();
    out.truncate(out.len() - blank);
    out.push('\n');
    out.push_str(text.trim_end_matches('\n'));
    out.push_str(&"\n".repeat(blank.max(1)));
}

/// A text that ends in as many blank lines as the one whose place it takes.
fn spaced(text: &str, like: &str) -> String {
    let blank = like.len() - like.trim_end_matches('\n').len();
    format!("{}{}", text.trim_end_matches('\n'), "\n".repeat(blank))
}

/// The system as it was, with the scopes that the other flow needs too.
fn with_scopes(before: &str, fresh: &str) -> String {
    let list = |line: &str| -> Option<Vec<String>> {
        let inner = line.trim().strip_prefix("scopes: [")?.split(']').next()?;
        Some(inner.split(',').map(|s| s.trim().to_owned()).filter(|s| !s.is_empty()).collect())
    };
    let more: Vec<String> = fresh.lines().filter_map(list).flatten().collect();
    let line = |line: &str| {
        let Some(mut scopes) = list(line) else { return line.to_owned() };
        let known = scopes.clone();
        scopes.extend(more.iter().filter(|s| !known.contains(s)).cloned());
        line.replacen(&format!("[{}]", known.join(", ")), &format!("[{}]", scopes.join(", ")), 1)
    };
    before.split_inclusive('\n').map(line).collect()
}

fn sections(text: &str) -> Vec<Section<'_>> {
    let mut out = vec![Section { name: "", head: String::new(), entries: Vec::new() }];
    // Comments that belong to the entry below them.
    let mut comments = String::new();
    for line in text.split_inclusive('\n') {
        let name = |text: &'_ str| text.split(':').next().map(str::len).unwrap_or_default();
        if line.starts_with(|c: char| c.is_ascii_alphabetic()) {
            out.push(Section { name: &line[..name(line)], head: line.to_owned(), entries: Vec::new() });
            continue;
        }
        let Some(section) = out.last_mut() else { continue };
        let below = line.strip_prefix("  ").filter(|l| !l.starts_with(' '));
        match below {
            Some(comment) if comment.starts_with('#') => comments.push_str(line),
            Some(entry) if !entry.trim().is_empty() => {
                let id = entry.strip_prefix("- {id: ").and_then(|e| e.split(',').next());
                let name = id.unwrap_or_else(|| &entry[..name(entry)]);
                section.entries.push(Entry { name, text: std::mem::take(&mut comments) + line });
            }
            _ => match section.entries.last_mut() {
                Some(entry) => entry.text.push_str(line),
                None => section.head.push_str(line),
            },
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::beside;

    const ORDERS: &str = "# Drafted.\nname: a\n\nsystems:\n  shop:\n    api: shop.yaml\n    auth: {scheme: o}\n      scopes: [orders.read]\n  ledger:\n    api: l.yaml\n\nconstraints:\n  - {id: shop-ids, kind: inferred, says: x, binds: {flows: [orders]}}\n  - {id: rate, kind: hard, says: y}\n\nflows:\n  orders:\n    source: {operation: listOrders}\n    map:\n      # a: ?\n      b: c\n";

    #[test]
    fn another_flow_comes_beside_the_first_with_what_it_rests_on() {
        let refunds = ORDERS
            .replace("orders.read", "refunds.read")
            .replace("listOrders", "listRefunds")
            .replace("  orders:", "  refunds:")
            .replace("[orders]", "[refunds]")
            .replace(
                "  - {id: rate",
                "  # ? if wrong: lost\n  - {id: shop-pages, kind: inferred, says: z}\n  - {id: rate",
            );
        let both = beside(ORDERS, &refunds).expect("two flows");
        assert_eq!(
            both,
            "# Drafted.\nname: a\n\nsystems:\n  shop:\n    api: shop.yaml\n    auth: {scheme: o}\n      scopes: [orders.read, refunds.read]\n  ledger:\n    api: l.yaml\n\nconstraints:\n  - {id: shop-ids, kind: inferred, says: x, binds: {flows: [orders]}}\n  - {id: rate, kind: hard, says: y}\n  - {id: shop-ids-refunds, kind: inferred, says: x, binds: {flows: [refunds]}}\n  # ? if wrong: lost\n  - {id: shop-pages, kind: inferred, says: z}\n\nflows:\n  orders:\n    source: {operation: listOrders}\n    map:\n      # a: ?\n      b: c\n  refunds:\n    source: {operation: listRefunds}\n    map:\n      # a: ?\n      b: c\n"
        );
        // Drafted anew, it takes its own place and no other's.
        let changed = refunds.replace("b: c", "b: d");
        let again = beside(&both, &changed).expect("two flows");
        assert_eq!(
            again,
            both.replace(
                "listRefunds}\n    map:\n      # a: ?\n      b: c",
                "listRefunds}\n    map:\n      # a: ?\n      b: d"
            )
        );
    }

    #[test]
    fn a_draft_of_the_same_flow_takes_the_place_of_the_one_before() {
        assert_eq!(beside(ORDERS, &ORDERS.replace("b: c", "b: d")), None);
        assert_eq!(beside("", ORDERS), None);
    }
}
