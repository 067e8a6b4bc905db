"""Reads a list page by page. A short or empty page is no end while cursor, flag or total say that more follows; what is not a
whole, readable page is an error and never taken for an empty one."""

from __future__ import annotations

import re
from typing import Any, AsyncIterator, Dict, List, Optional, Set, Tuple
from urllib.parse import urljoin

import simplejson

from .http import Answer, Client, Trace, _same_origin, without
from .model import Call, Paging, Path, at
from .outcome import Again, Stop

# Empty pages in a row that are read on although a total says that more follows.
EMPTY_PAGES = 3


def scalar(value: Any) -> Optional[str]:
    """The text of a scalar as it stands in a URL or as a key."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if value is None or isinstance(value, (dict, list)):
        return None
    return str(value)


def next_link(values: List[str]) -> Optional[str]:
    """The target of rel="next" in Link headers (RFC 8288 section 3)."""
    for value in values:
        for target, parameters in re.findall(r'<([^>]*)>((?:[^,"]|"[^"]*")*)', value):
            for parameter in parameters.split(";"):
                name, _, given = parameter.partition("=")
                if name.strip().lower() == "rel" and "next" in given.strip().strip('"').lower().split():
                    return target.strip()
    return None


async def pages(client: Client, call: Call, items: Path, paging: Optional[Paging], query: List[Tuple[str, str]],
                inside: Path = (), trace: Optional[Trace] = None) -> AsyncIterator[List[Any]]:
    """The pages of a list, each a list of records."""
    trace = trace or Trace()
    been: Set[str] = set()
    records, empty = 0, 0
    position: Optional[str] = None
    number: Optional[int] = None
    last_page: Optional[str] = None
    link: Optional[str] = None
    limit = None
    if paging and paging.limit_param:
        limit = client.settings.page_size or paging.limit

    def repeating(what: str) -> Stop:
        return Stop("repeating-cursor", what)

    while True:
        if link is not None:
            url = link
        else:
            asked = list(query)
            if paging and paging.limit_param and limit:
                asked.append((paging.limit_param, str(limit)))
            at_page = position if position is not None else None if number is None else str(number)
            if paging and paging.param and at_page is not None:
                asked.append((paging.param, at_page))
            url = client.url(call, query=asked)

        def read(answer: Answer) -> Tuple[List[Any], Any, Answer]:
            if answer.empty and answer.status == 204:
                return [], None, answer
            body = answer.json()
            found = at(body, items)
            client.told(body, answer, records=isinstance(found, list) and bool(found))
            if found is None and items and isinstance(at(body, items[:-1]), dict) and items[-1] in at(body, items[:-1]):
                return [], body, answer  # some languages write an empty list as null
            if not isinstance(found, list):
                raise Again("unexpected-answer", f"the answer holds no list of records at {'.'.join(items) or 'the top'}")
            return ([at(one, inside) for one in found] if inside else found), body, answer

        here = url
        page, body, answer = await client.repeat(lambda: client.attempt(call, here, trace), read, trace)
        yield page
        if paging is None:
            return
        records += len(page)
        empty = 0 if page else empty + 1
        more = at(body, paging.more) if paging.more else None
        more = more if isinstance(more, bool) else None
        total = at(body, paging.total) if paging.total else None
        total_more = records < total if isinstance(total, int) and not isinstance(total, bool) else None
        if more is False:
            return
        if paging.style == "cursor":
            if paging.last_item is not None:
                cursor = scalar(at(page[-1], (paging.last_item,))) if page else None
                if cursor and more is None and total_more is False:
                    return
            else:
                cursor = scalar(at(body, paging.next)) if paging.next else None
            if not cursor:
                if more:
                    raise Stop("cursor-missing", "the source says that more follows, but gives no cursor to it")
                return
            if cursor in been:
                raise repeating("the source hands out a cursor that it gave before")
            been.add(cursor)
            position = cursor
        elif paging.style in ("page", "offset"):
            ends = simplejson.dumps([page[0], page[-1]], sort_keys=True, use_decimal=True) if page else None
            if ends is not None and ends == last_page:
                raise repeating("the same page comes again whatever page is asked for")
            last_page = ends or last_page
            says_more = more if more is not None else total_more
            # Where nobody says whether more follows only an empty page is the end, a short one is not.
            if (not says_more or empty > EMPTY_PAGES) if says_more is not None else not page:
                return
            if paging.style == "page":
                number = (paging.first_page if number is None else number) + 1
            else:
                number = (number or 0) + (len(page) or limit or 1)
        else:
            if paging.style == "link_header":
                target = next_link(answer.headers.get_list("link"))
            else:
                target = at(body, paging.next) if paging.next else None
                target = target if isinstance(target, str) and target else None
            if target is None:
                if more:
                    raise Stop("cursor-missing", "the source says that more follows, but gives no link to it")
                return
            link = urljoin(here, target)
            if not _same_origin(client.base_url, link):
                raise Stop("foreign-link", "the next page lies at another origin; the credential is not sent there")
            if client.system.auth.kind == "query_key":
                link = without(link, client.system.auth.name)
            if link == here or link in been:
                raise repeating("the source hands out a link that it gave before")
            been.add(link)
