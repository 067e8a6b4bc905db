//! Pairs made of one record: what another vendor might have called its fields.

use std::collections::BTreeSet;

use platform_integration::mapping::matcher::Field;

use super::gold::Row;

impl Row {
    /// The source beside itself as another vendor might have named it: other words, another style, fields left out on both sides.
    pub(crate) fn renamed(&self) -> Self {
        const OTHER: [(&str, &str); 30] = [
            ("created", "added"),
            ("updated", "modified"),
            ("modified", "changed"),
            ("zip", "postal_code"),
            ("postal", "zip"),
            ("state", "region"),
            ("province", "state"),
            ("phone", "telephone"),
            ("mobile", "cell"),
            ("first", "given"),
            ("last", "family"),
            ("company", "organization"),
            ("organization", "company"),
            ("account", "company"),
            ("owner", "assignee"),
            ("price", "cost"),
            ("amount", "value"),
            ("total", "sum"),
            ("quantity", "qty"),
            ("description", "details"),
            ("note", "comment"),
            ("title", "name"),
            ("type", "kind"),
            ("status", "state"),
            ("url", "link"),
            ("image", "photo"),
            ("category", "type"),
            ("tags", "labels"),
            ("start", "begin"),
            ("end", "finish"),
        ];
        let dice = |text: &str, salt: &str| super::learn::part_of(&format!("{}/{text}/{salt}", self.id), 100);
        let words = |key: &str| -> Vec<String> {
            let mut out = vec![String::new()];
            let mut before = '_';
            for c in key.chars() {
                if !c.is_alphanumeric() || (c.is_uppercase() && before.is_lowercase()) {
                    out.push(String::new());
                }
                if c.is_alphanumeric()
                    && let Some(last) = out.last_mut()
                {
                    last.extend(c.to_lowercase());
                }
                before = c;
            }
            out.retain(|w| !w.is_empty());
            out
        };
        let camel = dice("", "style") < 50;
        let other = |key: &String| -> String {
            let renamed = words(key).into_iter().map(|w| match OTHER.iter().find(|(a, _)| *a == w) {
                Some((_, b)) if dice(&w, "word") < 60 => (*b).to_owned(),
                _ => w,
            });
            let joined = renamed.collect::<Vec<_>>().join("_");
            if !camel {
                return joined;
            }
            let mut up = false;
            let letters = joined.chars().filter_map(|c| {
                if c == '_' {
                    up = true;
                    return None;
                }
                Some(if std::mem::take(&mut up) { c.to_ascii_uppercase() } else { c })
            });
            letters.collect()
        };
        let (mut source, mut target) = (self.source.clone(), self.source.clone());
        source.fields.clear();
        target.fields.clear();
        let mut gold = BTreeSet::new();
        for field in &self.source.fields {
            let path = field.keys.join(".");
            let (left, right) = (dice(&path, "left") < 75, dice(&path, "right") < 55);
            if left && right {
                gold.insert((source.fields.len(), target.fields.len()));
            }
            if left {
                source.fields.push(field.clone());
            }
            if right {
                let keys = field.keys.iter().map(other).collect();
                target.fields.push(Field { keys, description: String::new(), ..field.clone() });
            }
        }
        target.system = String::new();
        Self {
            id: format!("{} renamed", self.id),
            systems: self.systems.clone(),
            source,
            target,
            gold,
            apart: BTreeSet::new(),
            ignored: BTreeSet::new(),
            unlisted: 0,
        }
    }
}
