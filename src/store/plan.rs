//! Which index finds what a query asks for.
//!
//! The order is always that of the log, and no plan sorts: a page ends the search. The test below holds every combination of conditions
//! against SQLite's own account of the plan.

use rusqlite::types::Value as Sql;

use super::row::{COLUMNS, number};
use crate::evidence::{Needle, Query};

/// Records in one row of `spans`; the migration says the same.
pub(super) const SPAN: u64 = 512;

/// The most letter groups looked up for one text; more make the search slower and hardly narrower.
const GROUPS: usize = 48;

/// A statement and its values.
pub(super) struct Plan {
    pub(super) sql: String,
    pub(super) values: Vec<Sql>,
}

/// What leads the search.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Lead<'q> {
    /// An index on a condition, or the order of the log.
    Index,
    /// The letters of a text, as far as they are indexed: up to this record.
    Letters(&'q Needle, u64),
}

/// The plan for the records of `query` after `after`. Its text is left to the caller, who sees each record; with
/// [`Lead::Letters`] only records that may hold it come up.
pub(super) fn plan(query: &Query, after: u64, lead: Lead<'_>) -> Plan {
    // Destructured, so that a new condition cannot be forgotten here.
    let Query { session, adhoc, principal, phase, kind, since, until, text: _, after: _, limit: _ } = query;
    let mut conditions: Vec<&'static str> = Vec::new();
    let mut values: Vec<Sql> = Vec::new();
    let mut must = |condition: &'static str, value: Option<Sql>| {
        if let Some(value) = value {
            conditions.push(condition);
            values.push(value);
        }
    };
    let timed = since.is_some() || until.is_some();
    let index = if session.is_some() || (*adhoc && !timed) {
        "INDEXED BY events_by_session"
    } else if kind.is_some() {
        "INDEXED BY events_by_kind"
    } else if principal.is_some() {
        "INDEXED BY events_by_owner"
    } else if phase.is_some() {
        "INDEXED BY events_by_phase"
    } else {
        "NOT INDEXED"
    };
    let (from, order) = match lead {
        Lead::Letters(needle, upto) => {
            must("letters MATCH ?", Some(Sql::Text(groups(needle))));
            must("letters.rowid > ?", Some(Sql::Integer(number(after))));
            must("letters.rowid <= ?", Some(Sql::Integer(number(upto))));
            ("letters CROSS JOIN events NOT INDEXED ON events.seq = letters.rowid".to_owned(), "letters.rowid")
        }
        // A session is short enough to be looked through.
        Lead::Index if timed && session.is_none() => {
            must("spans.span >= ?", Some(Sql::Integer(number(after / SPAN))));
            must("spans.most >= ?", since.map(|t| Sql::Integer(t.0)));
            must("spans.least < ?", until.map(|t| Sql::Integer(t.0)));
            let within = format!("events.seq BETWEEN spans.span * {SPAN} + 1 AND spans.span * {SPAN} + {SPAN}");
            must("events.seq > ?", Some(Sql::Integer(number(after))));
            (format!("spans CROSS JOIN events {index} ON {within}"), "spans.span, events.seq")
        }
        Lead::Index => {
            must("events.seq > ?", Some(Sql::Integer(number(after))));
            (format!("events {index}"), "events.seq")
        }
    };
    must("events.session = ?", session.clone().map(Sql::Text));
    must("events.session IS ?", adhoc.then_some(Sql::Null));
    must("events.kind = ?", kind.map(|k| Sql::Text(k.as_str().to_owned())));
    must("events.owner = ?", principal.clone().map(Sql::Text));
    must("events.phase = ?", phase.map(|p| Sql::Text(p.as_str().to_owned())));
    must("events.at >= ?", since.map(|t| Sql::Integer(t.0)));
    must("events.at < ?", until.map(|t| Sql::Integer(t.0)));
    let sql = format!("SELECT {COLUMNS} FROM {from} WHERE {} ORDER BY {order}", conditions.join(" AND "));
    Plan { sql, values }
}

/// The text as FTS5 looks for it: each group of three letters, quoted; all must be there, in any order.
fn groups(needle: &Needle) -> String {
    let letters: Vec<char> = needle.as_str().chars().collect();
    let mut groups: Vec<String> = letters
        .windows(3)
        .filter(|w| !w.contains(&'\0'))
        .map(|w| format!("\"{}\"", w.iter().collect::<String>().replace('"', "\"\"")))
        .collect();
    groups.sort_unstable();
    groups.dedup();
    groups.truncate(GROUPS);
    groups.join(" ")
}

#[cfg(test)]
mod tests {
    use rusqlite::{Connection, params_from_iter};

    use super::*;
    use crate::base::clock::Timestamp;
    use crate::evidence::{EventKind, Phase};
    use crate::store::migrate;

    /// Every combination of conditions that a query can express.
    fn queries() -> impl Iterator<Item = Query> {
        (0..128_u32).map(|bits| {
            let has = |bit: u32| bits & (1 << bit) != 0;
            Query {
                session: has(0).then(|| "s-1".to_owned()),
                adhoc: has(1) && !has(0),
                principal: has(2).then(|| "mira".to_owned()),
                phase: has(3).then_some(Phase::Map),
                kind: has(4).then_some(EventKind::Refused),
                since: has(5).then_some(Timestamp(1)),
                until: has(6).then_some(Timestamp(2)),
                text: None,
                after: None,
                limit: 10,
            }
        })
    }

    fn account(connection: &Connection, sql: &str, values: Vec<Sql>) -> Vec<String> {
        let mut statement = connection.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).expect("a statement");
        let rows = statement.query_map(params_from_iter(values), |row| row.get::<_, String>(3)).expect("a plan");
        rows.collect::<Result<_, _>>().expect("lines")
    }

    #[test]
    fn no_query_walks_a_table_or_sorts() {
        let mut connection = Connection::open_in_memory().expect("a database");
        migrate::migrate(&mut connection).expect("our schema");
        let needle = Needle::new("mapped billing").expect("long enough");
        let mut seen = 0;
        for query in queries() {
            for lead in [Lead::Index, Lead::Letters(&needle, 1000)] {
                let Plan { sql, values } = plan(&query, 5, lead);
                let lines = account(&connection, &sql, values);
                // A virtual table is always said to be scanned; M names the index of its letters.
                let by_letters = |line: &String| line.contains("VIRTUAL TABLE INDEX") && line.contains('M');
                let walks = lines.iter().any(|l| l.starts_with("SCAN") && !by_letters(l));
                let sorts = lines.iter().any(|l| l.contains("TEMP B-TREE"));
                assert!(!walks && !sorts, "{query:?}\n{sql}\n{lines:#?}");
                seen += 1;
            }
        }
        assert_eq!(seen, 256);
    }

    #[test]
    fn a_text_is_looked_for_by_its_letters() {
        let groups = |text: &str| groups(&Needle::new(text).expect("long enough"));
        assert_eq!(groups("Crm"), r#""crm""#);
        assert_eq!(groups("a\"b"), r#""a""b""#, "a quote is no syntax");
        assert_eq!(groups("äöü"), "\"äöü\"");
        assert_eq!(groups("aaaaaa"), "\"aaa\"", "once is enough");
    }
}
