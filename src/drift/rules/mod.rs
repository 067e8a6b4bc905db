//! One rule a file: what it judges, and what it says of it.

mod answer_emptied;
mod answer_header_removed;
mod argument_type_changed;
mod auth_added;
mod auth_dropped;
mod auth_required;
mod auth_scheme_changed;
mod auth_url_changed;
mod auth_withdrawn;
mod body_added;
mod body_became_optional;
mod body_removed;
mod body_required;
mod companion_changed;
mod default_changed;
mod discriminator_changed;
mod entity_added;
mod entity_removed;
mod enum_value_added;
mod enum_value_removed;
mod event_added;
mod event_emptied;
mod event_header_removed;
mod event_removed;
mod field_deprecated;
mod format_changed;
mod idempotency_withdrawn;
mod item_count_changed;
mod length_changed;
mod media_type_added;
mod media_type_changed;
mod money_unit_changed;
mod nullability_changed;
mod oauth_flow_removed;
mod operation_added;
mod operation_deprecated;
mod operation_id_changed;
mod operation_moved;
mod operation_removed;
mod operation_text_changed;
mod page_size_lowered;
mod pagination_changed;
mod parameter_added;
mod parameter_deprecated;
mod parameter_removed;
mod parameter_requiredness_changed;
mod pattern_changed;
mod properties_closed;
mod properties_opened;
mod property_added;
mod property_became_optional;
mod property_became_required;
mod property_count_changed;
mod property_removed;
mod range_changed;
mod rate_limit_lowered;
mod records_moved;
mod scope_added;
mod scope_removed;
mod server_added;
mod server_removed;
mod statement_changed;
mod status_added;
mod status_removed;
mod step_changed;
mod success_status_changed;
mod sunset_announced;
mod text_changed;
mod type_added;
mod type_changed;
mod type_removed;
mod type_renamed;
mod uniqueness_changed;
mod values_closed;
mod values_opened;
mod variant_added;
mod variant_removed;

use super::change::Change;
use super::ops::{Ops, Systems};
use super::pair::Pair;

/// One kind of change.
#[derive(Clone, Copy)]
pub struct Rule {
    /// Kebab-case name of what changed.
    pub code: &'static str,
    /// What it finds, in a sentence.
    pub finds: &'static str,
    /// What it looks at.
    pub(super) look: Look,
    /// Drills whose result rests on what changed, by code.
    pub drills: &'static [&'static str],
}

/// What a rule looks at.
#[derive(Clone, Copy)]
pub(super) enum Look {
    /// Both descriptions.
    Systems(fn(&Systems<'_>, &mut Vec<Change>)),
    /// Two operations that are one.
    Operations(fn(&Ops<'_>, &mut Vec<Change>)),
    /// Two schemas at one place, on one side.
    Schemas(fn(&Pair<'_>, &mut Vec<Change>)),
}

/// All rules.
pub const ALL: &[Rule] = &[
    operation_removed::RULE,
    operation_added::RULE,
    entity_removed::RULE,
    entity_added::RULE,
    server_removed::RULE,
    server_added::RULE,
    auth_scheme_changed::RULE,
    auth_url_changed::RULE,
    oauth_flow_removed::RULE,
    event_removed::RULE,
    event_added::RULE,
    event_header_removed::RULE,
    event_emptied::RULE,
    operation_moved::RULE,
    operation_id_changed::RULE,
    operation_deprecated::RULE,
    sunset_announced::RULE,
    operation_text_changed::RULE,
    parameter_removed::RULE,
    parameter_added::RULE,
    parameter_requiredness_changed::RULE,
    parameter_deprecated::RULE,
    body_required::RULE,
    body_added::RULE,
    body_became_optional::RULE,
    body_removed::RULE,
    media_type_changed::RULE,
    media_type_added::RULE,
    answer_emptied::RULE,
    success_status_changed::RULE,
    statement_changed::RULE,
    status_added::RULE,
    status_removed::RULE,
    answer_header_removed::RULE,
    records_moved::RULE,
    auth_required::RULE,
    auth_withdrawn::RULE,
    auth_added::RULE,
    auth_dropped::RULE,
    scope_added::RULE,
    scope_removed::RULE,
    pagination_changed::RULE,
    page_size_lowered::RULE,
    rate_limit_lowered::RULE,
    idempotency_withdrawn::RULE,
    argument_type_changed::RULE,
    type_changed::RULE,
    format_changed::RULE,
    nullability_changed::RULE,
    enum_value_removed::RULE,
    enum_value_added::RULE,
    values_closed::RULE,
    values_opened::RULE,
    property_removed::RULE,
    property_added::RULE,
    property_became_required::RULE,
    property_became_optional::RULE,
    length_changed::RULE,
    item_count_changed::RULE,
    uniqueness_changed::RULE,
    range_changed::RULE,
    step_changed::RULE,
    money_unit_changed::RULE,
    pattern_changed::RULE,
    property_count_changed::RULE,
    companion_changed::RULE,
    properties_closed::RULE,
    properties_opened::RULE,
    variant_removed::RULE,
    variant_added::RULE,
    discriminator_changed::RULE,
    default_changed::RULE,
    field_deprecated::RULE,
    text_changed::RULE,
    type_renamed::RULE,
    type_removed::RULE,
    type_added::RULE,
];

/// The drills whose result rests on what a rule of this code found.
pub(super) fn drills(code: &str) -> &'static [&'static str] {
    ALL.iter().find(|r| r.code == code).map_or(&[], |r| r.drills)
}
