// Billing customers become CRM contacts: examples/billing-to-crm as a job of its own, on Node 18 or later alone.
//
// Four workers write side by side and share one gate for each system: whoever is told to wait, all wait. What is done is a
// journal, a line a record. MUT=name breaks it in one way, for the drills to find.

import {createHash, randomBytes} from 'node:crypto';
import {appendFileSync, closeSync, existsSync, fsyncSync, openSync, readFileSync, renameSync, writeSync} from 'node:fs';
import {join} from 'node:path';

const env = process.env;
const mut = env.MUT ?? '';
const broken = name => mut === name;
const scale = Number(env.TIME_SCALE ?? 1);
const attempts = 6;
// Of a server that asks for more it is not waited for: the next run comes later.
const patience = 120_000;
// Records given up one after the other: no record is to blame then, but the target.
const inARow = 2;
const most = 8 * 1024 * 1024;
const workers = 4;

const real = ms => new Promise(done => setTimeout(done, Math.max(0, ms) / scale));
const log = fields => console.error(JSON.stringify(fields));
const hex = bytes => randomBytes(bytes).toString('hex');
const digest = text => createHash('sha256').update(text).digest('hex');

class Halt extends Error {}
class GaveUp extends Error {}
class Away extends GaveUp {}
class Refused extends Error {
  constructor(status, body) {
    super(`refused with ${status}`);
    this.status = status;
    this.body = body;
  }
}

let ending = false;
process.on('SIGTERM', () => {
  if (!broken('sigterm-ignored')) ending = true;
});
const switchedOff = broken('switch-read-once') ? existsSync(env.DISABLE_FILE ?? '') : null;

function goOn() {
  if (ending) throw new Halt('asked to end');
  if (broken('disable-ignored')) return;
  if (switchedOff ?? (env.DISABLE_FILE && existsSync(env.DISABLE_FILE))) throw new Halt('switched off');
}

// How long the answer says to wait, in milliseconds; nothing where it does not say.
function told(answer) {
  const text = answer.headers.get('retry-after');
  if (text === null || broken('no-retry-after')) return undefined;
  if (/^\d+$/.test(text.trim())) return Number(text) * 1000;
  if (broken('seconds-only')) return Number.isNaN(Number(text)) ? 0 : Number(text);
  const until = Date.parse(text);
  const now = Date.parse(answer.headers.get('date') ?? '') || Date.now();
  return Number.isNaN(until) ? undefined : Math.max(0, until - now);
}

const jitter = attempt => (broken('no-backoff') ? 0 : Math.random() * Math.min(60_000, 500 * 2 ** attempt));

class Api {
  constructor(base, auth) {
    this.base = base.replace(/\/$/, '');
    this.auth = auth;
    this.free = 0;
  }

  async gate() {
    if ((this.free - Date.now()) * scale > patience && !broken('sleeps-for-hours')) throw new Away('left alone, as it asked');
    while (!broken('gate-per-request') && Date.now() < this.free) await real((this.free - Date.now()) * scale);
  }

  async once(method, path, body, headers) {
    const options = {method, headers, redirect: broken('follows-redirects') ? 'follow' : 'manual'};
    if (body !== undefined) options.body = body;
    const control = new AbortController();
    options.signal = control.signal;
    let timer;
    // Waited for beside the answer: a body that is being unpacked may not hear that it was given up.
    const late = new Promise((_, fail) => {
      const end = () => { control.abort(); fail(new Error('too late')); };
      if (!broken('no-timeout')) timer = setTimeout(end, 10_000 / scale);
    });
    try {
      return await Promise.race([this.whole(path, options), late]);
    } finally {
      clearTimeout(timer);
    }
  }

  async whole(path, options) {
    const answer = await fetch(path.startsWith('http') ? path : this.base + path, options);
    const pieces = [];
    let size = 0;
    for await (const piece of answer.body ?? []) {
      size += piece.length;
      if (size > most) throw new Error('the answer is too large');
      pieces.push(piece);
    }
    const text = broken('parts-characters')
      ? pieces.map(p => Buffer.from(p).toString()).join('')
      : Buffer.concat(pieces).toString();
    return {answer, text};
  }

  async call(method, path, {json, headers = {}, trace = hex(16)} = {}) {
    const body = json === undefined ? undefined : JSON.stringify(json);
    let renewed = false;
    let last;
    for (let attempt = 0; attempt < attempts; ) {
      await this.gate();
      goOn();
      const sent = {accept: 'application/json', ...(await this.auth()), ...headers};
      if (!broken('no-correlation')) sent['x-correlation-id'] = broken('id-per-attempt') ? hex(16) : trace;
      if (body !== undefined) sent['content-type'] = 'application/json';
      if (broken('random-key') && sent['idempotency-key']) sent['idempotency-key'] = hex(16);
      attempt += 1;
      let got;
      try {
        got = await this.once(method, path, body, sent);
      } catch (error) {
        if (broken('network-error-fatal')) throw new GaveUp(String(error));
        last = error.cause?.code ?? error.name;
        await real(jitter(attempt - 1));
        continue;
      }
      const {answer, text} = got;
      if (answer.status === 401 && (!renewed || broken('renews-for-ever')) && !broken('token-fatal')) {
        renewed = true;
        await this.auth(sent.authorization);
        continue;
      }
      if (answer.status === 429 || answer.status >= 500) {
        if (broken('retry-in-two-layers')) await this.once(method, path, body, sent).catch(() => {});
        last = answer.status;
        const wait = told(answer) ?? jitter(attempt - 1);
        if (answer.status === 429 || answer.headers.has('retry-after')) {
          if (!broken('no-retry-after')) this.free = Math.max(this.free, Date.now() + wait / scale);
        }
        if (wait > patience && !broken('sleeps-for-hours')) throw new Away(`${path.split('?')[0]}: asked to come back in ${wait} ms`);
        await real(wait);
        continue;
      }
      if (answer.status >= 400) {
        if (broken('errors-with-token')) log({failed: path, sent});
        throw new Refused(answer.status, text.slice(0, 200));
      }
      if (answer.status >= 300) throw new GaveUp(`${path} leads elsewhere`);
      try {
        const value = exact(text);
        if (method !== 'GET' && (value.ok === false || value.error) && !broken('error-is-written')) throw new Error('an error in a 200');
        return value;
      } catch (error) {
        if (broken('parse-error-is-empty')) return {};
        last = 'no JSON, or an error in it';
        await real(jitter(attempt - 1));
      }
    }
    throw new GaveUp(`${method} ${path.split('?')[0]}: ${attempts} attempts, last ${last}`);
  }
}

const fixed = token => async () => ({authorization: `Bearer ${token}`});

// The refresh token of today: what follows it is on the disk before the access token that came with it is used.
class Consent {
  constructor(directory, first) {
    this.path = join(directory, 'consent.json');
    this.of = createHash('sha256').update(first).digest('hex');
    const kept = existsSync(this.path) ? JSON.parse(readFileSync(this.path, 'utf8')) : {};
    this.token = kept.of === this.of ? kept.token : first;
  }

  follow(token) {
    if (token === undefined) return;
    this.token = token;
    const file = openSync(`${this.path}.new`, 'w', 0o600);
    writeSync(file, JSON.stringify({of: this.of, token}));
    fsyncSync(file);
    closeSync(file);
    renameSync(`${this.path}.new`, this.path);
  }
}

// Client credentials, or a refresh token that somebody's consent gave; one request for a token at a time, whoever asks.
function client(url, id, secret, consent) {
  let token;
  let asking;
  const fetchToken = async () => {
    const basic = Buffer.from(`${encodeURIComponent(id)}:${encodeURIComponent(secret)}`).toString('base64');
    const at = new Api(url, async () => ({authorization: `Basic ${basic}`}));
    const asks = consent
      ? {grant_type: 'refresh_token', refresh_token: consent.token}
      : {grant_type: 'client_credentials', scope: 'contacts.read contacts.write'};
    const body = new URLSearchParams(asks).toString();
    for (let attempt = 0; attempt < (broken('token-loop') ? 25 : attempts); attempt += 1) {
      try {
        const headers = {authorization: `Basic ${basic}`, 'content-type': 'application/x-www-form-urlencoded'};
        const {answer, text} = await at.once('POST', url, body, headers);
        if (answer.ok) {
          const given = JSON.parse(text);
          consent?.follow(given.refresh_token);
          return given.access_token;
        }
        if (answer.status >= 400 && answer.status < 500 && answer.status !== 429 && !broken('token-loop')) {
          throw new GaveUp(`no token: answered ${answer.status}`);
        }
        await real(told(answer) ?? jitter(attempt));
      } catch (error) {
        if (error instanceof GaveUp) throw error;
        await real(jitter(attempt));
      }
    }
    throw new GaveUp('no token');
  };
  return async bad => {
    if (broken('refresh-per-request')) token = undefined;
    if (bad && (bad === `Bearer ${token}` || broken('late-401'))) token = undefined;
    if (token === undefined) {
      if (broken('asks-side-by-side')) asking = undefined;
      asking ??= fetchToken().finally(() => { asking = undefined; });
      token = await asking;
    }
    return {authorization: `Bearer ${token}`};
  };
}

// What was done, a line each; a line that a crash cut off is none.
class Journal {
  constructor(directory) {
    this.path = join(directory, 'done.jsonl');
    this.done = new Map();
    this.since = undefined;
    if (!existsSync(this.path)) return;
    for (const line of readFileSync(this.path, 'utf8').split('\n')) {
      try {
        const entry = JSON.parse(line);
        if (entry.since) this.since = entry.since;
        else this.done.set(entry.id, entry);
      } catch { /* the last line of a run that was killed */ }
    }
  }

  write(entry) {
    if (broken('forgets')) return;
    if (entry.id) this.done.set(entry.id, entry);
    const file = openSync(this.path, 'a');
    writeSync(file, `\n${JSON.stringify(entry)}\n`);
    fsyncSync(file);
    closeSync(file);
  }
}

// Digits with a point put in: no floating point for money.
function major(minor, currency) {
  const places = {JPY: 0, KWD: 3}[currency] ?? 2;
  if (broken('float-money')) return (Number(minor) / 100).toFixed(1);
  if (places === 0) return String(minor);
  const negative = String(minor).startsWith('-');
  const digits = String(minor).replace('-', '').padStart(places + 1, '0');
  return `${negative ? '-' : ''}${digits.slice(0, -places)}.${digits.slice(-places)}`;
}

const stages = new Map(Object.entries({active: 'customer', trialing: 'lead', canceled: 'churned', past_due: 'at_risk'}));

// A text that is one: what is missing, null or of another kind is not made into one.
function textOf(customer, name) {
  const value = customer[name] ?? (broken('made-up') ? {name: 'Unknown', currency: 'USD'}[name] : customer[name]);
  if (broken('casts') && typeof value === 'object' && value !== null) return String(value);
  if (broken('trips') && value === null) return value.trim();
  if (typeof value !== 'string' || value.trim() === '') throw new Refused(0, `${name} is no text`);
  return value;
}

function contactOf(customer) {
  const stage = stages.get(textOf(customer, 'status'));
  if (!stage && !broken('enum-guessed')) throw new Refused(0, `no stage for ${customer.status}`);
  if (!/^-?\d+$/.test(customer.balance instanceof Digits ? customer.balance.text : '')) throw new Refused(0, 'balance is no whole number');
  const words = textOf(customer, 'name').trim().split(' ');
  const currency = textOf(customer, 'currency');
  return {
    external_id: customer.id,
    origin: 'billing',
    email: textOf(customer, 'email').trim().toLowerCase(),
    first_name: [...words[0]].slice(0, 100).join(''),
    last_name: [...words.at(-1)].slice(0, 100).join(''),
    stage: stage ?? 'lead',
    currency,
    balance: major(customer.balance.text, currency),
  };
}

// A conflict tells that somebody made it meanwhile, or is at it: it is looked up again.
async function deliver(crm, customer, contact, seen) {
  const trace = digest(customer.id + seen).slice(0, 32);
  for (let look = 0; ; look += 1) {
    const found = await crm.call('GET', `/v2/contacts/search?${new URLSearchParams({email: contact.email})}`, {trace});
    if (!Array.isArray(found.results) && !broken('parse-error-is-empty')) throw new GaveUp('a search without results');
    const [known] = found.results ?? [];
    if (known && !broken('always-creates')) {
      await crm.call('PATCH', `/v2/contacts/${encodeURIComponent(known.id)}`, {json: contact, trace});
      return;
    }
    const headers = {'idempotency-key': digest(`contacts/${customer.id}`).slice(0, 48)};
    try {
      await crm.call('POST', '/v2/contacts', {json: contact, headers, trace});
      return;
    } catch (error) {
      if (error.status !== 409 || look === 3 || broken('conflict-is-final')) throw error;
      await real(jitter(look));
    }
  }
}

// A number as it is written: JSON.parse makes a double of it, and of 9007199254740993 another number.
class Digits {
  constructor(text) {
    this.text = text;
  }

  toJSON() {
    return this.text;
  }
}

function exact(text) {
  return JSON.parse(text, (name, value, context) => {
    if (name !== 'balance' || typeof value !== 'number') return value;
    return new Digits(broken('doubles') ? String(value) : (context?.source ?? written(text, value)));
  });
}

// Node before 22 does not tell how a number was written: where a double may have lost digits it is found in the text.
function written(text, value) {
  if (Number.isSafeInteger(value)) return String(value);
  const all = [...text.matchAll(/"balance"\s*:\s*(-?\d+)(?![\d.eE])/g)].map(m => m[1]);
  const same = new Set(all.filter(digits => Number(digits) === value));
  return same.size === 1 ? [...same][0] : 'not to be read exactly';
}

async function main() {
  const billing = new Api(env.BILLING_BASE_URL, fixed(env.BILLING_TOKEN));
  const consent = env.CRM_REFRESH_TOKEN ? new Consent(env.STATE_DIR, env.CRM_REFRESH_TOKEN) : undefined;
  const crm = new Api(env.CRM_BASE_URL, client(env.CRM_TOKEN_URL, env.CRM_CLIENT_ID, env.CRM_CLIENT_SECRET, consent));
  const journal = new Journal(env.STATE_DIR);
  let buried = 0;
  let newest = journal.since;
  const cursors = new Set();
  // By id, so that a record that comes twice is written once, in its newest form.
  const queue = new Map();
  for (let cursor; ; ) {
    const query = new URLSearchParams({limit: '50'});
    if (journal.since) query.set('updated[gte]', journal.since);
    if (cursor) query.set('cursor', cursor);
    const page = await billing.call('GET', `/v1/customers?${query}`);
    if (!Array.isArray(page.data) || typeof page.has_more !== 'boolean') {
      if (!broken('parse-error-is-empty') && !broken('envelope-is-empty')) throw new GaveUp('a page without data');
      page.data ??= [];
    }
    for (const customer of page.data) {
      const seen = digest(JSON.stringify(customer));
      const known = journal.done.get(customer.id);
      const waiting = queue.get(customer.id);
      const older = [known?.at, waiting?.customer.updated_at].some(at => at > customer.updated_at);
      if (known?.seen === seen || (older && !broken('last-wins'))) continue;
      queue.set(broken('side-by-side') ? seen : customer.id, {customer, seen});
      if (newest === undefined || customer.updated_at > newest) newest = customer.updated_at;
    }
    if (broken('stops-at-empty-page') && page.data.length === 0) break;
    if (!page.has_more) break;
    cursor = page.next_cursor;
    if (cursors.has(cursor)) throw new GaveUp('the cursor repeats');
    cursors.add(cursor);
  }
  // Whose address is whose: of two customers with one address neither is written over the other.
  const owners = new Map();
  for (const {id, email} of journal.done.values()) if (email) owners.set(email, id);
  const failures = [];
  let failed = 0;
  let row = 0;
  const todo = [...queue.values()];
  const work = async () => {
    for (let next; failures.length === 0 && (next = todo.shift()); ) {
      const {customer, seen} = next;
      const settled = {id: customer.id, seen, at: customer.updated_at};
      try {
        const contact = contactOf(customer);
        const owner = owners.get(contact.email) ?? customer.id;
        if (owner !== customer.id && !broken('merges-twins')) throw new Refused(0, `customer ${owner} has the same email`);
        owners.set(contact.email, customer.id);
        settled.email = contact.email;
        await deliver(crm, customer, contact, seen);
        row = 0;
      } catch (error) {
        if (!(error instanceof Refused)) {
          if (broken('drops-failed') && error instanceof GaveUp) {
            journal.write(settled);
            continue;
          }
          // It is tried again by the next run, and holds nobody up in this one; unless the target is away.
          failed += 1;
          row += 1;
          log({key: customer.id, failed: error.message});
          if (!(error instanceof GaveUp) || error instanceof Away || row > inARow) {
            failures.push(error);
            return;
          }
          continue;
        }
        buried += 1;
        if (!broken('drops-refused')) {
          const letter = {key: customer.id, reason: error.message, record: customer};
          appendFileSync(env.DEAD_LETTER_FILE, `${JSON.stringify(letter)}\n`);
        }
      }
      journal.write(settled);
    }
  };
  await Promise.all(Array.from({length: workers}, work));
  if (failures.length) throw failures[0];
  if (failed) throw new GaveUp(`${failed} to be tried again`);
  if (newest) journal.write({since: newest});
  return broken('drops-refused') || buried === 0 ? 0 : 2;
}

// What broken() is asked for in this file is what there is: another name would break nothing, and nobody would see.
const known = new Set([...readFileSync(new URL(import.meta.url), 'utf8').matchAll(/broken\('([a-z0-9-]+)'\)/g)].map(m => m[1]));
if (process.argv[2] === '--mutants') {
  console.log([...known].sort().join('\n'));
  process.exit(0);
}
if (mut && !known.has(mut)) {
  console.error(`MUT=${mut} breaks nothing here; there are ${[...known].sort().join(', ')}`);
  process.exit(1);
}

main().then(
  code => process.exit(code),
  error => {
    log({failed: error.message});
    process.exit(broken('always-success') ? 0 : error instanceof Halt ? 3 : 1);
  },
);
