//! A page being written: headings, columns, verdicts in colour.

use std::fmt::Write as _;

use anstyle::{AnsiColor, Style};
use comfy_table::{ContentArrangement, Table, presets};

use crate::evidence::Verdict;
use crate::finding::Severity;

/// Bold.
pub const BOLD: Style = Style::new().bold();
/// Faint.
pub const DIM: Style = Style::new().dimmed();
const GREEN: Style = AnsiColor::Green.on_default();
const YELLOW: Style = AnsiColor::Yellow.on_default();
const RED: Style = AnsiColor::Red.on_default().bold();
const CYAN: Style = AnsiColor::Cyan.on_default();

/// `text` in a style.
#[must_use]
pub fn styled(style: Style, text: &str) -> String {
    format!("{style}{text}{style:#}")
}

/// The colour of a verdict.
#[must_use]
pub const fn verdict_style(v: Verdict) -> Style {
    match v {
        Verdict::Pass => GREEN,
        Verdict::Partial | Verdict::Unproven => YELLOW,
        Verdict::Fail => RED,
    }
}

/// The colour of a severity.
#[must_use]
pub const fn severity_style(s: Severity) -> Style {
    match s {
        Severity::Error => RED,
        Severity::Warning => YELLOW,
        Severity::Note => CYAN,
    }
}

/// A page of text.
#[derive(Debug)]
pub struct Page {
    out: String,
    width: u16,
}

impl Page {
    /// A page of so many columns.
    #[must_use]
    pub const fn new(width: u16) -> Self {
        Self { out: String::new(), width }
    }

    /// A line.
    pub fn line(&mut self, text: impl AsRef<str>) {
        self.out.push_str(text.as_ref());
        self.out.push('\n');
    }

    /// An empty line, unless the page is empty or one stands there already.
    pub fn gap(&mut self) {
        if !self.out.is_empty() && !self.out.ends_with("\n\n") {
            self.out.push('\n');
        }
    }

    /// A heading after a gap.
    pub fn heading(&mut self, text: &str) {
        self.gap();
        self.line(styled(BOLD, text));
    }

    /// `label  value`, the label faint and padded.
    pub fn pair(&mut self, label: &str, value: impl AsRef<str>) {
        writeln!(self.out, "  {DIM}{label:<13}{DIM:#} {}", value.as_ref()).expect("writing to a string cannot fail");
    }

    /// Columns under a faint head; verdict words in colour.
    pub fn table(&mut self, head: &[&str], rows: &[Vec<String>]) {
        if rows.is_empty() {
            return;
        }
        let mut table = Table::new();
        table
            .load_preset(presets::NOTHING)
            .set_content_arrangement(ContentArrangement::Dynamic)
            .set_width(self.width.saturating_sub(2));
        table.set_header(head.to_vec());
        for row in rows {
            table.add_row(row.clone());
        }
        for (i, line) in table.lines().enumerate() {
            let line = line.trim_end();
            let line = if i == 0 { styled(DIM, line) } else { paint(line) };
            self.line(format!(" {line}"));
        }
    }

    /// What to do next.
    pub fn next(&mut self, next: &str) {
        if next.is_empty() {
            return;
        }
        self.gap();
        self.line(format!("{CYAN}next:{CYAN:#} {next}"));
    }

    /// The text so far.
    #[must_use]
    pub fn into_text(self) -> String {
        self.out
    }

    /// Columns of the page.
    #[must_use]
    pub const fn width(&self) -> u16 {
        self.width
    }
}

/// Verdict and state words in their colours.
fn paint(line: &str) -> String {
    let mut out = line.to_owned();
    for (word, style) in [
        ("UNPROVEN", YELLOW),
        ("PARTIAL", YELLOW),
        ("PASS", GREEN),
        ("FAIL", RED),
        ("unproven", YELLOW),
        ("unmet", RED),
    ] {
        let padded = format!(" {word} ");
        let colored = format!(" {} ", styled(style, word));
        out = format!("{out} ").replacen(&padded, &colored, 1).trim_end().to_owned();
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_aligns_and_a_gap_is_one_line() {
        let mut page = Page::new(80);
        page.heading("One");
        page.table(&["a", "bb"], &[vec!["x".into(), "PASS".into()], vec!["longer".into(), "y".into()]]);
        page.gap();
        page.gap();
        page.line("end");
        let plain = anstream::adapter::strip_str(&page.into_text()).to_string();
        assert_eq!(plain, "One\n  a       bb\n  x       PASS\n  longer  y\n\nend\n");
    }
}
