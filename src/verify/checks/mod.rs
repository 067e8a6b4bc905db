//! The checks, one a file. What each can find is in its rules.

mod artifact_missing;
mod block_malformed;
mod broken_link;
mod called_script;
mod claim_unsupported;
pub(crate) mod code_block;
mod command_expansion;
mod command_missing;
mod confidence_malformed;
mod confidence_over_ceiling;
mod constraint_ledger;
mod description_unfit;
mod evidence_broken;
mod evidence_unknown;
mod example_call_invalid;
mod example_not_named;
mod example_without_test;
mod file_unreachable;
mod front_matter_malformed;
mod front_matter_missing;
mod hidden_characters;
mod import_name_missing;
pub(crate) mod import_unresolved;
mod injected_instruction;
mod instance_refused;
mod key_not_portable;
mod lock_stale;
mod manifest_differs;
mod manifest_key_missing;
mod manifest_key_unknown;
mod manifest_malformed;
mod manifest_path;
mod manifest_secret;
mod manifest_stale;
mod manifest_value_unfit;
mod marker_shown;
pub(crate) mod matrix;
mod mutant_survives;
mod name_not_folder;
mod over_budget;
mod path_missing;
mod replay_differs;
mod resource_malformed;
mod restated_stale;
mod route_unknown;
mod schema_invalid;
mod script_malformed;
mod secret_in_document;
mod section_missing;
mod served_skill_differs;
mod server_not_started;
mod test_neutralised;
pub(crate) mod tests_assert_nothing;
mod tests_run;
mod tool_contract_broken;
mod tool_name_too_long;
mod tool_undocumented;
mod tree_unsound;
mod undeclared_host;
mod unknown_command;
mod unknown_tool;
mod unpinned_package;
mod value_not_quoted;

pub(super) use resource_malformed::is_deliberate;

use super::Check;

/// All checks.
pub const ALL: &[&Check] = &[
    &front_matter_missing::CHECK,
    &front_matter_malformed::CHECK,
    &key_not_portable::CHECK,
    &value_not_quoted::CHECK,
    &name_not_folder::CHECK,
    &description_unfit::CHECK,
    &section_missing::CHECK,
    &over_budget::CHECK,
    &broken_link::CHECK,
    &file_unreachable::CHECK,
    &artifact_missing::CHECK,
    &path_missing::CHECK,
    &evidence_broken::CHECK,
    &route_unknown::CHECK,
    &unknown_tool::CHECK,
    &tool_undocumented::CHECK,
    &unknown_command::CHECK,
    &command_missing::CHECK,
    &called_script::CHECK,
    &example_call_invalid::CHECK,
    &replay_differs::CHECK,
    &server_not_started::CHECK,
    &restated_stale::CHECK,
    &tool_name_too_long::CHECK,
    &served_skill_differs::CHECK,
    &example_not_named::CHECK,
    &example_without_test::CHECK,
    &confidence_malformed::CHECK,
    &confidence_over_ceiling::CHECK,
    &hidden_characters::CHECK,
    &secret_in_document::CHECK,
    &marker_shown::CHECK,
    &unpinned_package::CHECK,
    &undeclared_host::CHECK,
    &injected_instruction::CHECK,
    &command_expansion::CHECK,
    &claim_unsupported::CHECK,
    &constraint_ledger::CHECK,
    &evidence_unknown::CHECK,
    &manifest_malformed::CHECK,
    &manifest_key_missing::CHECK,
    &manifest_key_unknown::CHECK,
    &manifest_value_unfit::CHECK,
    &manifest_path::CHECK,
    &manifest_secret::CHECK,
    &manifest_differs::CHECK,
    &manifest_stale::CHECK,
    &resource_malformed::CHECK,
    &block_malformed::CHECK,
    &schema_invalid::CHECK,
    &instance_refused::CHECK,
    &tree_unsound::CHECK,
    &import_unresolved::CHECK,
    &import_name_missing::CHECK,
    &script_malformed::CHECK,
    &lock_stale::CHECK,
    &tool_contract_broken::CHECK,
    &code_block::CHECK,
    &tests_assert_nothing::CHECK,
    &test_neutralised::CHECK,
    &tests_run::CHECK,
    &matrix::CHECK,
    &matrix::ROWS,
    &mutant_survives::CHECK,
];
