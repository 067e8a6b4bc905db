//! Tables as comma-separated values (RFC 4180): a row a line, fields in quotes where they hold commas, quotes or line ends.

use super::text::plural;

/// A table with a header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    /// The names in the first row.
    pub header: Vec<String>,
    /// The other rows, each with the line it begins on, from 1; each as long as the header.
    pub rows: Vec<(u32, Vec<String>)>,
}

/// Why a text is no table.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {because}")]
pub struct CsvError {
    /// Where, from 1.
    pub line: u32,
    /// A fragment, without what stands there.
    pub because: String,
}

/// Reads a table. A byte order mark and an empty line at the end are passed over.
///
/// # Errors
/// What is not as RFC 4180 has it, and a text of more than `most` rows.
pub fn parse(text: &str, most: usize) -> Result<Table, CsvError> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut rows = Rows { text, at: 0, line: 1 };
    let (_, header) = rows.next_row()?.ok_or_else(|| no(1, "there is no header"))?;
    let mut out = Table { header, rows: Vec::new() };
    while let Some((line, row)) = rows.next_row()? {
        if row.len() != out.header.len() {
            let has = plural(row.len() as u64, "field");
            return Err(no(line, &format!("the row has {has}, the header {}", out.header.len())));
        }
        if out.rows.len() >= most {
            return Err(no(line, &format!("there are more than {most} rows")));
        }
        out.rows.push((line, row));
    }
    Ok(out)
}

fn no(line: u32, because: &str) -> CsvError {
    CsvError { line, because: because.to_owned() }
}

struct Rows<'t> {
    text: &'t str,
    at: usize,
    line: u32,
}

impl Rows<'_> {
    fn rest(&self) -> &str {
        self.text.get(self.at..).unwrap_or_default()
    }

    /// The next row and its line; nothing at the end.
    fn next_row(&mut self) -> Result<Option<(u32, Vec<String>)>, CsvError> {
        if self.rest().is_empty() {
            return Ok(None);
        }
        let line = self.line;
        let mut row = Vec::new();
        loop {
            row.push(self.field()?);
            let rest = self.rest();
            if rest.starts_with(',') {
                self.at += 1;
                continue;
            }
            let end = if rest.starts_with("\r\n") { 2 } else { usize::from(rest.starts_with('\n')) };
            if end == 0 && !rest.is_empty() {
                return Err(no(self.line, "there is more behind a field in quotes"));
            }
            self.at += end;
            self.line = self.line.saturating_add(1);
            return Ok(Some((line, row)));
        }
    }

    fn field(&mut self) -> Result<String, CsvError> {
        let rest = self.rest();
        let Some(quoted) = rest.strip_prefix('"') else {
            let end = rest.find([',', '\n']).unwrap_or(rest.len());
            let whole = rest.get(..end).unwrap_or_default();
            let field = if rest.get(end..).is_some_and(|r| r.starts_with(',')) {
                whole
            } else {
                whole.strip_suffix('\r').unwrap_or(whole)
            };
            if field.contains('"') {
                return Err(no(self.line, "there is a quote in a field that is not in quotes"));
            }
            let field = field.to_owned();
            self.at += field.len();
            return Ok(field);
        };
        let mut out = String::new();
        let mut from = 0;
        loop {
            let Some(end) = quoted.get(from..).and_then(|q| q.find('"')).map(|i| from + i) else {
                return Err(no(self.line, "a quote is not closed"));
            };
            out.push_str(quoted.get(from..end).unwrap_or_default());
            if quoted.get(end + 1..).is_some_and(|q| q.starts_with('"')) {
                out.push('"');
                from = end + 2;
                continue;
            }
            self.at += end + 2;
            self.line = self.line.saturating_add(u32::try_from(out.matches('\n').count()).unwrap_or(u32::MAX));
            return Ok(out);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> String {
        match parse(text, 3) {
            Ok(table) => format!("{:?} {:?}", table.header, table.rows),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn what_rfc_4180_allows_is_read_and_the_rest_is_named() {
        let all = [
            "a,b\n1,2\n",
            "\u{feff}a,b\r\n1,2",
            "a\n\"x, \"\"y\"\"\nz\"\nlast\n",
            "a,b\n,\n",
            "",
            "a,b\n1\n",
            "a\n\"x\n",
            "a\n\"x\"y\n",
            "a\nx\"y\n",
            "a\n1\n2\n3\n4\n",
        ];
        let page: Vec<String> = all.iter().map(|text| format!("{text:?}\n  {}", shown(text))).collect();
        insta::assert_snapshot!(page.join("\n"));
    }
}
