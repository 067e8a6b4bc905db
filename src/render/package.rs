//! What was packaged.

use super::Text;
use super::page::{BOLD, Page, styled};
use crate::app::package::Answer;
use crate::base::text;

impl Text for Answer {
    fn text(&self, page: &mut Page) {
        for stale in &self.stale {
            let place = if stale.line == 0 { String::new() } else { format!(":{}:{}", stale.line, stale.column) };
            page.line(format!("stale: {}{place}: {}", stale.path, stale.because));
        }
        for file in &self.archives {
            page.line(format!("{}  {}  ({} bytes)", file.sha256, file.path, text::thousands(file.size as u64)));
        }
        let count = text::plural(self.files.len() as u64, "file");
        let done = match &self.out {
            Some(out) if self.archives.is_empty() => {
                let manifests = text::plural(self.current as u64, "manifest");
                format!("{count} written below {out}; {manifests} as the source gives")
            }
            Some(out) => format!("{count} written below {out}, with their digests in {out}/packages.json"),
            None if self.stale.is_empty() => {
                format!("{} as the source gives", text::plural(self.current as u64, "manifest"))
            }
            None => format!(
                "{} of {} not as the source gives",
                self.stale.len(),
                text::plural((self.stale.len() + self.current) as u64, "manifest")
            ),
        };
        page.line(format!("{}: {done}", styled(BOLD, &self.version)));
        page.next(&self.next);
    }
}
