//! Tags that stand below one another (OpenAPI 3.2).

use std::collections::BTreeMap;

use super::document::{At, Document};
use crate::base::text::quoted;

/// Most tags above a tag; a longer line goes in a circle.
const MOST_ABOVE: usize = 32;

/// Findings for parents that are no tags, and for tags that stand below themselves.
pub(super) fn check(doc: &mut Document<'_>, top: &At<'_>) {
    let Some(tags) = top.child("tags") else { return };
    let parents: BTreeMap<&str, Option<&str>> =
        tags.items().filter_map(|tag| Some((tag.text("name")?, tag.text("parent")))).collect();
    for tag in tags.items() {
        let (Some(name), Some(parent)) = (tag.text("name"), tag.text("parent")) else { continue };
        let shown = quoted(name, 60);
        if !parents.contains_key(parent) {
            let message = format!("the tag \"{shown}\" stands below \"{}\", which is no tag", quoted(parent, 60));
            doc.warn("unknown-tag-parent", &tag.pointer(), message, "declare the parent among the tags");
            continue;
        }
        let mut above = Some(parent);
        let mut steps = 0;
        while let Some(one) = above.filter(|one| *one != name && steps < MOST_ABOVE) {
            above = parents.get(one).copied().flatten();
            steps += 1;
        }
        if above.is_some() {
            let message = format!("the tag \"{shown}\" stands below itself");
            doc.warn("tag-cycle", &tag.pointer(), message, "give one of the tags no parent");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn codes(tags: serde_json::Value) -> Vec<String> {
        let arena = crate::base::tree::Arena::default();
        let mut doc = Document::new(arena.of_value(&json!({"tags": tags})), "f", &arena);
        let top = doc.top();
        check(&mut doc, &top);
        doc.into_findings().iter().map(|f| format!("{} {}", f.code, f.location)).collect()
    }

    #[test]
    fn a_parent_is_a_tag_and_never_below_its_child() {
        let good = json!([{"name": "a"}, {"name": "b", "parent": "a"}, {"name": "c", "parent": "b"}]);
        assert!(codes(good).is_empty());
        assert_eq!(codes(json!([{"name": "a", "parent": "x"}])), ["unknown-tag-parent f#/tags/0"]);
        let circle = json!([{"name": "a", "parent": "b"}, {"name": "b", "parent": "a"}]);
        assert_eq!(codes(circle), ["tag-cycle f#/tags/0", "tag-cycle f#/tags/1"]);
    }
}
