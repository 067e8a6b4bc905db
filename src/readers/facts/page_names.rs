//! Names by which APIs page, in the normal form of [`norm`]: what was met in real descriptions, no more.

use super::path::norm;
use crate::model::PageStyle;

/// Parameters that carry a token or the key of the last record.
pub(super) const CURSORS: [&str; 34] = [
    "cursor",
    "pagecursor",
    "nextcursor",
    "startcursor",
    "aftercursor",
    "pagetoken",
    "nextpagetoken",
    "nexttoken",
    "continuationtoken",
    "continuation",
    "continuationkey",
    "startingafter",
    "pageafter",
    "bookmark",
    "scrollid",
    "nextid",
    "marker",
    "startkey",
    "startafter",
    "searchafter",
    "exclusivestartkey",
    "skiptoken",
    "starttoken",
    "paginationtoken",
    "paginationkey",
    "listcursor",
    "sinceid",
    "afterid",
    "lastid",
    "lastitemid",
    "offsettoken",
    "resumptiontoken",
    "pagemarker",
    "after",
];
/// Cursors only where nothing else pages, or where the answer holds the token.
pub(super) const WEAK_CURSORS: [&str; 4] = ["until", "before", "next", "since"];
/// Parameters that carry a page number.
pub(super) const PAGES: [&str; 11] =
    ["page", "pagenumber", "pageno", "pagenum", "pageindex", "currentpage", "p", "pg", "pagenr", "pagepage", "pageid"];
/// Parameters that carry how many records to skip.
pub(super) const OFFSETS: [&str; 16] = [
    "offset",
    "skip",
    "startat",
    "start",
    "startindex",
    "from",
    "pageoffset",
    "sysparmoffset",
    "recordoffset",
    "startoffset",
    "startrow",
    "startposition",
    "startfrom",
    "skipcount",
    "firstresult",
    "firstrecord",
];
/// Parameters that carry the size of a page, surest first.
pub(super) const LIMITS: [&str; 34] = [
    "limit",
    "perpage",
    "pagesize",
    "pagelimit",
    "pagelen",
    "count",
    "maxresults",
    "size",
    "top",
    "rows",
    "resultsperpage",
    "max",
    "sysparmlimit",
    "take",
    "num",
    "itemsperpage",
    "recordsperpage",
    "maxitems",
    "maxrecords",
    "limitperpage",
    "pagerows",
    "maxpagesize",
    "hitsperpage",
    "first",
    "length",
    "maxcount",
    "nbperpage",
    "entriesperpage",
    "countperpage",
    "batchsize",
    "recordlimit",
    "resultlimit",
    "numresults",
    "pagecount",
];
/// Fields of an answer that hold the next token.
pub(super) const TOKENS: [&str; 21] = [
    "nextcursor",
    "nextpagetoken",
    "nextpagecursor",
    "nexttoken",
    "continuationtoken",
    "continuation",
    "endcursor",
    "nextmarker",
    "nextbookmark",
    "bookmark",
    "scrollid",
    "nextscrollid",
    "lastid",
    "nextid",
    "nextkey",
    "lastevaluatedkey",
    "nextpageid",
    "nextstartingafter",
    "nextoffset",
    "cursornext",
    "nextpagekey",
];

/// Whether a query parameter of this name is there to page.
pub(super) fn is_page_param(name: &str) -> bool {
    let name = norm(name);
    let name = name.as_str();
    CURSORS.contains(&name)
        || PAGES.contains(&name)
        || matches!(
            name,
            "offset" | "startat" | "limit" | "perpage" | "pagesize" | "sysparmlimit" | "pagelen" | "maxresults"
        )
}

/// How a field of this name would page, were it a parameter.
pub(super) fn is_position(name: &str) -> Option<PageStyle> {
    match name {
        "offset" | "skip" | "startat" | "startindex" => Some(PageStyle::Offset),
        "page" | "pagenumber" | "pageindex" => Some(PageStyle::Page),
        _ => None,
    }
}
