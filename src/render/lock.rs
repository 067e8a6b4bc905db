//! What was locked, for people.

use super::Text;
use super::page::Page;
use crate::app::lock::Answer;
use crate::base::text::plural;

impl Text for Answer {
    fn text(&self, page: &mut Page) {
        for lock in &self.locks {
            let verb = if lock.written { "wrote" } else { "unchanged" };
            let version = if lock.version.is_empty() { String::new() } else { format!(" {}", lock.version) };
            let tools =
                if lock.tools == 0 { String::new() } else { format!(", {}", plural(lock.tools as u64, "tool")) };
            let files = plural(lock.files as u64, "file");
            page.line(format!("{verb} {}: {}{version}, {files}{tools}", lock.file, lock.skill));
        }
        for what in &self.not_locked {
            page.line(format!("not locked: {what}"));
        }
        page.next(&self.next);
    }
}
