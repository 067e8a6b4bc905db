//! A program's tree: what in it is refused, what it reads, and where its steps are paid for.

use jaq_core::load::lex::StrPart;
use jaq_core::load::parse::{BinaryOp, Def, Pattern, Term};
use jaq_core::ops::Math;
use jaq_core::path::{Opt, Part, Path as JqPath};

use super::library::{SHALLOW, SQUARE, TICK, TIMES, refused};
use crate::base::text::quoted;
use crate::mapping::path::{Path, Segment};

type Tree<'s> = Term<&'s str>;

/// Deepest tree: running it recurses.
const DEEPEST: usize = 64;

/// What is refused, and where.
pub(super) struct No<'s> {
    pub(super) at: Option<&'s str>,
    pub(super) because: String,
    pub(super) fix: String,
}

/// Refuses what reaches outside the record, what repeats without a bound, and trees that are too deep to run.
pub(super) fn refuse<'s>(term: &Tree<'s>) -> Result<(), No<'s>> {
    check(term, &mut Vec::new(), 0)
}

fn check<'s>(term: &Tree<'s>, open: &mut Vec<(&'s str, usize)>, depth: usize) -> Result<(), No<'s>> {
    if depth > DEEPEST {
        let because = format!("is more than {DEEPEST} steps deep");
        return Err(No { at: None, because, fix: "take it apart into several rules".to_owned() });
    }
    match term {
        Term::Call(name, arguments) => {
            if let Some(fix) = refused(name, arguments.len()) {
                let because = format!("calls {}, which a mapping does not run", quoted(name, 40));
                return Err(No { at: Some(name), because, fix: fix.to_owned() });
            }
            if open.contains(&(*name, arguments.len())) {
                let because = format!("defines {} by itself, and may never end", quoted(name, 40));
                return Err(No { at: Some(name), because, fix: "use map, reduce or limit, which end".to_owned() });
            }
        }
        Term::Var(name) if refused(name, 0).is_some() => {
            let fix = refused(name, 0).unwrap_or_default().to_owned();
            let because = format!("reads {}, which a mapping does not have", quoted(name, 40));
            return Err(No { at: Some(name), because, fix });
        }
        Term::Def(defs, rest) => {
            for def in defs {
                open.push((def.name, def.args.len()));
                check(&def.body, open, depth + 1)?;
                open.pop();
            }
            return check(rest, open, depth + 1);
        }
        _ => {}
    }
    let mut outcome = Ok(());
    children(term, &mut |child| {
        if outcome.is_ok() {
            outcome = check(child, open, depth + 1);
        }
    });
    outcome
}

/// Every term directly inside another.
fn children<'t, 's>(term: &'t Tree<'s>, see: &mut dyn FnMut(&'t Tree<'s>)) {
    match term {
        Term::Id | Term::Recurse | Term::Num(_) | Term::Break(_) | Term::Var(_) => {}
        Term::Str(_, parts) => {
            for part in parts {
                if let StrPart::Term(t) = part {
                    see(t);
                }
            }
        }
        Term::Arr(inner) => inner.iter().for_each(|t| see(t)),
        Term::Obj(entries) => {
            for (key, value) in entries {
                see(key);
                value.iter().for_each(&mut *see);
            }
        }
        Term::Neg(t) | Term::Label(_, t) => see(t),
        Term::BinOp(left, op, right) => {
            see(left);
            if let BinaryOp::Pipe(Some(pattern)) = op {
                pattern_terms(pattern, see);
            }
            see(right);
        }
        Term::Fold(_, over, pattern, arguments) => {
            see(over);
            pattern_terms(pattern, see);
            arguments.iter().for_each(see);
        }
        Term::TryCatch(body, handler) => {
            see(body);
            handler.iter().for_each(|t| see(t));
        }
        Term::IfThenElse(cases, otherwise) => {
            for (condition, then) in cases {
                see(condition);
                see(then);
            }
            otherwise.iter().for_each(|t| see(t));
        }
        Term::Def(defs, rest) => {
            defs.iter().for_each(|d| see(&d.body));
            see(rest);
        }
        Term::Call(_, arguments) => arguments.iter().for_each(see),
        Term::Path(head, path) => {
            see(head);
            for (part, _) in &path.0 {
                match part {
                    Part::Index(i) => see(i),
                    Part::Range(from, to) => from.iter().chain(to).for_each(&mut *see),
                }
            }
        }
    }
}

fn pattern_terms<'t, 's>(pattern: &'t Pattern<&'s str>, see: &mut dyn FnMut(&'t Tree<'s>)) {
    match pattern {
        Pattern::Var(_) => {}
        Pattern::Arr(inner) => inner.iter().for_each(|p| pattern_terms(p, see)),
        Pattern::Obj(entries) => {
            for (key, inner) in entries {
                see(key);
                pattern_terms(inner, see);
            }
        }
    }
}

/// Puts a payment behind each step that can give many values or large ones, and a look before some.
pub(super) fn meter(term: Tree<'_>) -> Tree<'_> {
    match term {
        Term::Id | Term::Num(_) | Term::Break(_) | Term::Var(_) => term,
        Term::Recurse => paid(term),
        Term::Str(format, parts) => {
            let part = |p| if let StrPart::Term(t) = p { StrPart::Term(meter(t)) } else { p };
            paid(Term::Str(format, parts.into_iter().map(part).collect()))
        }
        Term::Arr(inner) => paid(Term::Arr(inner.map(|t| Box::new(meter(*t))))),
        Term::Obj(entries) => paid(Term::Obj(entries.into_iter().map(|(k, v)| (meter(k), v.map(meter))).collect())),
        Term::Neg(t) => Term::Neg(Box::new(meter(*t))),
        Term::Label(name, t) => Term::Label(name, Box::new(meter(*t))),
        Term::BinOp(left, op, right) => binary(*left, op, *right),
        Term::Fold(name, over, pattern, arguments) => {
            let arguments = arguments.into_iter().map(meter).collect();
            paid(Term::Fold(name, Box::new(meter(*over)), in_pattern(pattern), arguments))
        }
        Term::TryCatch(body, handler) => Term::TryCatch(Box::new(meter(*body)), handler.map(|t| Box::new(meter(*t)))),
        Term::IfThenElse(cases, otherwise) => Term::IfThenElse(
            cases.into_iter().map(|(c, t)| (meter(c), meter(t))).collect(),
            otherwise.map(|t| Box::new(meter(*t))),
        ),
        Term::Def(defs, rest) => {
            let def = |d: Def<_, _>| Def { body: meter(d.body), ..d };
            Term::Def(defs.into_iter().map(def).collect(), Box::new(meter(*rest)))
        }
        Term::Call(name, arguments) => {
            let call = Term::Call(name, arguments.into_iter().map(meter).collect());
            let before = match name {
                "fromjson" | "tonumber" | "toboolean" => Some(SHALLOW),
                "contains" | "inside" | "indices" | "index" | "rindex" | "unique_by" | "group_by" | "combinations" => {
                    Some(SQUARE)
                }
                _ => None,
            };
            paid(match before {
                Some(look) => pipe(Term::Call(look, Vec::new()), call),
                None => call,
            })
        }
        Term::Path(head, path) => {
            let many = path.0.iter().any(|(part, _)| matches!(part, Part::Range(..)));
            let path = JqPath(path.0.into_iter().map(in_part).collect());
            let term = Term::Path(Box::new(meter(*head)), path);
            if many { paid(term) } else { term }
        }
    }
}

fn in_part<'s>((part, opt): (Part<Tree<'s>>, Opt)) -> (Part<Tree<'s>>, Opt) {
    let part = match part {
        Part::Index(i) => Part::Index(meter(i)),
        Part::Range(from, to) => Part::Range(from.map(meter), to.map(meter)),
    };
    (part, opt)
}

fn in_pattern(pattern: Pattern<&str>) -> Pattern<&str> {
    match pattern {
        Pattern::Var(_) => pattern,
        Pattern::Arr(inner) => Pattern::Arr(inner.into_iter().map(in_pattern).collect()),
        Pattern::Obj(entries) => Pattern::Obj(entries.into_iter().map(|(k, p)| (meter(k), in_pattern(p))).collect()),
    }
}

fn binary<'s>(left: Tree<'s>, op: BinaryOp<&'s str>, right: Tree<'s>) -> Tree<'s> {
    let (left, right) = (meter(left), meter(right));
    match op {
        BinaryOp::Math(Math::Mul) => paid(Term::Call(TIMES, vec![left, right])),
        BinaryOp::UpdateMath(Math::Mul) => {
            const FACTOR: &str = "$!factor";
            let product = Term::Call(TIMES, vec![Term::Id, Term::Var(FACTOR)]);
            let update = Term::BinOp(Box::new(left), BinaryOp::Update, Box::new(product));
            paid(Term::BinOp(Box::new(right), BinaryOp::Pipe(Some(Pattern::Var(FACTOR))), Box::new(update)))
        }
        BinaryOp::Pipe(pattern) => {
            let pattern = pattern.map(in_pattern);
            Term::BinOp(Box::new(left), BinaryOp::Pipe(pattern), Box::new(right))
        }
        BinaryOp::Or | BinaryOp::And | BinaryOp::Cmp(_) | BinaryOp::Alt => {
            Term::BinOp(Box::new(left), op, Box::new(right))
        }
        op => paid(Term::BinOp(Box::new(left), op, Box::new(right))),
    }
}

fn pipe<'s>(left: Tree<'s>, right: Tree<'s>) -> Tree<'s> {
    Term::BinOp(Box::new(left), BinaryOp::Pipe(None), Box::new(right))
}

fn paid(term: Tree<'_>) -> Tree<'_> {
    pipe(term, Term::Call(TICK, Vec::new()))
}

/// The paths that the program names at the root of the record, and whether it takes the record as a whole.
pub(super) fn reads(term: &Tree<'_>) -> (Vec<Path>, bool) {
    let mut found = Found { paths: Vec::new(), whole: false };
    found.at_root(term);
    found.paths.sort();
    found.paths.dedup();
    (found.paths, found.whole)
}

struct Found {
    paths: Vec<Path>,
    whole: bool,
}

impl Found {
    /// `term` is given the record itself.
    fn at_root(&mut self, term: &Tree<'_>) {
        match term {
            Term::Id | Term::Recurse => self.whole = true,
            Term::Path(head, path) => {
                self.inside(path);
                if let Term::Id = **head {
                    match named(path) {
                        Some(path) => self.paths.push(path),
                        None => self.whole = true,
                    }
                } else {
                    self.at_root(head);
                }
            }
            Term::BinOp(left, BinaryOp::Pipe(None), right) => {
                if let Term::Id = **left {
                    self.at_root(right);
                } else {
                    self.at_root(left);
                }
            }
            // What is called with the record as its input may read any of it.
            Term::Call(name, arguments) => {
                self.whole |= !matches!(
                    *name,
                    "empty"
                        | "select"
                        | "first"
                        | "last"
                        | "limit"
                        | "error"
                        | "true"
                        | "false"
                        | "null"
                        | "any"
                        | "all"
                );
                arguments.iter().for_each(|t| self.at_root(t));
            }
            Term::Def(_, rest) => self.at_root(rest),
            _ => children(term, &mut |child| self.at_root(child)),
        }
    }

    fn inside(&mut self, path: &JqPath<Tree<'_>>) {
        for (part, _) in &path.0 {
            match part {
                Part::Index(Term::Str(..) | Term::Num(_)) => {}
                Part::Index(i) => self.at_root(i),
                Part::Range(from, to) => from.iter().chain(to).for_each(|t| self.at_root(t)),
            }
        }
    }
}

/// The names at the front of a path, up to the first part that is no name.
fn named(path: &JqPath<Tree<'_>>) -> Option<Path> {
    let name = |part: &Part<Tree<'_>>| match part {
        Part::Index(Term::Str(None, parts)) => match parts.as_slice() {
            [StrPart::Str(s)] => Some(Segment::Key((*s).to_owned())),
            _ => None,
        },
        _ => None,
    };
    Path::of(path.0.iter().map_while(|(part, _)| name(part)).collect())
}
