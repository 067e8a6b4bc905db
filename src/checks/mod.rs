//! Row 6: what is wrong with a contract, given the two systems it names. One check per file; [`ALL`] is the index.
//!
//! A check never guesses at what it cannot see: where a description could not be read, the checks that need it stay
//! silent, since the reader has said so already.

mod accepted;
mod accepted_nothing;
mod account;
mod approval_too_weak;
mod assumption_unstated;
pub mod assumptions;
mod auth_incomplete;
mod auth_missing;
mod between;
pub mod budget;
mod bulk_size_above_limit;
mod bulk_without_results;
mod cannot_be_accepted;
mod circular_flow;
mod cleartext_credentials;
mod conflicting_writers;
mod constraint_binds_unknown;
mod cursor_without_end;
mod delete_event_unheard;
mod deleted_flag_ignored;
mod deleted_never_listed;
mod deletes_not_carried;
mod deprecated_operation;
mod duplicate_flow;
mod event_id_not_unique;
mod event_id_unknown;
mod event_record_unknown;
mod events_may_be_lost;
mod feed_unknown;
mod field_not_included;
mod find_lags_behind;
mod find_reads_one_page;
mod fixed_upper_bound;
mod freshness_out_of_reach;
mod graphql_target;
mod grpc_operation;
mod guessable_hash;
mod hard_without_clause;
mod hard_without_drill;
pub mod honour;
mod idempotency_header_not_stated;
mod idempotency_key_refused;
mod incremental_boundary_exclusive;
mod incremental_by_creation;
mod incremental_field_optional;
mod incremental_field_orders_nothing;
mod incremental_format_differs;
mod incremental_param_no_lower_bound;
mod incremental_param_unknown;
mod inferred_unconfirmed;
mod key_identifies_nothing;
mod key_may_be_missing;
mod key_may_change;
mod key_not_unique;
mod list_filtered_by_default;
mod list_forgets;
mod lossy_round_trip;
mod mapping_types;
mod match_not_searchable;
mod match_not_shown;
mod missing_required_parameter;
mod natural_key_case;
mod natural_key_not_unique;
mod natural_key_unmapped;
mod nature;
mod nested_page;
mod no_base_url;
mod not_a_list_operation;
mod not_a_write_operation;
mod offset_window_exceeded;
mod operations_of_two_things;
mod page_size_above_limit;
mod pagination_differs;
mod pagination_unknown;
mod param_sent_twice;
mod param_value_refused;
mod patch_document_expected;
mod places;
mod prose;
mod put_drops_fields;
mod put_key_differs;
mod rate_above_limit;
mod rate_unset;
mod refresh_token_not_kept;
mod retried_write_without_idempotency;
mod retry_after_ignored;
mod retry_in_step;
mod retry_outlives_key;
mod rollback_incomplete;
mod sandbox_base_url;
mod scheme_not_accepted;
mod scope_missing;
mod scope_too_wide;
pub mod scopes;
mod secret_as_value;
mod secret_in_const;
mod secret_of_other_environment;
mod secret_of_other_system;
mod sensitive;
mod sensitive_data_leaves_region;
mod sensitive_into_free_text;
mod signature_scheme_differs;
mod signers_missing;
mod sorted_by_other_field;
mod timeout_below_stated;
mod token_not_refreshed;
mod told;
mod too_many_at_once;
pub mod topics;
mod unknown_event;
mod unknown_field;
mod unknown_operation;
mod unknown_parameter;
mod unknown_scheme;
mod unknown_system;
mod unsatisfiable_schema;
mod used;
mod webhook_order_unknown;
mod webhook_replayable;
mod webhook_tolerance_unfit;
mod webhook_unsigned;
mod write_settles_later;

use std::collections::{BTreeMap, BTreeSet};

pub use accepted::Risk;

use crate::base::text::{nearest, quoted, surely};
use crate::base::yaml::Span;
use crate::contract::Contract;
use crate::finding::{Finding, Location, Severity, tidy};
use crate::mapping::Mapping;
use crate::model::System;

/// All checks, in the order in which a reviewer would ask.
pub static ALL: [&Check; 108] = [
    &unknown_system::CHECK,
    &unknown_operation::CHECK,
    &not_a_write_operation::CHECK,
    &operations_of_two_things::CHECK,
    &patch_document_expected::CHECK,
    &deprecated_operation::CHECK,
    &unknown_event::CHECK,
    &unknown_field::CHECK,
    &unsatisfiable_schema::CHECK,
    &bulk_without_results::CHECK,
    &bulk_size_above_limit::CHECK,
    &unknown_parameter::CHECK,
    &param_value_refused::CHECK,
    &param_sent_twice::CHECK,
    &fixed_upper_bound::CHECK,
    &unknown_scheme::CHECK,
    &no_base_url::CHECK,
    &sandbox_base_url::CHECK,
    &cleartext_credentials::CHECK,
    &auth_missing::CHECK,
    &auth_incomplete::CHECK,
    &token_not_refreshed::CHECK,
    &scheme_not_accepted::CHECK,
    &secret_of_other_environment::CHECK,
    &secret_of_other_system::CHECK,
    &secret_as_value::CHECK,
    &secret_in_const::CHECK,
    &scope_missing::CHECK,
    &scope_too_wide::CHECK,
    &not_a_list_operation::CHECK,
    &graphql_target::CHECK,
    &grpc_operation::CHECK,
    &pagination_unknown::CHECK,
    &cursor_without_end::CHECK,
    &page_size_above_limit::CHECK,
    &pagination_differs::CHECK,
    &offset_window_exceeded::CHECK,
    &list_filtered_by_default::CHECK,
    &list_forgets::CHECK,
    &feed_unknown::CHECK,
    &incremental_param_unknown::CHECK,
    &incremental_param_no_lower_bound::CHECK,
    &incremental_field_orders_nothing::CHECK,
    &incremental_boundary_exclusive::CHECK,
    &incremental_by_creation::CHECK,
    &incremental_format_differs::CHECK,
    &incremental_field_optional::CHECK,
    &sorted_by_other_field::CHECK,
    &webhook_unsigned::CHECK,
    &webhook_replayable::CHECK,
    &webhook_tolerance_unfit::CHECK,
    &signature_scheme_differs::CHECK,
    &event_record_unknown::CHECK,
    &event_id_unknown::CHECK,
    &event_id_not_unique::CHECK,
    &webhook_order_unknown::CHECK,
    &events_may_be_lost::CHECK,
    &delete_event_unheard::CHECK,
    &deleted_flag_ignored::CHECK,
    &deleted_never_listed::CHECK,
    &deletes_not_carried::CHECK,
    &missing_required_parameter::CHECK,
    &key_may_be_missing::CHECK,
    &key_identifies_nothing::CHECK,
    &key_not_unique::CHECK,
    &key_may_change::CHECK,
    &mapping_types::CHECK,
    &field_not_included::CHECK,
    &sensitive_into_free_text::CHECK,
    &sensitive_data_leaves_region::CHECK,
    &guessable_hash::CHECK,
    &nested_page::CHECK,
    &natural_key_unmapped::CHECK,
    &natural_key_not_unique::CHECK,
    &put_key_differs::CHECK,
    &natural_key_case::CHECK,
    &match_not_searchable::CHECK,
    &match_not_shown::CHECK,
    &find_reads_one_page::CHECK,
    &find_lags_behind::CHECK,
    &put_drops_fields::CHECK,
    &refresh_token_not_kept::CHECK,
    &retried_write_without_idempotency::CHECK,
    &idempotency_header_not_stated::CHECK,
    &idempotency_key_refused::CHECK,
    &write_settles_later::CHECK,
    &rollback_incomplete::CHECK,
    &retry_outlives_key::CHECK,
    &retry_after_ignored::CHECK,
    &retry_in_step::CHECK,
    &timeout_below_stated::CHECK,
    &freshness_out_of_reach::CHECK,
    &rate_above_limit::CHECK,
    &rate_unset::CHECK,
    &too_many_at_once::CHECK,
    &duplicate_flow::CHECK,
    &conflicting_writers::CHECK,
    &circular_flow::CHECK,
    &lossy_round_trip::CHECK,
    &constraint_binds_unknown::CHECK,
    &hard_without_clause::CHECK,
    &hard_without_drill::CHECK,
    &assumption_unstated::CHECK,
    &inferred_unconfirmed::CHECK,
    &approval_too_weak::CHECK,
    &signers_missing::CHECK,
    &cannot_be_accepted::CHECK,
    &accepted_nothing::CHECK,
];

/// One check.
#[derive(Debug)]
pub struct Check {
    /// Kebab-case name of the bad thing; also the code of its findings, but for `mapping-types`, which has many.
    pub code: &'static str,
    /// What it looks for and why, in one sentence.
    pub summary: &'static str,
    /// How bad its findings are at most.
    pub severity: Severity,
    /// Looks.
    pub run: fn(&Subject<'_>, &mut Vec<Finding>),
}

/// What is checked.
pub struct Subject<'a> {
    /// The contract.
    pub contract: &'a Contract,
    /// The systems by the names of the contract; absent where the description could not be read.
    pub systems: &'a BTreeMap<String, &'a System>,
    /// The compiled `map` of each flow, by flow name.
    pub mappings: &'a BTreeMap<String, Mapping>,
    /// Whether an inferred constraint was confirmed, by its id; nothing where there is no session to ask.
    pub confirmed: Option<&'a dyn Fn(&str) -> bool>,
    /// The text of the contract.
    pub text: &'a str,
}

/// Runs every check. Findings are sorted by place; nothing is said twice.
#[must_use]
pub fn run(subject: &Subject<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    run_over(subject, &mut findings);
    findings
}

/// Runs every check over what others have found in the same contract, so that `accepted` is about all of it: what an entry
/// covers is a note afterwards. Answers with the risks that were taken, in the order of the file.
pub fn run_over(subject: &Subject<'_>, findings: &mut Vec<Finding>) -> Vec<Risk> {
    for check in ALL {
        (check.run)(subject, findings);
    }
    tidy(findings);
    let risks = accepted::apply(subject, findings);
    tidy(findings);
    risks
}

/// Makes notes of the findings that the contract accepts, and tells which they are: for findings that come after the checks, as
/// those of real samples do.
pub fn accept(subject: &Subject<'_>, findings: &mut [Finding]) -> Vec<Risk> {
    accepted::apply(subject, findings)
}

impl Subject<'_> {
    fn location(&self, at: Span) -> Location {
        Location::at(&self.contract.file, at)
    }

    fn error(&self, check: &Check, at: Span, message: impl Into<String>) -> Finding {
        Finding::error(check.code, self.location(at), message)
    }

    fn warning(&self, check: &Check, at: Span, message: impl Into<String>) -> Finding {
        Finding::warning(check.code, self.location(at), message)
    }
}

impl Finding {
    /// With the change that mends a name, where one alone of these was surely meant: a letter, the case or a hyphen is wrong.
    fn meant<'a>(self, name: &str, names: impl Iterator<Item = &'a str>) -> Self {
        let near: BTreeSet<&str> = names.filter(|n| surely(name, n)).collect();
        match near.first() {
            Some(only) if near.len() == 1 => self.near(Some(only)).word(name, *only),
            _ => self,
        }
    }
}

/// `did you mean "x"? use one of a, b, c`; names come from outside, so they are cleaned and bounded.
fn among<'a>(name: &str, names: impl IntoIterator<Item = &'a str>) -> String {
    const MOST: usize = 10;
    let names: Vec<&str> = names.into_iter().collect();
    if names.is_empty() {
        return "there are none to choose from".to_owned();
    }
    let near = nearest(name, names.iter().copied());
    let near = near.map_or_else(String::new, |n| format!("did you mean \"{}\"? ", quoted(n, 80)));
    let shown: Vec<String> = names.iter().take(MOST).map(|n| quoted(n, 60)).collect();
    let more = names.len().saturating_sub(MOST);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    format!("{near}use one of {}{more}", shown.join(", "))
}
