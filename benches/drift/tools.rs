//! What public tools found, measured in November 2026 on 26 drifts of one small skill with a server of two tools, each
//! tool at its defaults. Another set than the one above, and a smaller one: read it as the order of magnitude.

/// Tool, version, and how many of the 26 it found.
const PUBLIC: [(&str, &str, usize); 7] = [
    ("skills-ref", "0.1.1", 3),
    ("quick_validate (skill-creator)", "-", 2),
    ("agnix", "0.60.3", 5),
    ("skillcheck", "1.5.0", 4),
    ("skillsaw", "0.22.0", 5),
    ("Cisco skill-scanner", "2.3.2", 3),
    ("mcp-contract", "0.6", 2),
];

/// Prints them.
pub(crate) fn print() {
    println!("\npublic tools, on another set of 26 drifts (16 of which none of them saw):");
    for (tool, version, found) in PUBLIC {
        println!("  {tool:<32} {version:<8} {found:>2} of 26");
    }
}
