//! The readers' room: our fixtures snapshotted, bad input, the corpus, and a scorer against outside truth.

mod bad;
pub(crate) mod corpus;
mod formats;
mod fuzz;
mod graphql;
mod hostile;
mod kept;
mod proto;
mod score;
mod show;

use platform_integration::readers::read_bytes;

use self::show::show;

fn fixture(name: &str) -> String {
    let path = format!("{}/tests/fixtures/readers/openapi/{name}", env!("CARGO_MANIFEST_DIR"));
    let bytes = std::fs::read(&path).expect("the fixture is in the repository");
    show(&read_bytes(&bytes, name))
}

fn example(name: &str) -> String {
    let path = format!("{}/examples/{name}", env!("CARGO_MANIFEST_DIR"));
    let bytes = std::fs::read(&path).expect("the example is in the repository");
    show(&read_bytes(&bytes, name))
}

#[test]
fn the_billing_example_reads_perfectly() {
    insta::assert_snapshot!(example("billing-to-crm/apis/billing.openapi.yaml"));
}

#[test]
fn the_crm_example_reads_perfectly() {
    insta::assert_snapshot!(example("billing-to-crm/apis/crm.openapi.json"));
}

#[test]
fn the_payline_example_reads_perfectly() {
    insta::assert_snapshot!(example("payments-to-ledger/apis/payline.openapi.yaml"));
}

#[test]
fn the_ledgerly_example_reads_perfectly() {
    insta::assert_snapshot!(example("payments-to-ledger/apis/ledgerly.openapi.yaml"));
}

#[test]
fn the_kontor_example_reads_perfectly() {
    insta::assert_snapshot!(example("erp-to-shop/apis/kontor.openapi.yaml"));
}

#[test]
fn the_schaufenster_example_reads_perfectly() {
    insta::assert_snapshot!(example("erp-to-shop/apis/schaufenster.openapi.yaml"));
}

#[test]
fn the_tillpoint_example_reads_perfectly() {
    insta::assert_snapshot!(example("tills-to-books/apis/tillpoint.openapi.yaml"));
}

#[test]
fn the_hauptbuch_example_reads_perfectly() {
    insta::assert_snapshot!(example("tills-to-books/apis/hauptbuch.openapi.yaml"));
}

#[test]
fn webhooks_and_callbacks_are_events() {
    insta::assert_snapshot!(fixture("events.yaml"));
}

#[test]
fn the_depot_example_reads_perfectly() {
    insta::assert_snapshot!(example("stock-to-market/apis/depot.openapi.yaml"));
}

#[test]
fn the_marktplatz_example_reads_perfectly() {
    insta::assert_snapshot!(example("stock-to-market/apis/marktplatz.openapi.yaml"));
}

#[test]
fn the_forgeyard_example_reads_perfectly() {
    insta::assert_snapshot!(example("issues-to-tickets/apis/forgeyard.openapi.yaml"));
}

#[test]
fn the_helpline_example_reads_perfectly() {
    insta::assert_snapshot!(example("issues-to-tickets/apis/helpline.openapi.yaml"));
}

#[test]
fn the_roster_example_reads_perfectly() {
    insta::assert_snapshot!(example("people-to-badges/apis/roster.graphql"));
}

#[test]
fn the_badgeworks_example_reads_perfectly() {
    insta::assert_snapshot!(example("people-to-badges/apis/badgeworks.openapi.yaml"));
}

#[test]
fn schemas_of_3_1_become_the_model() {
    insta::assert_snapshot!(fixture("shapes-31.yaml"));
}

#[test]
fn schemas_of_3_0_become_the_model() {
    insta::assert_snapshot!(fixture("shapes-30.json"));
}

#[test]
fn a_broken_description_is_read_as_far_as_it_goes() {
    insta::assert_snapshot!(fixture("broken.yaml"));
}

#[test]
fn what_cannot_be_read_says_what_it_looks_like() {
    let all = [
        "swagger1.json",
        "page.html",
        "binary.bin",
        "newer.yaml",
        "unknown-version.json",
        "bad-syntax.json",
        "bad-syntax.yaml",
        "alias-bomb.yaml",
    ];
    insta::assert_snapshot!(all.map(fixture).join("\n"));
}
