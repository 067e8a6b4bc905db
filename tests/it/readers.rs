//! The readers' room: our fixtures snapshotted, bad input, the corpus, and a scorer against outside truth.

mod corpus;
mod hostile;
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
