//! Names by which APIs page, in the normal form of [`norm`]: what was met in real descriptions, no more.

use super::path::norm;
use crate::model::PageStyle;

/// Parameters that carry a token or the key of the last record.
pub(super) const CURSORS: [&str; 52] = [
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
    "offsettoken",
    "resumptiontoken",
    "pagemarker",
    "pageinfo",
    "scrollparam",
    "scrolltoken",
    "streamposition",
    "aftertoken",
    "afterkey",
    "cursormark",
    "pagekey",
    "pagingtoken",
    "pagestate",
    "querylocator",
    "resumetoken",
    "nextkey",
    "lastkey",
    "lastevaluatedkey",
    "startrecordkey",
    "iterator",
    "nextpagekey",
    "afterid",
    "lastid",
    "lastitemid",
    "sinceid",
    "after",
];
/// Cursors only where nothing else pages, or where the answer holds the token.
pub(super) const WEAK_CURSORS: [&str; 7] = ["until", "before", "next", "since", "sync", "maxid", "synctoken"];
/// Parameters that carry a page number.
pub(super) const PAGES: [&str; 15] = [
    "page",
    "pagenumber",
    "pageno",
    "pagenum",
    "pageindex",
    "currentpage",
    "p",
    "pg",
    "pagenr",
    "pagepage",
    "pageid",
    "pagenbr",
    "startpage",
    "requestedpage",
    "skippages",
];
/// Parameters that carry how many records to skip.
pub(super) const OFFSETS: [&str; 24] = [
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
    "startingindex",
    "resultoffset",
    "startrecord",
    "startnumber",
    "recordstart",
    "rowoffset",
    "skiprecords",
    "beginindex",
];
/// Parameters that carry the size of a page, surest first.
pub(super) const LIMITS: [&str; 45] = [
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
    "per",
    "maxreturn",
    "chunksize",
    "numitems",
    "numrecords",
    "maxentries",
    "resultcount",
    "querylimit",
    "limitcount",
    "maxperpage",
    "results",
];
/// Fields of an answer that hold the next token.
pub(super) const TOKENS: [&str; 35] = [
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
    "aftercursor",
    "nextpageinfo",
    "nextcursormark",
    "nextstreamposition",
    "nextposition",
    "nextafter",
    "nextpageafter",
    "nextiterator",
    "nextrecordkey",
    "pagingtoken",
    "paginationtoken",
    "nextpaginationtoken",
    "resumetoken",
    "nextstartkey",
];

/// Fields of an answer that count all records.
pub(super) const TOTALS: [&str; 17] = [
    "total",
    "totalcount",
    "totalitems",
    "totalresults",
    "totalrecords",
    "totalsize",
    "totalelements",
    "totalentries",
    "totalnumber",
    "totalnumberofitems",
    "totalrows",
    "totalhits",
    "totalsetsize",
    "recordcount",
    "itemcount",
    "rowcount",
    "numfound",
];

/// Whether a field of an answer, by its normal name, holds the token of the next page.
pub(super) fn is_token(name: &str) -> bool {
    TOKENS.contains(&name)
}

/// Whether a yes or no of this normal name says that more follows.
pub(super) fn is_more(name: &str) -> bool {
    matches!(
        name,
        "hasmore"
            | "hasnext"
            | "hasnextpage"
            | "more"
            | "hasmoreitems"
            | "morerecords"
            | "hasmorepages"
            | "moreavailable"
            | "hasmoredata"
            | "hasmorerecords"
            | "hasmoreresults"
            | "moreresult"
            | "moreresults"
            | "moreitemsincollection"
            | "mighthavemore"
            | "ismore"
            | "istruncated"
    )
}

/// Whether a parameter of this normal name carries a place in a list: by its whole name, or made of what such names
/// are made of (`after_subuser_id`, `employee_cursor`).
pub(super) fn is_cursor(name: &str) -> bool {
    let ends = |ends: &[&str]| ends.iter().any(|e| name.ends_with(e));
    CURSORS.contains(&name)
        || ends(&["cursor", "pagetoken", "continuationtoken", "nexttoken"])
        || (["startingafter", "after", "lastseen"].iter().any(|s| name.starts_with(s)) && ends(&["id", "key", "token"]))
}

/// Whether a query parameter of this name is there to page.
pub(super) fn is_page_param(name: &str) -> bool {
    let name = norm(name);
    let name = name.as_str();
    is_cursor(name)
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
