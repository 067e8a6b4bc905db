// Payline payments become Ledgerly entries: examples/payments-to-ledger as a job of its own, on Node 18 or later alone.
//
// Three workers book side by side, each payment under a key of its own. Numbers keep every digit they came with. What is
// booked is a journal, a line a payment. MUT=name breaks it in one way, for the drills to find.

import {createHash, randomUUID} from 'node:crypto';
import {closeSync, existsSync, fsyncSync, openSync, readFileSync, writeSync} from 'node:fs';
import {join} from 'node:path';

const env = process.env;
const mut = env.MUT ?? '';
const broken = name => mut === name;
const scale = Number(env.TIME_SCALE || 1);
const size = Number(env.PAGE_SIZE || 100);
const journal = join(env.STATE_DIR ?? '.', 'booked.jsonl');
const letters = env.DEAD_LETTER_FILE ?? join(env.STATE_DIR ?? '.', 'dead.jsonl');
const attempts = 6;
const overlap = 900;
const patience = 60_000;
const most = 32 * 1024 * 1024;

class Stop extends Error {}
class Later extends Error {}
class Unfit extends Error {}
class Halt extends Error {}

let ending = false;
process.on('SIGTERM', () => {
  if (!broken('sigterm-ignored')) ending = true;
});

const say = fields => console.error(JSON.stringify(fields));

function goOn() {
  const off = env.DISABLE_FILE && existsSync(env.DISABLE_FILE) && !broken('disable-ignored');
  if (ending || off) throw new Stop('asked to stop');
}

async function sleep(ms) {
  const end = Date.now() + ms / scale;
  for (;;) {
    goOn();
    const left = end - Date.now();
    if (left <= 0) return;
    await new Promise(done => setTimeout(done, Math.min(left, 80)));
  }
}

function append(file, line) {
  const open = openSync(file, 'a');
  writeSync(open, JSON.stringify(line) + '\n');
  fsyncSync(open);
  closeSync(open);
}

// Every number as the text it came in: a double would lose digits beyond 2^53.
function parse(text) {
  if (broken('doubles')) return JSON.parse(text, (_, v) => (typeof v === 'number' ? {digits: String(v)} : v));
  const marked = text.replace(/("(?:[^"\\]|\\.)*")|(-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)/g, (all, quoted, digits) =>
    quoted === undefined ? `{"digits":"${digits}"}` : all);
  return JSON.parse(marked);
}

async function once(url, options) {
  const control = new AbortController();
  let head, whole;
  // Waited for beside the answer: a body that is being unpacked may not hear that it was given up.
  const late = new Promise((_, fail) => {
    const end = () => { control.abort(); fail(new Error('too late')); };
    head = setTimeout(end, 4000 / scale);
    whole = setTimeout(end, 8000 / scale);
  });
  const read = async () => {
    const redirect = broken('follows-redirects') ? 'follow' : 'manual';
    const answer = await fetch(url, {...options, redirect, signal: control.signal});
    clearTimeout(head);
    const parts = [];
    let length = 0;
    for await (const part of answer.body ?? []) {
      length += part.length;
      if (length > most) throw new Halt('an answer is too large');
      parts.push(part);
    }
    return {status: answer.status, headers: answer.headers, text: Buffer.concat(parts).toString('utf8')};
  };
  try {
    return await Promise.race([read(), late]);
  } finally {
    clearTimeout(head);
    clearTimeout(whole);
  }
}

function told(headers) {
  const text = headers.get('retry-after')?.trim();
  if (text === undefined) return null;
  if (/^\d+$/.test(text)) return Number(text) * 1000;
  if (!/^[A-Z][a-z]{2}, /.test(text) || Number.isNaN(Date.parse(text))) return null;
  const now = Date.parse(headers.get('date') ?? '') || Date.now();
  return Math.max(0, Date.parse(text) - now);
}

// What an answer is good for: {json}, {status} where it is final, {why} where another attempt may help.
function judged(what, {status, headers, text}) {
  if (status === 429 || status >= 500) return {why: `HTTP ${status}`, wait: told(headers)};
  if (status === 409 && what === 'book') {
    if (broken('in-progress-is-done')) return {json: {}};
    if (broken('in-progress-is-final')) return {status};
    return {why: 'still in progress', wait: told(headers)};
  }
  if (status >= 300 && status < 400) throw new Halt(`${what}: redirected, and not followed`);
  if (status >= 400) return {status};
  if (!/json/.test(headers.get('content-type') ?? '')) return {why: 'no JSON'};
  try {
    const json = parse(text);
    const failed = json && !Array.isArray(json) && (json.error || json.errors || json.ok === false);
    if (failed && what === 'book' && broken('error-is-written')) return {json: {}};
    return failed ? {why: 'an error in a 200'} : {json};
  } catch {
    return {why: 'broken JSON'};
  }
}

const gates = new Map();

async function send(host, what, url, options) {
  const id = randomUUID();
  let garbled = false;
  for (let attempt = 1; ; attempt++) {
    while ((gates.get(host) ?? 0) > Date.now()) {
      goOn();
      await new Promise(done => setTimeout(done, 20));
    }
    goOn();
    const headers = {accept: 'application/json', 'x-correlation-id': id, ...options.headers};
    if (broken('key-per-attempt') && headers['Idempotency-Key']) headers['Idempotency-Key'] = randomUUID();
    if (broken('key-after-garbage') && garbled && headers['Idempotency-Key']) headers['Idempotency-Key'] = randomUUID();
    let came;
    try {
      came = judged(what, await once(url, {...options, headers}));
    } catch (error) {
      if (error instanceof Stop || error instanceof Halt) throw error;
      came = {why: error.cause?.code ?? error.name};
      garbled = String(came.why).startsWith('HPE_');
    }
    if (!came.why) return came;
    if (came.wait > patience) throw new Halt(`${host} wants ${came.wait / 1000} s of peace: the next run goes on`);
    if (came.wait != null) gates.set(host, Math.max(gates.get(host) ?? 0, Date.now() + came.wait / scale));
    if (attempt >= attempts) throw new Later(`${what}: ${came.why}, ${attempt} attempts`);
    say({again: what, attempt, why: came.why, wait: came.wait});
    await sleep(came.wait ?? (0.5 + Math.random() / 2) * Math.min(8000, 500 * 2 ** (attempt - 1)));
  }
}

const PLACES = {chf: 2, eur: 2, gbp: 2, jpy: 0, kwd: 3, usd: 2};
const KINDS = {charge: 'sale', refund: 'refund', dispute: 'chargeback', payout: 'payout'};

function major(digits, places) {
  if (broken('float-money')) return (Number(digits) / 10 ** places).toFixed(places);
  const sign = digits.startsWith('-') && !broken('sign-dropped') ? '-' : '';
  const all = digits.replace('-', '').padStart(places + 1, '0');
  return sign + (places ? `${all.slice(0, -places)}.${all.slice(-places)}` : all);
}

function cut(text, most) {
  if (broken('cuts-bytes')) return new TextDecoder().decode(Buffer.from(text).subarray(0, most));
  if (broken('cuts-units')) return text.slice(0, most);
  return [...text].slice(0, most).join('');
}

function text(payment, name) {
  const value = payment[name];
  if (typeof value === 'string') return value;
  throw new Unfit(`/${name} is ${value == null ? 'missing' : 'no text'}`);
}

function whole(payment, name) {
  const digits = payment[name]?.digits;
  if (/^-?\d+$/.test(digits ?? '')) return digits;
  if (broken('nulls-are-zero') && payment[name] == null) return '0';
  throw new Unfit(`/${name} is no whole number`);
}

function entry(payment) {
  const [id, kind, currency] = [text(payment, 'id'), text(payment, 'kind'), text(payment, 'currency')];
  if (!(currency in PLACES)) throw new Unfit('/currency is unknown');
  if (!(kind in KINDS) && !broken('kind-guessed')) throw new Unfit('/kind is unknown');
  const said = payment.description;
  if (said != null && typeof said !== 'string') throw new Unfit('/description is no text');
  let memo = said == null ? '(no description)' : cut(broken('untrimmed') ? said : said.trim(), 140);
  if (broken('memo-lost') && said == null) memo = undefined;
  if (broken('ascii-only')) memo = memo.replace(/[^\x00-\x7f]/g, '?');
  const zone = broken('local-time') ? 3600 : 0;
  return {
    account: 'assets:payline',
    amount: major(whole(payment, 'amount'), broken('always-cents') ? 2 : PLACES[currency]),
    currency: currency.toUpperCase(),
    kind: KINDS[kind] ?? 'sale',
    booked_at: new Date((Number(whole(payment, 'created')) + zone) * 1000).toISOString(),
    external_id: id,
    reference: `${kind}/${id}`,
    memo,
  };
}

const done = new Set();
const dead = new Set();
let since = null;
for (const line of existsSync(journal) ? readFileSync(journal, 'utf8').split('\n') : []) {
  try {
    const noted = JSON.parse(line);
    if (noted.booked) done.add(noted.booked);
    if (noted.dead) dead.add(noted.dead);
    since = noted.since ?? since;
  } catch {
    // the line that was being written when it was killed
  }
}

const kept = [];
function bury(payment, reason) {
  const key = typeof payment.id === 'string' ? payment.id : JSON.stringify(payment.id);
  const mark = `${key}:${createHash('sha1').update(JSON.stringify(payment)).digest('hex')}`;
  if (dead.has(mark)) return;
  dead.add(mark);
  if (broken('letters-at-the-end')) kept.push({key, reason});
  else append(letters, {key, reason});
  append(journal, {dead: mark});
}

async function book(payment) {
  const key = payment.id;
  if (done.has(key)) return;
  let body;
  try {
    body = JSON.stringify(entry(payment));
  } catch (error) {
    if (!(error instanceof Unfit)) throw error;
    return bury(payment, error.message);
  }
  if (broken('noted-first')) append(journal, {booked: key});
  const salt = broken('key-per-run') ? String(process.pid) : '';
  const headers = {
    'content-type': 'application/json',
    'X-Ledgerly-Key': env.LEDGERLY_KEY,
    'Idempotency-Key': `entries-${createHash('sha256').update(salt + key).digest('hex').slice(0, 40)}`,
  };
  const ask = {method: 'POST', headers, body};
  let {status} = await send('ledgerly', 'book', `${env.LEDGERLY_BASE_URL}/entries`, ask);
  if (status === 422 && broken('new-key-on-conflict')) {
    headers['Idempotency-Key'] = randomUUID();
    ({status} = await send('ledgerly', 'book', `${env.LEDGERLY_BASE_URL}/entries`, ask));
  }
  if (status === 401 && broken('unauthorized-is-done')) status = undefined;
  if (status === 401 || status === 403) throw new Halt(`ledgerly says ${status}: the key has no right to write`);
  if (status && !broken('refused-is-done')) return bury(payment, `the ledger says ${status}`);
  if (!broken('noted-first')) append(journal, {booked: key});
  done.add(key);
}

async function page(after) {
  const query = new URLSearchParams({limit: String(size)});
  if (since !== null) query.set('created[gte]', String(broken('exclusive-boundary') ? since + 1 : since - overlap));
  if (after) query.set('starting_after', after);
  const headers = {authorization: `Bearer ${env.PAYLINE_KEY}`, 'Payline-Version': '2026-09-01'};
  const {status, json} = await send('payline', 'list', `${env.PAYLINE_BASE_URL}/v1/payments?${query}`, {headers});
  if ([400, 404, 410].includes(status) && after) return null;
  if (status) throw new Halt(`payline says ${status}`);
  if (!Array.isArray(json?.data) || typeof json.has_more !== 'boolean') throw new Halt('payline sends no page');
  return json;
}

async function main() {
  let [after, top, owed, again] = [null, since ?? 0, 0, false];
  const seen = new Set();
  for (;;) {
    const one = await page(after);
    if (one === null) {
      if (again) throw new Halt('payline takes no page twice');
      [after, again] = [null, true];
      seen.clear();
      continue;
    }
    const work = one.data.filter(payment => payment && typeof payment === 'object');
    const worker = async () => {
      for (let payment; (payment = work.shift()); ) {
        goOn();
        try {
          await book(payment);
        } catch (error) {
          if (!(error instanceof Later)) throw error;
          owed++;
          say({later: payment.id, why: error.message});
        }
        top = Math.max(top, Number(payment.created?.digits) || 0);
      }
    };
    const ended = await Promise.allSettled([worker(), worker(), worker()]);
    const failed = ended.find(one => one.status === 'rejected');
    if (failed) throw failed.reason;
    if (!one.has_more || broken('first-page')) break;
    const next = one.data.at(-1)?.id;
    if (typeof next !== 'string') throw new Halt('payline says that more follows, and not after what');
    if (seen.has(next)) throw new Halt('payline sends the same page again: not all was read');
    seen.add(next);
    after = next;
  }
  if ((!owed || broken('checkpoint-despite')) && top) append(journal, {since: broken('since-now') ? Math.floor(Date.now() / 1000) : top});
  return owed ? 1 : 0;
}

const names = [...readFileSync(new URL(import.meta.url), 'utf8').matchAll(/broken\('([a-z0-9-]+)'\)/g)].map(m => m[1]);
if (process.argv[2] === '--mutants') {
  console.log([...new Set(names)].sort().join('\n'));
  process.exit(0);
}
if (mut && !names.includes(mut)) {
  console.error(`MUT=${mut} breaks nothing here; there are ${[...new Set(names)].sort().join(', ')}`);
  process.exit(2);
}
let code;
try {
  code = await main();
} catch (error) {
  say({ended: error.message});
  code = error instanceof Stop ? 3 : 2;
}
for (const letter of kept) append(letters, letter);
process.exit(code);
