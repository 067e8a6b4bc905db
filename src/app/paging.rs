//! Answers are small (law 10): lists are cut to a budget and go on by cursor.

use serde::Serialize;

use super::Refusal;

/// The longest answer in characters: 2,500 tokens of four.
pub(super) const MOST: usize = 10_000;

/// As many of `items` from `cursor` on as fit into `budget` characters of JSON (at least one), and the cursor of the rest.
///
/// # Errors
/// A cursor that this program did not give out.
pub(super) fn fit<T: Serialize>(
    items: Vec<T>,
    cursor: Option<&str>,
    budget: usize,
) -> Result<(Vec<T>, Option<String>), Refusal> {
    let start: usize = match cursor {
        None => 0,
        Some(c) => c.strip_prefix('n').and_then(|n| n.parse().ok()).ok_or_else(|| {
            Refusal::new(
                "bad-cursor",
                format!("cursor \"{c}\" is not one that this tool gave out"),
                "repeat the call without cursor",
            )
        })?,
    };
    let total = items.len();
    let mut out = Vec::new();
    let mut used = 0;
    for item in items.into_iter().skip(start) {
        let size = serde_json::to_string(&item).map_or(0, |s| s.chars().count() + 1);
        if !out.is_empty() && used + size > budget {
            break;
        }
        used += size;
        out.push(item);
    }
    let reached = start + out.len();
    Ok((out, (reached < total).then(|| format!("n{reached}"))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pages_together_are_the_list() {
        let all: Vec<String> = (0..100).map(|i| format!("item {i}")).collect();
        let (mut seen, mut cursor) = (Vec::new(), None);
        loop {
            let (page, next) = fit(all.clone(), cursor.as_deref(), 120).expect("a cursor of ours");
            assert!(!page.is_empty());
            seen.extend(page);
            match next {
                Some(n) => cursor = Some(n),
                None => break,
            }
        }
        assert_eq!(seen, all);
        assert!(fit(all, Some("x"), 100).is_err());
    }
}
