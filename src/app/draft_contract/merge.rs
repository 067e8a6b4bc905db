//! A new draft beside a file that people changed since the last one: three ways, as version control merges.

/// What became of three texts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::app) enum Merged {
    /// Both sides' changes, and none at the same place.
    Clean(String),
    /// Both changed the same lines: how many places, and the first of them with both wordings.
    Conflicts { count: usize, first: String },
}

/// Merges what changed between the last draft and the new one into the file as it stands.
///
/// `base` is the last draft, `standing` the file, `fresh` the new draft. What only one of the two changed is taken from it; nothing
/// that people wrote is lost without being shown.
pub(in crate::app) fn three_way(base: &str, standing: &str, fresh: &str) -> Merged {
    match diffy::merge(base, standing, fresh) {
        Ok(text) => Merged::Clean(text),
        Err(marked) => Merged::Conflicts { count: conflicts(&marked), first: first(&marked) },
    }
}

fn conflicts(marked: &str) -> usize {
    marked.lines().filter(|l| l.starts_with("<<<<<<<")).count()
}

/// Most lines of a conflict that are shown.
const SHOWN: usize = 24;

/// The first conflict: what stands in the file, and what the new draft says; what both come from is left out.
fn first(marked: &str) -> String {
    let mut out: Vec<String> = Vec::new();
    let mut side = None;
    for line in marked.lines() {
        match line.get(..7) {
            Some("<<<<<<<") => side = Some("file: "),
            Some("|||||||") if side.is_some() => side = Some(""),
            Some("=======") if side.is_some() => side = Some("draft: "),
            Some(">>>>>>>") if side.is_some() => break,
            _ => match side {
                Some("") | None => {}
                Some(name) if out.len() < SHOWN => out.push(format!("{name}{}", line.trim())),
                Some(_) => {
                    out.push("…".to_owned());
                    break;
                }
            },
        }
    }
    out.join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;

    const BASE: &str = "name: a\nowner: unassigned\nmap:\n  email: email\n  phone: phone\nrate: 10/1s\n";

    #[test]
    fn what_people_changed_stays_and_what_the_draft_changed_comes() {
        let standing = BASE.replace("unassigned", "payments");
        let fresh = BASE.replace("10/1s", "20/1s");
        let Merged::Clean(text) = three_way(BASE, &standing, &fresh) else { panic!("a conflict") };
        assert_eq!(text, standing.replace("10/1s", "20/1s"));
        assert_eq!(three_way(BASE, &standing, BASE), Merged::Clean(standing.clone()));
        assert_eq!(three_way(BASE, BASE, &fresh), Merged::Clean(fresh));
    }

    #[test]
    fn the_same_line_changed_twice_is_a_conflict_that_shows_both() {
        let (standing, fresh) = (BASE.replace("10/1s", "5/1s"), BASE.replace("10/1s", "20/1s"));
        let merged = three_way(BASE, &standing, &fresh);
        assert_eq!(merged, Merged::Conflicts { count: 1, first: "file: rate: 5/1s; draft: rate: 20/1s".to_owned() });
    }

    #[test]
    fn a_long_conflict_is_cut() {
        let many = |word: &str| (0..100).map(|i| format!("{word} {i}\n")).collect::<String>();
        let Merged::Conflicts { count, first } = three_way(&many("a"), &many("b"), &many("c")) else { panic!("clean") };
        assert_eq!(count, 1);
        assert!(first.ends_with('…') && first.len() < 400, "{first}");
    }
}
