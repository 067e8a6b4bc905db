//! Words that say what is done rather than to what: verbs, orders, marks of many at once, and words that only pick
//! some of what stands before them.

use std::collections::HashSet;
use std::sync::LazyLock;

use crate::base::text::{singular, words};
use crate::model::Action;

/// The lower-case words of a name; versions at its end are none (`search_v2`), and `OAuth` is one.
pub(super) fn parts(name: &str) -> Vec<String> {
    let mut parts = words(name);
    let version = |w: &String| {
        w.strip_prefix('v').is_some_and(|d| !d.is_empty() && d.len() < 3 && d.bytes().all(|b| b.is_ascii_digit()))
    };
    while parts.len() > 1 && parts.last().is_some_and(version) {
        parts.pop();
    }
    if let Some(at) = parts.windows(2).position(|w| matches!(w, [o, auth] if o == "o" && auth == "auth")) {
        parts.splice(at..at + 2, ["oauth".to_owned()]);
    }
    if let [only] = parts.as_slice()
        && let Some((verb, rest)) = grown_together(only)
    {
        return vec![verb.to_owned(), rest.to_owned()];
    }
    parts
}

/// A thing that is called after what is done with it, as paths have it: `lookup-tables`, `change_requests`. In one word with
/// humps it is a method.
pub(super) fn is_compound(word: &str) -> bool {
    const BOTH: [&str; 6] = ["lookup", "query", "filter", "view", "index", "change"];
    word.split_once(['-', '_']).is_some_and(|(first, rest)| {
        BOTH.contains(&first) && !rest.contains(['-', '_']) && rest.len() > 3 && singular(rest) != rest
    })
}

/// A verb and its noun, written as one: `createlabel`, `listtags`. `created`, `updates`, `listings` and `listeners` are words.
fn grown_together(word: &str) -> Option<(&str, &str)> {
    let verb = ["create", "delete", "update", "list", "get"].into_iter().find(|v| word.starts_with(v))?;
    let (verb, rest) = word.split_at_checked(verb.len())?;
    let ends = match verb {
        "list" => ["s", "en", "ing", "by"].iter().any(|e| rest.starts_with(e)) || singular(rest) == rest,
        "get" => ["t", "away"].iter().any(|e| rest.starts_with(e)),
        _ => ["d", "s", "r"].iter().any(|e| rest.starts_with(e)) && rest.len() < 7,
    };
    (rest.len() >= 4 && !ends && rest.bytes().all(|b| b.is_ascii_lowercase())).then_some((verb, rest))
}

/// What a verb does; words that only repeat the HTTP method say nothing.
pub(super) fn verb(word: &str) -> Option<Action> {
    Some(match word {
        "list" | "index" | "enumerate" | "browse" | "listall" | "getall" | "fetchall" => Action::List,
        "search" | "find" | "query" | "lookup" | "filter" | "searches" | "autocomplete" | "typeahead" => Action::Search,
        "retrieve" | "fetch" | "show" | "read" | "info" | "describe" | "view" | "details" => Action::Get,
        "create" | "add" | "insert" | "new" | "register" => Action::Create,
        "update" | "edit" | "modify" | "rename" | "replace" | "change" => Action::Update,
        "upsert" => Action::Upsert,
        "delete" | "remove" | "destroy" | "purge" | "del" => Action::Delete,
        _ => return None,
    })
}

/// Orders, as paths give them.
const COMMANDS: &str = "
    abort accept acknowledge activate anonymize answer append apply approve archive assign attach authorize ban block
    calculate cancel capture check clear clone close complete compute confirm
    continue convert copy deactivate decline defer deploy deprecate detach disable disconnect dismiss
    dispatch download duplicate enable end enqueue enroll evaluate execute expire export finalize finish
    follow forward freeze generate hide ignore import increment initiate install invalidate invite invoke
    join kick leave lock login logout mark merge migrate move mute notify open pause pay pin ping
    preview process promote provision publish reactivate reassign rebuild recalculate recover redeem redeliver
    refresh regenerate reindex reject release remind render reopen reorder replay replicate republish requeue
    reschedule resend reset resolve restart restore restrict resume retry revert revoke rollback rotate run save scale
    schedule send set settle share sign simulate snooze start stop submit subscribe suspend swap sync synchronize terminate
    test toggle transfer trash trigger unapply unarchive unassign unban unblock unfollow unfreeze unhide uninstall
    unlink unlock unmute unpin unpublish unshare unsubscribe unsuspend untrash upload validate verify void wait
    watch withdraw";

/// Words that order something done rather than name a thing.
pub(super) fn is_command(word: &str) -> bool {
    static SET: LazyLock<HashSet<&str>> = LazyLock::new(|| COMMANDS.split_whitespace().collect());
    SET.contains(word)
}

/// Many things in one request.
pub(super) fn is_bulk(word: &str) -> bool {
    matches!(word, "batch" | "bulk" | "multi" | "mget" | "many")
}

/// What this step of a path orders done to many at once: `batch`, `contacts-bulk`, `batchUpdate`, `create_many`. A thing
/// that is called after it is none: `batches`, `batch-webhooks`.
pub(super) fn orders_many(word: &str) -> bool {
    let parts = words(word);
    let acts = |w: &String| verb(w).is_some() || is_command(w) || matches!(w.as_str(), "get" | "set" | "put" | "or");
    match parts.as_slice() {
        [only] => is_bulk(only),
        [first, second, ..] if is_bulk(first) => acts(second) || is_bulk(second),
        [first, .., last] => {
            let among = parts.iter().any(|w| is_bulk(w));
            is_bulk(last) || (among && (verb(last).is_some() || (acts(first) && singular(last) == *last)))
        }
        [] => false,
    }
}

/// Names nothing of its own: `many`, `create_or_update`, `batch-retrieve`, `getList`.
pub(super) fn is_only_verbs(parts: &[String]) -> bool {
    parts.iter().any(|w| verb(w).is_some() || is_bulk(w))
        && parts.iter().all(|w| {
            verb(w).is_some()
                || is_bulk(w)
                || matches!(w.as_str(), "get" | "set" | "all" | "or" | "and" | "many" | "by")
        })
}

/// Words that pick some of many, or tell something of them.
const QUALIFIERS: &str = "
    active all archived assigned async available closed completed continue count counts cursor default deleted
    delta detail detailed directory featured global inactive latest next paged paginated pending popular private
    public recent recommended related released remaining scroll shared starred suggested top trending unanswered unread upcoming";

/// Picks some of what stands before it, or tells something of it: `tickets/recent`, `orders/count`, `users/me`.
pub(super) fn is_qualifier(word: &str) -> bool {
    static SET: LazyLock<HashSet<&str>> = LazyLock::new(|| QUALIFIERS.split_whitespace().collect());
    let parts = words(word);
    match parts.as_slice() {
        [only] => is_self(only) || SET.contains(only.as_str()),
        [by, _, ..] if by == "by" => true,
        [first, by, _, ..] => by == "by" && (first == "get" || verb(first).is_some()),
        _ => false,
    }
}

/// Who asks: `/me`.
pub(super) fn is_self(word: &str) -> bool {
    matches!(word, "me" | "self" | "current" | "myself" | "whoami" | "mine")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_at_the_end_are_no_words() {
        assert_eq!(parts("create_folder_v2"), ["create", "folder"]);
        assert_eq!(parts("OAuthApps"), ["oauth", "apps"]);
        assert_eq!(parts("v2"), ["v2"]);
    }

    #[test]
    fn a_verb_and_its_noun_are_told_apart_though_written_as_one() {
        assert_eq!(parts("createlabel"), ["create", "label"]);
        assert_eq!(parts("listtags"), ["list", "tags"]);
        assert_eq!(parts("getrates"), ["get", "rates"]);
        for word in ["created", "updates", "deletes", "listings", "listeners", "lists", "listen", "getters", "creators"]
        {
            assert_eq!(parts(word), [word]);
        }
    }

    #[test]
    fn orders_to_many_are_told_from_things_called_after_them() {
        for order in ["batch", "bulk", "batchUpdate", "bulk_create_offers", "create_many", "contacts-bulk"] {
            assert!(orders_many(order), "{order}");
        }
        for thing in ["batches", "batch-webhooks", "BatchPayments", "usage-batches", "contacts"] {
            assert!(!orders_many(thing), "{thing}");
        }
    }

    #[test]
    fn qualifiers_name_nothing() {
        for word in ["paged", "by_policy_name", "me", "count"] {
            assert!(is_qualifier(word), "{word}");
        }
        assert!(!is_qualifier("bypass") && !is_qualifier("accounts"));
        assert!(is_only_verbs(&parts("create_or_update")) && !is_only_verbs(&parts("getUsers")));
    }
}
